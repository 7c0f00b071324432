/// How an agent is, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteHealth {
    /// It was not looked at yet.
    Unknown,
    /// It is the agent it should be, and answers.
    Ok,
    /// It is not asked at the moment.
    Degraded,
}
