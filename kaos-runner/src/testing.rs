//! Doubles for tests: fake endpoints that judge, a model that asserts, and deltas to look at.
//!
//! # Example
//!
//! ```
//! use kaos_runner::testing::{Answer, ModelServer, completion};
//! use kaos_runner::{Agent, OpenAiModel, Runner};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let answer = completion(&json!({ "content": "Twelve months." }), "stop");
//! let server = ModelServer::start([Answer::json(&answer)]).await;
//! let model = OpenAiModel::builder(server.url(), "test-model").build()?;
//! let reply = Runner::new(Agent::new("assistant", model)).turn("How long?", "s").await?;
//! assert_eq!(reply.text(), "Twelve months.");
//! # Ok(())
//! # }
//! ```

mod answer;
mod asserting;
mod request;
mod says;
mod server;
mod strict;

pub use crate::model::RecordedDeltas;
pub use answer::Answer;
pub use asserting::AssertingModel;
pub use request::Request;
pub use says::{Api, completion, event, events, message, message_events};
pub use server::ModelServer;
pub use strict::Strict;
