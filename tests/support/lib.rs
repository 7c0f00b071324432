//! Fixtures of the suite and the benches.

pub mod reference;
