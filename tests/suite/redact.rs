//! The redaction stage: what it finds, what it leaves, and what it costs.

pub(crate) mod canary;
mod corpus;
mod corpus2;
mod faults;
mod foreign;
mod hostile;
mod messages;
mod ordinary;
mod properties;
mod shape;
mod tables;
mod told;
