//! Published key formats: a distinctive prefix, then a run of known bytes and length.
//!
//! One table per class, in the words of the vendors' own documentation. Formats without a
//! distinctive prefix are found by the name beside them (see `named`).

mod cloud;
mod code;
mod format;
mod llm;
mod service;

use super::Class;
pub(crate) use format::{Vendor, is_random};

/// All tables with their classes.
pub(crate) const TABLES: &[(Class, &[Vendor])] = &[
    (Class::LlmKey, llm::KEYS),
    (Class::CodeToken, code::TOKENS),
    (Class::CloudKey, cloud::KEYS),
    (Class::ServiceKey, service::KEYS),
    (Class::PrivateKey, cloud::PRIVATE_KEYS),
    (Class::Jwt, cloud::WRAPPED_TOKENS),
    (Class::PasswordHash, cloud::PASSWORD_HASHES),
];
