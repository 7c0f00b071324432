//! Whether a process is ready.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::workload::{ProbeKind, Program, Workload};

/// How long a look waits for a connection: on this machine there is one at once, unless too many wait for one.
const CONNECT: Duration = Duration::from_millis(20);

/// As much of an answer as is looked at: `HTTP/1.1 200`.
const LINE: usize = 12;

/// A question whose answer nobody waits for: it is looked for.
pub(super) struct Asking {
    port: u16,
    kind: ProbeKind,
    since: Instant,
    limit: Duration,
    stream: Option<TcpStream>,
    line: Vec<u8>,
}

impl Asking {
    /// A question that may take so long in all, however its answer comes.
    pub(super) fn new(port: u16, kind: ProbeKind, limit: Duration) -> Self {
        Self {
            port,
            kind,
            since: Instant::now(),
            limit,
            stream: None,
            line: Vec::new(),
        }
    }

    /// Whether the answer is a good one, once that is known; none in time is none.
    pub(super) fn look(&mut self) -> Option<bool> {
        let late = (self.since.elapsed() >= self.limit).then_some(false);
        self.step().map_or(Some(false), |known| known.or(late))
    }

    fn step(&mut self) -> io::Result<Option<bool>> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let at = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
                let mut stream = match TcpStream::connect_timeout(&at, CONNECT) {
                    Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(None),
                    connected => connected?,
                };
                let ProbeKind::Http(path) = self.kind else {
                    return Ok(Some(true));
                };
                stream.set_nonblocking(true)?;
                // A new connection has room for it.
                let port = self.port;
                stream.write_all(
                    format!(
                        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
                    )
                    .as_bytes(),
                )?;
                none.insert(stream)
            }
        };
        let mut rest = [0; LINE];
        let room = rest.get_mut(self.line.len()..).unwrap_or_default();
        match stream.read(room) {
            Ok(0) => return Ok(Some(false)),
            Ok(count) => self.line.extend(room.iter().take(count)),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        let well = self.line.starts_with(b"HTTP/1.") && self.line.ends_with(b" 200");
        Ok((self.line.len() == LINE).then_some(well))
    }
}

/// Our tool servers say when they are ready, others are when they listen.
pub(super) fn ready(workload: &Workload) -> ProbeKind {
    match workload.program {
        Program::McpServe => ProbeKind::Http("/ready"),
        _ => workload.readiness.kind,
    }
}

/// How one learns that it does not hang.
pub(super) fn alive(workload: &Workload) -> ProbeKind {
    match workload.program {
        Program::McpServe => ProbeKind::Http("/health"),
        _ => workload.liveness.kind,
    }
}
