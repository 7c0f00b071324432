use kaos_hooks::{Failure, Str, Usage};

/// Why a model did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    kind: Str,
    message: Str,
    usage: Option<Usage>,
}

impl ModelError {
    /// An error of this kind (a [`ModelErrorKind`], or a word of one's own: one of few values), with
    /// the provider's words. The words are content.
    pub fn new(kind: impl Into<Str>, message: impl Into<Str>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            usage: None,
        }
    }

    /// The same, with the tokens that were spent all the same.
    #[must_use]
    pub fn spent(mut self, usage: impl Into<Option<Usage>>) -> Self {
        self.usage = usage.into();
        self
    }

    /// The tokens that were spent all the same, where the provider said.
    pub fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// The kind: `error.type`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether it is of this kind.
    pub fn is(&self, kind: ModelErrorKind) -> bool {
        self.kind() == kind.as_str()
    }

    pub(crate) fn failure(&self) -> Failure {
        Failure::new(self.kind.clone()).message(self.message.clone())
    }
}

/// The kinds of [`ModelError`] that clients of model providers tell apart.
///
/// # Example
///
/// ```
/// use kaos_runner::{ModelError, ModelErrorKind};
///
/// let error = ModelError::new(ModelErrorKind::RateLimited, "try again in a minute");
/// assert!(error.is(ModelErrorKind::RateLimited));
/// assert_eq!(error.kind(), "rate_limited");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelErrorKind {
    /// Too many requests, or the quota is used up.
    RateLimited,
    /// The key is missing, wrong, or may not do this.
    Auth,
    /// There is no such model, or nothing at this URL.
    NotFound,
    /// The conversation is longer than the model can take.
    ContextLength,
    /// The provider refuses to answer this.
    ContentFilter,
    /// The provider does not accept the request.
    InvalidRequest,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Connection,
    /// The provider has too much to do at the moment.
    Overloaded,
    /// The provider failed.
    ServerError,
    /// What came is not an answer.
    BadResponse,
    /// What came is larger than allowed.
    TooLarge,
}

impl ModelErrorKind {
    /// The name: `error.type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::ContextLength => "context_length",
            Self::ContentFilter => "content_filter",
            Self::InvalidRequest => "invalid_request",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::BadResponse => "bad_response",
            Self::TooLarge => "too_large",
        }
    }
}

impl From<ModelErrorKind> for Str {
    fn from(kind: ModelErrorKind) -> Self {
        Self::Static(kind.as_str())
    }
}
