use async_trait::async_trait;
use kaos_events::{EventBuf, Str};

use crate::HookError;
use crate::dispatch::hook::short_type_name;

/// A hook whose work waits: for a network, a disk, another service.
///
/// It lives in a [`Lane`](crate::Lane), which feeds it the events of all runs, one at a time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot work in a lane",
    label = "does not implement `AsyncHook`",
    note = "a `Hook` or a closure does not wait and needs no lane: register it as it is"
)]
#[async_trait]
pub trait AsyncHook: Send + 'static {
    /// What it is called in statistics and warnings; its type's name unless given.
    fn name(&self) -> Str {
        Str::Static(short_type_name::<Self>())
    }

    /// Takes the next event.
    async fn on_event(&mut self, event: EventBuf);

    /// Hands on what is buffered.
    ///
    /// # Errors
    ///
    /// What could not be handed on, and why.
    async fn flush(&mut self) -> Result<(), HookError> {
        Ok(())
    }
}
