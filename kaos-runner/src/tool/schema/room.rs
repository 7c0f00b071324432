//! Stack for work that recurses as deep as a stranger says.

use std::thread;

use serde_json::Value;

/// More than one step of a check takes in a debug build.
const STEP: usize = 16 << 10;

/// As many steps as a caller's stack, which may be a small one, has room for.
const ON_THE_SPOT: usize = 24;

/// As many as are done at all: 1 GiB, of which only what is used is ever real.
const MAX_STEPS: usize = (1 << 30) / STEP;

/// Does work of so many steps into the depth; on a thread of its own if they are many. `None` if
/// they are too many, or the work panics there.
pub(super) fn with_room<T: Send>(steps: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    if steps <= ON_THE_SPOT {
        return Some(work());
    }
    if steps > MAX_STEPS {
        return None;
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(steps * STEP);
        thread.spawn_scoped(scope, work).ok()?.join().ok()
    })
}

/// How deep a value is nested: 1 for a number.
pub(super) fn depth(value: &Value) -> usize {
    let mut deepest = 0;
    let mut level = vec![value];
    while !level.is_empty() {
        deepest += 1;
        level = level.into_iter().flat_map(children).collect();
    }
    deepest
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}
