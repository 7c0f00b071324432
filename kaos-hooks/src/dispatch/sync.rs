//! What the queue waits with. The model check of the tests compiles `queue.rs` beside another one.

pub(crate) use std::sync::{Mutex, MutexGuard};
