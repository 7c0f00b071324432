use std::io;

use futures_util::stream::unfold;
use tokio_stream::Stream;

/// Each signal that asks the process to end: SIGTERM and SIGINT, Ctrl-C elsewhere. What
/// [`Server::serve`](super::Server::serve) takes.
///
/// # Errors
///
/// The signals cannot be listened to.
pub fn signals() -> io::Result<impl Stream<Item = ()> + Send> {
    let listening = Listening::new()?;
    Ok(unfold(listening, async |mut listening| {
        listening.next().await;
        Some(((), listening))
    }))
}

#[cfg(unix)]
struct Listening(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Listening {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self(terminate, signal(SignalKind::interrupt())?))
    }

    async fn next(&mut self) {
        tokio::select! {
            _terminate = self.0.recv() => {}
            _interrupt = self.1.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Listening;

#[cfg(not(unix))]
impl Listening {
    #[expect(clippy::unnecessary_wraps, reason = "as on other systems")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
