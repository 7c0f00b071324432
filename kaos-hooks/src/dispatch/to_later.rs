use std::sync::Arc;

/// What a hook can say, while a run begins, to itself as it hears of it later.
///
/// # Example
///
/// ```
/// use kaos_hooks::{AtOnce, Event, Hook, Observer, Run, ToLater};
///
/// /// Prints the events of every tenth run, later.
/// struct EveryTenth;
///
/// impl Hook for EveryTenth {
///     fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
///         Some(Box::new(|event: &Event<'_>| println!("{event:?}")))
///     }
///
///     fn at_once(&self, run: &Run, later: &ToLater) -> Option<AtOnce> {
///         if run.trace_id.get() % 10 != 0 {
///             later.decline();
///         }
///         None
///     }
/// }
/// ```
#[derive(Clone)]
pub struct ToLater {
    run: Arc<dyn Declined>,
    hook: usize,
}

/// A run that hooks can decline, each by its number.
pub(crate) trait Declined: Send + Sync {
    fn decline(&self, hook: usize);
}

impl ToLater {
    pub(crate) const fn new(run: Arc<dyn Declined>, hook: usize) -> Self {
        Self { run, hook }
    }

    /// The hook wants nothing of this run. It counts until the run's first event has been delivered.
    pub fn decline(&self) {
        self.run.decline(self.hook);
    }
}

impl std::fmt::Debug for ToLater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToLater")
            .field("hook", &self.hook)
            .finish_non_exhaustive()
    }
}
