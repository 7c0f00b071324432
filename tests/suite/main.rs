//! The workspace's tests: one binary, a module for each promise.

mod trees;
