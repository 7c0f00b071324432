use std::time::Duration;

/// How long a remote agent is waited for, and for how much.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use kaos_runner::RemoteAgent;
/// use kaos_runner::remote::{RemoteHealth, RemoteLimits};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let limits = RemoteLimits { call: Duration::from_secs(20), ..RemoteLimits::default() };
/// let researcher = RemoteAgent::at("http://researcher:8000").name("researcher").limits(limits);
/// if researcher.health() == RemoteHealth::Degraded {
///     println!("is not asked until its card is there again");
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteLimits {
    /// To connect. Too short gives up on a slow network, too long is how much a host that is down costs
    /// the first turn that asks it. Default: 3 seconds.
    pub connect: Duration,
    /// For its card, in the background. Default: 5 seconds.
    pub card: Duration,
    /// For an answer, or what is left of the turn that asks, if that is less. Default: 5 minutes.
    pub call: Duration,
    /// From any bytes of a streamed answer to the next; while an agent works it says so. Default: 1 minute.
    pub silence: Duration,
    /// Its largest answer, in bytes as they are sent. Default: 16 MiB.
    pub bytes: usize,
    /// How many agents a task may pass through, each asked by the one before. Default: 5.
    pub depth: u32,
}

impl Default for RemoteLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            card: Duration::from_secs(5),
            call: Duration::from_secs(5 * 60),
            silence: Duration::from_secs(60),
            bytes: 16 * 1024 * 1024,
            depth: 5,
        }
    }
}
