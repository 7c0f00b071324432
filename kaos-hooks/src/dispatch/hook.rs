use std::sync::Arc;

use async_trait::async_trait;
use kaos_events::{Observer, Run, Str};

use crate::{Propagator, ToLater};

/// A listener: a cheap shared value that is registered once.
///
/// For each root run it hands out an [`Observer`] that owns what it keeps about that run, so a hook
/// needs no map keyed by session, and nothing has to be evicted. A hook whose work waits (network,
/// disk) is an [`AsyncHook`](crate::AsyncHook) in a [`Lane`](crate::Lane). How it is doing stands in
/// the statistics of its set ([`Hooks::stats`](crate::Hooks::stats)).
///
/// Whatever a hook does, the turn and the other hooks go on: a panic in any method is counted and
/// goes no further.
///
/// # Example
///
/// ```
/// use kaos_hooks::{Event, Hook, Observer, Run};
///
/// /// Prints how many events each run had.
/// struct Count;
/// struct Counting(u64);
///
/// impl Hook for Count {
///     fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
///         Some(Box::new(Counting(0)))
///     }
/// }
///
/// impl Observer for Counting {
///     fn on_event(&mut self, _event: &Event<'_>) {
///         self.0 += 1;
///     }
/// }
///
/// impl Drop for Counting {
///     fn drop(&mut self) {
///         println!("{} events", self.0); // the run is over
///     }
/// }
/// ```
#[async_trait]
pub trait Hook: Send + Sync + 'static {
    /// What it is called in statistics and warnings; its type's name unless given.
    fn name(&self) -> Str {
        Str::Static(short_type_name::<Self>())
    }

    /// The observer of a new run, or `None` to let this run pass.
    fn observe(&self, run: &Run) -> Option<Box<dyn Observer>>;

    /// What of it has to be on the turn's thread, where it is told of events
    /// [later](crate::Registry::later); nothing unless given. Asked when the run begins.
    fn at_once(&self, run: &Run, later: &ToLater) -> Option<AtOnce> {
        let _ = (run, later);
        None
    }

    /// What carries traces into and out of runs, if this hook belongs to a tracing system. Asked
    /// once, when the hook becomes part of a set.
    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        None
    }

    /// Hands on what is still buffered.
    ///
    /// # Errors
    ///
    /// What could not be handed on, and why.
    async fn force_flush(&self) -> Result<(), HookError> {
        Ok(())
    }

    /// Hands on what is still buffered, and lets go of what it owns; nothing unless given. Called more
    /// than once, the later calls do nothing.
    ///
    /// # Errors
    ///
    /// What could not be handed on, and why.
    async fn shutdown(&self) -> Result<(), HookError> {
        Ok(())
    }
}

/// An observer on the turn's thread, of a hook that hears of events [later](crate::Registry::later).
///
/// Closed: an observer is told of all events, or of the first.
pub enum AtOnce {
    /// It is told of every event.
    Each(Box<dyn Observer>),
    /// It is told of the run's first event alone: what it does for its hook costs the others nothing.
    First(Box<dyn Observer>),
}

impl std::fmt::Debug for AtOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::Each(_) => "Each",
            Self::First(_) => "First",
        };
        f.debug_struct(name).finish_non_exhaustive()
    }
}

/// A hook could not hand on what it had.
///
/// # Example
///
/// ```
/// use std::io::Write as _;
/// use std::sync::{Arc, Mutex};
/// use async_trait::async_trait;
/// use kaos_hooks::{Event, Hook, HookError, Hooks, HooksError, Observer, Run, codec};
///
/// /// Lines of all runs in one file, which is full sometimes.
/// struct Lines(Arc<Mutex<std::io::BufWriter<std::fs::File>>>);
///
/// #[async_trait]
/// impl Hook for Lines {
///     fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
///         let file = Arc::clone(&self.0);
///         Some(Box::new(move |event: &Event<'_>| {
///             let _full = writeln!(file.lock().unwrap(), "{}", codec::encode(event));
///         }))
///     }
///
///     async fn force_flush(&self) -> Result<(), HookError> {
///         let flushed = self.0.lock().unwrap().flush();
///         flushed.map_err(|error| HookError::new("events are not in the file; is the disk full?").caused_by(error))
///     }
/// }
///
/// async fn flush(hooks: &Hooks) {
///     let flushed: Result<(), HooksError> = hooks.force_flush().await;
///     if let Err(failed) = flushed {
///         failed.failed().for_each(|(name, why)| eprintln!("{name}: {why}"));
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct HookError {
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl HookError {
    /// An error with this message: what failed, and what to do.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            source: None,
        }
    }

    /// Says what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }
}

/// The last part of a type's path, without its parameters.
pub(crate) fn short_type_name<T: ?Sized>() -> &'static str {
    let full = std::any::type_name::<T>();
    let plain = full.split_once('<').map_or(full, |(plain, _)| plain);
    plain.rsplit_once("::").map_or(plain, |(_, last)| last)
}
