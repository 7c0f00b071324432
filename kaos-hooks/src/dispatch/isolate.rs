use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt as _;

/// A future panicked instead of giving a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("panicked")]
pub struct Panicked;

/// Runs foreign code; a panic in it, and in the drop of what it panicked with, stops here.
pub(crate) fn isolated<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(discard)
}

/// Drops foreign code's value; a panic in its drop stops here.
pub(crate) fn drop_isolated<T>(value: T) -> Result<(), Panicked> {
    isolated(|| drop(value))
}

/// A panic payload is a foreign value: its drop may panic too, with a payload of its own, which
/// is then leaked rather than dropped in turn.
fn discard(payload: Box<dyn Any + Send>) -> Panicked {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
    Panicked
}

/// Polls `future` so that a panic in it becomes a result instead of unwinding through the caller.
///
/// What tools, models and gates of a turn are polled under: a panic in one of them must not unwind
/// through the scopes of the others. It needs `panic = "unwind"`, the default.
///
/// # Errors
///
/// [`Panicked`] if a poll of the future panicked. The message is not kept: it is content.
///
/// # Cancel safety
///
/// As cancel safe as `future` itself.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use kaos_hooks::{Panicked, catch_panic};
///
/// assert_eq!(catch_panic(async { 42 }).await, Ok(42));
/// let failed: Result<(), _> = catch_panic(async { panic!("no") }).await;
/// assert_eq!(failed, Err(Panicked));
/// # }
/// ```
pub async fn catch_panic<F: Future>(future: F) -> Result<F::Output, Panicked> {
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .map_err(discard)
}
