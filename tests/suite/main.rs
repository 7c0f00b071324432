//! The workspace's tests: one binary, a module for each promise.

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
mod trees;
