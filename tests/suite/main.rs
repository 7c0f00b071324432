//! The workspace's tests: one binary, a module for each promise.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::format_collect,
    reason = "tests assert, print their figures, and build texts that need not be quick"
)]

mod architecture;
mod arguments;
mod attributes;
mod audit;
mod callables;
mod codec;
mod command;
mod concurrency;
mod content;
mod context;
mod dashboard;
mod discovery;
mod entries;
mod every_event;
mod exports;
mod gates;
mod hooks;
mod http_policy;
mod intent;
mod kubernetes;
mod later;
mod limits;
mod local;
mod logs;
mod mcp;
mod mcp_rogues;
mod mcp_stateless;
mod mcp_telemetry;
mod memory;
mod metrics;
mod models;
mod own_loop;
mod packed;
mod propagation;
mod properties;
mod queue_model;
mod redact;
mod remote;
mod requests;
mod resources;
mod semconv;
mod server;
mod sessions;
mod settings;
mod sinks;
mod spans;
mod telemetry;
mod time;
mod tls;
mod tool_server;
mod tools;
mod trees;
