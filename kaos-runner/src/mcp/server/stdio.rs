//! The server on two pipes.

use std::io;

use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{RoleServer, ServiceExt as _};
use tokio::io::{AsyncRead, AsyncWrite};

use super::ToolServer;
use super::handler::Handler;
use crate::mcp::messages::{Broken, Messages};

impl ToolServer {
    /// Serves one client on standard input and output, until the input ends; then flushes the hooks.
    /// What else the program writes to its standard output is taken for messages, so it must write none.
    ///
    /// # Errors
    ///
    /// As [`serve_pipes`](Self::serve_pipes).
    ///
    /// # Cancel safety
    ///
    /// Dropped, calls under way end cancelled. A read of standard input may go on until there is
    /// something to read, and a runtime that is shut down waits for it.
    pub async fn serve_stdio(self) -> io::Result<()> {
        self.serve_pipes(tokio::io::stdin(), tokio::io::stdout())
            .await
    }

    /// Serves one client that sends and receives a message a line, until it sends no more.
    ///
    /// # Errors
    ///
    /// The client does not begin as the protocol has it, or sends what cannot be a message: more than
    /// 16 MiB in a line, or JSON deeper than 127.
    ///
    /// # Cancel safety
    ///
    /// Dropped, calls under way end cancelled.
    pub async fn serve_pipes(
        self,
        from: impl AsyncRead + Send + Unpin + 'static,
        to: impl AsyncWrite + Send + Unpin + 'static,
    ) -> io::Result<()> {
        let hooks = self.hooks.clone();
        let broken = Broken::default();
        let from = Messages::new(from, Broken::clone(&broken));
        let pipes = AsyncRwTransport::<RoleServer, _, _>::new_server(from, to);
        let pipes = pipes.with_max_line_length(usize::MAX); // `Messages` has ours, and says so
        let serving = Handler::new(self, "pipe").serve(pipes).await;
        let ended = match serving {
            Ok(serving) => serving.waiting().await.map(drop).map_err(io::Error::other),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        };
        if let Err(error) = hooks.force_flush().await {
            tracing::warn!(%error, "hooks could not hand on what they had");
        }
        match broken.get() {
            Some(why) => Err(io::Error::new(io::ErrorKind::InvalidData, *why)),
            None => ended,
        }
    }
}
