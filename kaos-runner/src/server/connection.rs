//! One connection, and how long each of its parts may take.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::Bounds;

/// What a connection does at the moment; clones are the same connection's.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    now: Mutex<(Doing, Instant)>,
    changed: Notify,
}

/// What is waited for since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// For the next request.
    Idle,
    /// For the rest of a request's headers.
    Header,
    /// For the answer: whoever makes it limits the time.
    Answer,
}

/// A request is answered; over when it is dropped.
#[derive(Debug)]
pub(super) struct Answering(Activity);

impl Activity {
    /// That of a new connection.
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            now: Mutex::new((Doing::Header, Instant::now())),
            changed: Notify::new(),
        }))
    }

    pub(super) fn answering(&self) -> Answering {
        self.is(Doing::Answer);
        Answering(self.clone())
    }

    /// Something arrived.
    fn received(&self) {
        if self.lock().0 == Doing::Idle {
            self.is(Doing::Header);
        }
    }

    fn is(&self, doing: Doing) {
        *self.lock() = (doing, Instant::now());
        self.0.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, (Doing, Instant)> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the client has taken longer for its next request than it may.
    pub(super) async fn too_slow(&self, bounds: &Bounds) {
        loop {
            let (doing, since) = *self.lock();
            let limit = match doing {
                Doing::Answer => {
                    self.0.changed.notified().await;
                    continue;
                }
                Doing::Idle => bounds.idle,
                Doing::Header => bounds.header,
            };
            tokio::select! {
                () = sleep_until(since + limit) => return,
                () = self.0.changed.notified() => {}
            }
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.is(Doing::Idle);
    }
}

/// A connection whose client may not stop reading for longer than `limit`.
pub(super) struct Watched {
    stream: TcpStream,
    activity: Activity,
    limit: Duration,
    /// Runs while nothing can be written.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, activity: Activity, limit: Duration) -> Self {
        Self {
            stream,
            activity,
            limit,
            stuck: None,
        }
    }

    fn written<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let limit = self.limit;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(stuck.as_mut().poll(context));
        let why = "the client takes nothing of what is sent";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.activity.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
