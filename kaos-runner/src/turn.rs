//! One turn of an agent: what is asked, the loop, and what comes of it.

mod answer;
mod call;
mod callable;
mod debug_lines;
mod genai_json;
mod intent;
mod model_call;
mod paced;
mod progress;
mod reply;
mod request;
mod setting;
mod steps;
mod stream;
mod text_stream;
mod token_budget;
pub(crate) mod toolbox;
mod tools;
mod window;

#[cfg(feature = "mcp-server")]
pub(crate) use call::{NotDone, serve};
#[cfg(feature = "mcp-server")]
pub(crate) use callable::CalledTool;
#[cfg(feature = "mcp-server")]
pub(crate) use setting::Ground;

pub use reply::{Reply, TurnError, TurnErrorKind};
pub use request::{Asking, TurnRequest};
pub use stream::RunStream;
pub use text_stream::TextStream;
pub use token_budget::TokenBudget;
