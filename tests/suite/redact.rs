//! The redaction stage: what it finds, what it leaves, and what it costs.

pub(crate) mod canary;
mod corpus;
mod corpus2;
mod faults;
mod foreign;
mod messages;
mod hostile;
mod ordinary;
mod properties;
mod shape;
mod tables;
