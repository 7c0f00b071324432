//! The redaction stage: what it finds, what it leaves, and what it costs.

mod canary;
mod corpus;
mod ordinary;
mod properties;
mod shape;
mod tables;
