use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use kaos_hooks::Str;

use crate::model::scripted::Scripted;
use crate::{Deltas, Model, ModelError, ModelReply, ModelRequest};

/// A model made of a function: offline and deterministic.
///
/// # Example
///
/// ```
/// use kaos_runner::{FunctionModel, ModelReply};
///
/// // The first request is answered with a tool call, the second with text.
/// let model = FunctionModel::script([
///     ModelReply::call("call-1", "calculator", r#"{"expression":"6*7"}"#).usage(40, 10),
///     ModelReply::text("It is 42.").usage(60, 5),
/// ]);
/// ```
pub struct FunctionModel {
    name: Str,
    answer: Box<Respond>,
}

type Respond = dyn Fn(&ModelRequest<'_>) -> BoxFuture<'static, Scripted> + Send + Sync;

impl FunctionModel {
    /// A model that answers with what `answer` returns.
    pub fn new(
        answer: impl Fn(&ModelRequest<'_>) -> Result<ModelReply, ModelError> + Send + Sync + 'static,
    ) -> Self {
        Self::from_async(move |request| {
            let answer = answer(request);
            async { answer }
        })
    }

    /// A model that answers with what the future of `answer` gives.
    pub fn from_async<F>(answer: impl Fn(&ModelRequest<'_>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<ModelReply, ModelError>> + Send + 'static,
    {
        Self::made_of(move |request| {
            let answer = answer(request);
            Box::pin(async { answer.await.into() })
        })
    }

    fn made_of(
        answer: impl Fn(&ModelRequest<'_>) -> BoxFuture<'static, Scripted> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: Str::Static("function"),
            answer: Box::new(answer),
        }
    }

    /// A model that always gives this answer.
    pub fn answer(text: impl Into<Str>) -> Self {
        let text = text.into();
        Self::new(move |_| Ok(ModelReply::text(text.clone())))
    }

    /// A model that gives these replies, one a request: each a [`ModelReply`], a [`ModelError`], or
    /// a [`Scripted`] that streams. A request beyond the last fails with the kind
    /// `script_exhausted`.
    pub fn script<R: Into<Scripted>>(replies: impl IntoIterator<Item = R>) -> Self {
        let replies: VecDeque<Scripted> = replies.into_iter().map(Into::into).collect();
        let replies = Mutex::new(replies);
        Self::made_of(move |_| {
            let next = replies
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let next = next.unwrap_or_else(|| {
                let why = "the script has no further reply";
                ModelError::new("script_exhausted", why).into()
            });
            Box::pin(async { next })
        })
    }

    /// Calls the model by another name than `function`.
    #[must_use]
    pub fn named(mut self, name: impl Into<Str>) -> Self {
        self.name = name.into();
        self
    }
}

#[async_trait]
impl Model for FunctionModel {
    fn provider(&self) -> Str {
        Str::Static("function")
    }

    fn name(&self) -> Str {
        self.name.clone()
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        (self.answer)(&request).await.play(deltas).await
    }
}

impl fmt::Debug for FunctionModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionModel")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
