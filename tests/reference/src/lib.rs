//! The reference turn, which all figures about speed are about, and what benches measure it with.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "fixtures of tests assert"
)]

pub mod discard;
pub mod interleaved;
pub mod text;
pub mod turn;
