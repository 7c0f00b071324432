//! Fixtures of the suite and the benches.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "fixtures of tests assert"
)]

pub mod agents;
pub mod collectors;
pub mod exported;
pub mod interleaved;
pub mod mcp_server;
pub mod measured;
pub mod observed;
pub mod reference;
mod subscribed;
pub mod text;

pub use subscribed::subscribed;
