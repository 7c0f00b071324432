//! Spans of requests that are answered over HTTP.

mod answering;
mod model_call;
mod server;

pub use answering::ObservedBody;
pub use model_call::{ForwardedCall, ForwardedCalls};
pub use server::{HttpServerLayer, HttpServerService};
