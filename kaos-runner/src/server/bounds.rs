use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// What clients may use of a server.
///
/// How long a turn may take is its agent's [`Limits::turn`](crate::Limits::turn).
///
/// # Example
///
/// ```
/// use kaos_runner::server::Bounds;
///
/// let small = Bounds { requests: 8, body: 64 * 1024, ..Bounds::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a request's body; more is answered with 413. Default: 10 MiB.
    pub body: usize,
    /// JSON values of a request's body, however nested; more is answered with 413. Each takes some memory of
    /// its own, most of them far more than the bytes they are written with. Default: 100 000.
    pub values: usize,
    /// Bytes of all bodies whose requests are not answered yet; more are answered with 429. A turn needs a small
    /// multiple of that. Default: 128 MiB.
    pub bodies: usize,
    /// Wall time of a request's body, from the end of its headers; later is 408. Default: 30 seconds.
    pub receive: Duration,
    /// Wall time of a request's headers, from their first byte, and of the first byte of a new
    /// connection; then the connection is closed. Default: 10 seconds.
    pub header: Duration,
    /// How long a connection may wait for its next request. Default: 75 seconds.
    ///
    /// Shorter than a proxy in front keeps its connections, and now and then a request of its meets a
    /// connection that is just closed.
    pub idle: Duration,
    /// How long a client may take nothing of what is sent to it; then its turn is cancelled and the
    /// connection closed. Default: 30 seconds.
    pub write: Duration,
    /// Requests that are answered by the agent at once; more are answered with 429. Each may hold a body
    /// and a turn. Default: 256.
    pub requests: usize,
    /// Connections at once; further ones wait until one ends. Default: 4096.
    pub connections: usize,
    /// How long a stream says nothing before a comment shows that it is alive. Default: 15 seconds.
    pub keep_alive: Duration,
}

impl Bounds {
    /// For the bytes of all bodies at once.
    pub(crate) fn room(&self) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(self.bodies.min(Semaphore::MAX_PERMITS)))
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            body: 10 * 1024 * 1024,
            values: 100_000,
            bodies: 128 * 1024 * 1024,
            receive: Duration::from_secs(30),
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
            requests: 256,
            connections: 4096,
            keep_alive: Duration::from_secs(15),
        }
    }
}
