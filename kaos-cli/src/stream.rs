//! A connection of any kind.

use tokio::io::{AsyncRead, AsyncWrite};

/// What can be read and written, to whomever it leads.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
