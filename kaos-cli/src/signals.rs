//! Signals that ask the command to end: SIGINT, SIGTERM and SIGHUP, all alike.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

/// How long the command may take to end after the second signal, which does not wait for anything.
const AT_ONCE: Duration = Duration::from_secs(1);

/// What came, as the exit code that a shell reports of a program that it ended: 128 and its number.
pub(crate) struct Signals(mpsc::Receiver<u8>);

impl Signals {
    /// Listens from now on, in a thread of its own: the second signal ends the process however busy
    /// or blocked the rest of it is.
    ///
    /// Signals that the process was started to ignore stay ignored, as `nohup` and shells' background
    /// jobs have it.
    pub(crate) fn listen() -> io::Result<Self> {
        let (sender, received) = mpsc::channel(2);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let mut listener = {
            let _signals_need_one = runtime.enter();
            Listener::new()?
        };
        let listen = move || {
            let first = runtime.block_on(listener.next());
            // A full channel is one that nobody reads.
            let _sent = sender.try_send(first).is_ok();
            let again = runtime.block_on(listener.next());
            let _sent = sender.try_send(again).is_ok();
            thread::sleep(AT_ONCE);
            exit(first);
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listen)?;
        Ok(Self(received))
    }

    /// The next one.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses none.
    pub(crate) async fn next(&mut self) -> u8 {
        match self.0.recv().await {
            Some(code) => code,
            None => std::future::pending().await,
        }
    }
}

#[expect(clippy::exit, reason = "the main thread may be blocked for good")]
fn exit(code: u8) {
    std::process::exit(code.into());
}

#[cfg(unix)]
struct Listener(Vec<(u8, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Listener {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let ignored = ignored();
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let kinds = kinds.into_iter().filter(|kind| {
            let number = kind.as_raw_value();
            ignored & (1 << (number - 1)) == 0
        });
        let listened = kinds.map(|kind| {
            let code = u8::try_from(128 + kind.as_raw_value()).unwrap_or(u8::MAX);
            Ok((code, signal(kind)?))
        });
        Ok(Self(listened.collect::<io::Result<_>>()?))
    }

    async fn next(&mut self) -> u8 {
        std::future::poll_fn(|context| {
            for (code, signal) in &mut self.0 {
                if let std::task::Poll::Ready(Some(())) = signal.poll_recv(context) {
                    return std::task::Poll::Ready(*code);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// The signals that are ignored, a bit each, where the system says so without `unsafe`.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

#[cfg(not(unix))]
struct Listener;

#[cfg(not(unix))]
impl Listener {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => 130,
            Err(_) => std::future::pending().await,
        }
    }
}
