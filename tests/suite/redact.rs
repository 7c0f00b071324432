//! The redaction stage: what it finds, what it leaves, and what it costs.

pub(crate) mod canary;
mod corpus;
mod foreign;
mod ordinary;
mod properties;
mod shape;
mod tables;
