//! An agent behind HTTP: serves itself on loopback, asks itself once as any client would, and ends.

use kaos_runner::server::{Access, Server};
use kaos_runner::{Agent, FunctionModel, ModelReply, Runner, Scripted};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let reply = ModelReply::text("Twelve months.").usage(40, 10);
    let model = FunctionModel::script([Scripted::streamed(reply, 7)]); // offline; `OpenAiModel` is a real one
    let runner = Runner::new(Agent::new("assistant", model)); // `.hooks(telemetry.hooks())`: observed

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    let (stop, stopping) = tokio::sync::oneshot::channel();
    let stopping = futures_util::stream::once(async { stopping.await.unwrap_or_default() });
    // An application: `.serve(listener, kaos_runner::server::signals()?)`, which ends with SIGTERM.
    let server = Server::new(runner).access(Access::new().token("s3cret"));
    let serving = tokio::spawn(server.serve(listener, stopping));

    let body = r#"{"messages":[{"role":"user","content":"How long is the lease?"}],"stream":true}"#;
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer s3cret\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut client = TcpStream::connect(at).await?;
    client.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await?;
    println!("{answer}");

    stop.send(()).map_err(|()| "the server has ended")?;
    println!("{:?}", serving.await??);
    Ok(())
}
