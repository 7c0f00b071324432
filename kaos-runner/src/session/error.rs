use kaos_hooks::Str;

/// A store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// It cannot be reached, has no room, or fails.
    #[error("the session store is not available: {0}")]
    Unavailable(Str),
    /// Another turn has the session by now, or it was forgotten.
    #[error("the session was taken by another turn, or forgotten")]
    Lost,
    /// The turn is larger than a session may be.
    #[error("the turn is larger than the session's bounds")]
    TooLarge,
}

impl SessionError {
    /// The store is not available, and why; without secrets.
    pub fn unavailable(why: impl Into<Str>) -> Self {
        Self::Unavailable(why.into())
    }

    /// `error.type`: `session_unavailable`, `session_lost` or `session_too_large`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "session_unavailable",
            Self::Lost => "session_lost",
            Self::TooLarge => "session_too_large",
        }
    }
}
