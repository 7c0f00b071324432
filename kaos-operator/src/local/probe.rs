//! Whether a process is ready.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::workload::{ProbeKind, Program, Workload};

/// Asks once; whether the answer is a good one. A connection, and an answer, may take so long each.
pub(super) fn answers_well(port: u16, kind: ProbeKind, limit: Duration) -> bool {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&at, limit) else {
        return false;
    };
    match kind {
        ProbeKind::Tcp => true,
        ProbeKind::Http(path) => answers(&mut stream, port, path, limit).unwrap_or(false),
    }
}

/// Whether the first line of the answer says 200.
fn answers(
    stream: &mut TcpStream,
    port: u16,
    path: &str,
    limit: Duration,
) -> std::io::Result<bool> {
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    Ok(line.starts_with(b"HTTP/1.") && line.ends_with(b" 200"))
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
