//! The reference turn, which all figures about speed are about, and what benches measure it with.

pub mod discard;
pub mod interleaved;
pub mod nowhere;
pub mod readers;
pub mod say;
pub mod text;
pub mod turn;
