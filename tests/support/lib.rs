//! Fixtures of the suite and the benches.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "fixtures of tests assert"
)]

pub mod agents;
pub mod by_the_book;
pub mod collectors;
pub mod exported;
pub mod interleaved;
pub mod measured;
pub mod observed;
pub mod reference;
mod subscribed;
pub mod text;
pub mod trails;

pub use subscribed::subscribed;
