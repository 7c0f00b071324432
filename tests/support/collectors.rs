//! Collectors on loopback, healthy and not: what an exporter meets.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

/// How a collector behaves, over OTLP on HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collector {
    /// Answers 200 at once.
    Healthy,
    /// Does not listen.
    Dead,
    /// Answers 200 after half a minute.
    Slow,
    /// Answers 500 at once.
    Erroring,
    /// Takes connections, and never answers.
    HalfOpen,
}

/// A collector on its port. It goes with the process.
#[derive(Debug)]
pub struct Running {
    /// Its base URL.
    pub url: String,
    _held: Option<TcpListener>,
}

impl Collector {
    /// Starts it on a free port.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn start(self) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let held = match self {
            Self::Dead => None,
            Self::HalfOpen => Some(listener),
            Self::Healthy | Self::Slow | Self::Erroring => {
                std::thread::spawn(move || {
                    for stream in listener.incoming().flatten() {
                        std::thread::spawn(move || self.serve(stream));
                    }
                });
                None
            }
        };
        Running { url, _held: held }
    }

    /// Answers requests until the other side goes away.
    fn serve(self, mut stream: TcpStream) {
        while read_request(&mut stream).is_some() {
            if self == Self::Slow {
                std::thread::sleep(Duration::from_secs(30));
            }
            let status = match self {
                Self::Erroring => "500 Internal Server Error",
                _ => "200 OK",
            };
            if answer(&mut stream, status).is_err() {
                return;
            }
        }
    }
}

/// A healthy collector that gives the head and the body of each request before it answers.
///
/// # Panics
///
/// If there is no free port.
pub fn recording() -> (Running, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (saw, seen) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let saw = saw.clone();
            std::thread::spawn(move || {
                while let Some(request) = read_request(&mut stream) {
                    let _told = saw.send(request);
                    if answer(&mut stream, "200 OK").is_err() {
                        return;
                    }
                }
            });
        }
    });
    (Running { url, _held: None }, seen)
}

/// The head and the body of the next request on a connection.
pub fn read_request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// An answer without a body.
///
/// # Errors
///
/// The other side has gone away.
pub fn answer(stream: &mut impl Write, status: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")?;
    stream.flush()
}
