//! Fixtures of the suite and the benches.

pub mod agents;
pub mod exported;
pub mod observed;
pub mod reference;
