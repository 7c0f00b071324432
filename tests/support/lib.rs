//! x

pub mod text;
