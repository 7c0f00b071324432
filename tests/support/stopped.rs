use std::sync::mpsc::{Sender, channel};

/// Tokio's clock, stopped until dropped: it moves by [`tokio::time::advance`] only.
///
/// A clock that is merely paused moves by itself as soon as all tasks wait, even if they wait for a
/// socket. While a blocking task runs it does not.
#[derive(Debug)]
pub struct Stopped(#[expect(dead_code, reason = "dropping it ends the task")] Sender<()>);

impl Stopped {
    /// Stops the clock of the current runtime, which must be a current-thread one.
    pub fn clock() -> Self {
        tokio::time::pause();
        let (held, wait) = channel();
        drop(tokio::task::spawn_blocking(move || wait.recv().is_err()));
        Self(held)
    }
}
