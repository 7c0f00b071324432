//! Messages to and from a worker: JSON behind its length.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The most bytes of one.
pub(super) const MAX_BYTES: usize = 64 * 1024 * 1024;

pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), message: &Value) -> io::Result<()> {
    let text = message.to_string();
    let size = u32::try_from(text.len()).map_err(io::Error::other)?;
    to.write_all(&size.to_be_bytes()).await?;
    to.write_all(text.as_bytes()).await?;
    to.flush().await
}

pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Value> {
    let mut size = [0; 4];
    from.read_exact(&mut size).await?;
    let size = usize::try_from(u32::from_be_bytes(size)).map_err(io::Error::other)?;
    if size > MAX_BYTES {
        let why = format!("a message of {size} bytes, and {MAX_BYTES} is the most");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let mut text = vec![0; size];
    from.read_exact(&mut text).await?;
    serde_json::from_slice(&text).map_err(Into::into)
}
