//! The workspace's tests: one binary, a module for each promise.

mod own_loop;
mod spans;
mod trees;
