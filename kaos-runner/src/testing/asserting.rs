use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kaos_hooks::Str;

use crate::{Deltas, Model, ModelError, ModelReply, ModelRequest, Scripted};

/// A model that asserts on what it is asked, request by request, and answers by script.
///
/// A runner catches a model's panic, so an assertion that fails is raised again by
/// [`finish`](Self::finish), which the test calls at its end. Clones are the same model.
///
/// # Example
///
/// ```
/// use kaos_runner::testing::AssertingModel;
/// use kaos_runner::{Agent, ModelReply, Runner};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), kaos_runner::TurnError> {
/// let model = AssertingModel::new().then(
///     |request| assert_eq!(request.messages[0].text(), "Hi!"),
///     ModelReply::text("Hello."),
/// );
/// Runner::new(Agent::new("assistant", model.clone())).turn("Hi!", "s").await?;
/// model.finish();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct AssertingModel(Arc<Mutex<Script>>);

type Check = Box<dyn FnOnce(&ModelRequest<'_>) + Send>;

#[derive(Default)]
struct Script {
    expected: VecDeque<(Check, Scripted)>,
    failed: Option<Box<dyn std::any::Any + Send>>,
    unexpected: usize,
}

impl AssertingModel {
    /// A model that expects nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, which then expects one more request, asserts on it with `check`, and answers.
    #[must_use]
    pub fn then(
        self,
        check: impl FnOnce(&ModelRequest<'_>) + Send + 'static,
        reply: impl Into<Scripted>,
    ) -> Self {
        let entry: (Check, _) = (Box::new(check), reply.into());
        self.lock().expected.push_back(entry);
        self
    }

    /// Raises the first assertion that failed.
    ///
    /// # Panics
    ///
    /// If one did, if a request was expected that never came, or if one came that was not.
    pub fn finish(&self) {
        let mut script = self.lock();
        let (failed, open, unexpected) = (
            script.failed.take(),
            script.expected.len(),
            script.unexpected,
        );
        drop(script);
        if let Some(failed) = failed {
            resume_unwind(failed);
        }
        assert_eq!(
            (open, unexpected),
            (0, 0),
            "requests that did not come, and that were not expected"
        );
    }

    fn expected(&self, request: &ModelRequest<'_>) -> Result<Scripted, ModelError> {
        let mut script = self.lock();
        let Some((check, reply)) = script.expected.pop_front() else {
            script.unexpected += 1;
            return Err(ModelError::new(
                "unexpected_request",
                "no further request is expected",
            ));
        };
        match catch_unwind(AssertUnwindSafe(|| check(request))) {
            Ok(()) => Ok(reply),
            Err(failed) => {
                script.failed.get_or_insert(failed);
                Err(ModelError::new(
                    "assertion_failed",
                    "an assertion on the request failed",
                ))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Model for AssertingModel {
    fn provider(&self) -> Str {
        Str::Static("testing")
    }

    fn name(&self) -> Str {
        Str::Static("asserting")
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        let reply = self.expected(&request)?;
        reply.play(deltas).await
    }
}

impl fmt::Debug for AssertingModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssertingModel")
            .field("expected", &self.lock().expected.len())
            .finish_non_exhaustive()
    }
}
