//! A server of one tool, in as few lines as the protocol allows: over HTTP on loopback, a request a
//! connection, or on standard input and output.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

/// The argument that makes this program the server.
pub(super) const OVER_PIPES: &str = "mcp-server";

/// What is answered; `None` to a notification.
fn answer(message: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let result = match message["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "weather", "version": "1" },
        }),
        "tools/list" => json!({ "tools": [{
            "name": "get_weather",
            "description": "The weather of a city.",
            "inputSchema": { "type": "object", "properties": { "city": { "type": "string" } } },
        }] }),
        _ => json!({ "content": [{ "type": "text", "text": "21 degrees" }] }),
    };
    Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

/// Serves until the input ends.
pub(super) fn over_pipes() -> io::Result<()> {
    for line in io::stdin().lines() {
        let message: Value = serde_json::from_str(&line?)?;
        if let Some(answer) = answer(&message) {
            writeln!(io::stdout(), "{answer}")?;
        }
    }
    Ok(())
}

/// Serves on a free port, as long as the program runs, and says where.
pub(super) fn over_http() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever leaves early asks anew.
            drop(serve(stream));
        }
    });
    Ok(url)
}

fn serve(stream: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut first) = (0, String::new());
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut body)?;
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (status, body) = match answer(&message) {
        Some(answer) => (
            "200 OK\r\ncontent-type: application/json",
            answer.to_string(),
        ),
        None if first.starts_with("POST") => ("202 Accepted", String::new()),
        None => ("405 Method Not Allowed", String::new()),
    };
    let length = body.len();
    write!(
        reader.into_inner(),
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
