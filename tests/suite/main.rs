//! The workspace's tests: one binary, a module for each promise.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests assert"
)]

mod architecture;
mod codec;
mod concurrency;
mod context;
mod gates;
mod hooks;
mod own_loop;
mod properties;
mod spans;
mod telemetry;
mod time;
mod trees;
