#![doc = include_str!("../docs/redaction.md")]

mod ascii;
mod base64;
mod bearer;
mod candidates;
mod class;
mod commands;
#[cfg(feature = "audit")]
mod described;
mod digits;
mod email;
mod engine;
mod finding;
mod forged;
mod hash_key;
mod iban;
mod json;
mod json_path;
mod json_string;
mod lookahead;
mod messages;
mod named;
mod on_request;
mod pattern;
mod pem;
mod policy;
mod redactor;
mod report;
mod rule;
mod segments;
pub(crate) mod sentinel;
mod stream;
mod token;
mod url;
mod usernames;
mod value;
mod vendors;
mod view;
mod vocabulary;

pub use class::{Class, ClassError};
pub use hash_key::{HashKey, HashKeyError};
pub use json_path::{JsonPath, JsonPathError};
pub use policy::{ContentPolicies, ContentPolicy, Field};
pub use redactor::{Redactor, RedactorBuilder};
pub use report::{Explained, Redacted, Report};
pub use rule::RuleError;
pub use stream::StreamRedactor;
