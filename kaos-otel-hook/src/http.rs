//! Spans of requests that are answered over HTTP.

mod answering;
mod server;

pub use answering::ObservedBody;
pub use server::{HttpServerLayer, HttpServerService};
