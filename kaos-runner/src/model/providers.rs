#![doc = include_str!("../../docs/models.md")]

mod anthropic;
mod as_sent;
mod by_name;
mod check;
mod endpoint;
mod env;
mod error;
mod history;
mod http;
mod json;
mod lines;
mod names;
mod openai;
mod retry;
mod schema;
mod setup;
mod sse;
mod timeouts;

pub use anthropic::{AnthropicBuilder, AnthropicModel};
pub use by_name::{model_by_name, model_by_name_with};
pub use env::{model_from_env, model_from_vars};
pub use openai::{OpenAiBuilder, OpenAiModel};
pub use retry::Retries;
pub use setup::SetupError;
pub use timeouts::Timeouts;
