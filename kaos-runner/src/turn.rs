//! One turn of an agent: what is asked, the loop, and what comes of it.

mod call;
mod debug_lines;
pub(crate) mod genai_json;
mod intent;
mod model_call;
mod paced;
mod reply;
mod request;
pub(crate) mod setting;
pub(crate) mod steps;
mod stream;
mod text_stream;
mod token_budget;
pub(crate) mod toolbox;
mod tools;
mod window;

pub use intent::IntentBy;
pub use reply::{Reply, TurnError, TurnErrorKind};
pub use request::{Asking, TurnRequest};
pub use stream::RunStream;
pub use text_stream::TextStream;
pub use token_budget::TokenBudget;
