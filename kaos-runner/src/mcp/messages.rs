//! What a child says, as long as it can be messages. The library leaves out a line that is too long or
//! too deep, and who waits for the answer in it waits for good: here the connection breaks, and says why.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// The most bytes of one message, as over HTTP.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How deep a message may be: what `serde_json` reads.
const DEEPEST: usize = 127;

/// Why a connection broke, once it did.
pub(super) type Broken = Arc<OnceLock<&'static str>>;

/// What is read from a child.
pub(super) struct Messages<R> {
    from: R,
    line: Line,
    broken: Broken,
}

impl<R> Messages<R> {
    pub(super) fn new(from: R, broken: Broken) -> Self {
        Self {
            from,
            line: Line::default(),
            broken,
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Messages<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        if this.broken.get().is_none() {
            ready!(Pin::new(&mut this.from).poll_read(context, into))?;
            if let Some(why) = this.line.goes_on(into.filled().get(before..)) {
                let _first = this.broken.set(why);
            }
        }
        Poll::Ready(match this.broken.get() {
            Some(why) => Err(io::Error::new(io::ErrorKind::InvalidData, *why)),
            None => Ok(()),
        })
    }
}

/// The current line so far.
#[derive(Default)]
struct Line {
    bytes: usize,
    /// Whether it begins like a message. Other lines are what programs say by mistake.
    message: bool,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Line {
    /// With these bytes; what is wrong with it then.
    fn goes_on(&mut self, bytes: Option<&[u8]>) -> Option<&'static str> {
        bytes
            .into_iter()
            .flatten()
            .find_map(|byte| self.byte(*byte))
    }

    fn byte(&mut self, byte: u8) -> Option<&'static str> {
        if byte == b'\n' {
            *self = Self::default();
            return None;
        }
        self.message |= self.bytes == 0 && byte == b'{';
        self.bytes += 1;
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' => self.escaped = self.in_text,
            b'"' => self.in_text = !self.in_text,
            b'{' | b'[' if !self.in_text => self.depth += 1,
            b'}' | b']' if !self.in_text => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.bytes > MAX_BYTES {
            return Some("it said more than 16 MiB in one message");
        }
        let deep = self.message && self.depth > DEEPEST;
        deep.then_some("what it said is nested too deeply")
    }
}
