use std::time::Duration;

/// How long a model call may take; the clock is tokio's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, for each attempt. Too short fails on a slow network, too long hides a host that
    /// is down. Default: 10 seconds.
    pub connect: Duration,
    /// From an attempt's request to the first bytes of a streamed body. Too short gives up on long
    /// prompts and models that are still being loaded. Default: 60 seconds.
    pub first_chunk: Duration,
    /// From any bytes of a body to the next. Too short gives up on a model that thinks in silence,
    /// too long waits for one that has died. Default: 2 minutes.
    pub between_chunks: Duration,
    /// The whole call with its retries and their waits. Default: 5 minutes.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_chunk: Duration::from_secs(60),
            between_chunks: Duration::from_secs(2 * 60),
            total: Duration::from_secs(5 * 60),
        }
    }
}
