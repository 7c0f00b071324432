//! One integration binary for the workspace.

mod redact;
