//! An address at which nobody listens, however many tests and connections look for a port meanwhile.

use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::net::{TcpListener, TcpSocket};

/// A port of the loopback that is taken and refuses connections, for as long as this is there.
#[derive(Debug)]
pub struct Nobody {
    port: TcpSocket,
}

impl Nobody {
    /// Takes a port.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn listens() -> Self {
        let port = TcpSocket::new_v4().unwrap();
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { port }
    }

    /// The address.
    ///
    /// # Panics
    ///
    /// Never: the socket is bound.
    #[must_use]
    pub fn at(&self) -> SocketAddr {
        self.port.local_addr().unwrap()
    }

    /// The address as a URL's beginning: `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.at())
    }

    /// From now on somebody listens at it.
    ///
    /// # Panics
    ///
    /// If that fails.
    #[must_use]
    pub fn comes_back(self) -> TcpListener {
        self.port.listen(64).unwrap()
    }
}

/// A port of the loopback that a program may be told to listen at, as often as it likes. The system gives it to nobody
/// for as long as this process runs: it holds a socket that is bound to it and never listens.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    static HELD: Mutex<Vec<TcpSocket>> = Mutex::new(Vec::new());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = socket.local_addr().unwrap().port();
    HELD.lock().unwrap().push(socket);
    port
}
