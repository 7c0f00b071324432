//! An MCP server that misbehaves in one chosen way, over HTTP on loopback or on standard input and
//! output. It is made by hand: libraries do not let one misbehave.

use std::io::{BufRead as _, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::collectors::read_request;

/// Every way, and what a client has of it: the names of its tools, or why it has none (an error's
/// kind).
pub const WAYS: &[(&str, Has)] = &[
    ("good", Has::Tools(&["rogue"])),
    ("a bad tool", Has::Tools(&["rogue", "last"])),
    ("tools as an object", Has::Nothing("bad_response")),
    ("no list at all", Has::Nothing("bad_response")),
    ("the same cursor", Has::Tools(&["rogue"])),
    ("cursors in a circle", Has::Tools(&["rogue"])),
    ("cursors without end", Has::Tools(&["rogue"])),
    ("an empty cursor", Has::Tools(&["rogue"])),
    ("tools without end", Has::Many(1000)),
    ("refuses to list", Has::Nothing("-32603")),
    ("never lists", Has::Nothing("timeout")),
    ("lists under another id", Has::Nothing("timeout")),
    ("lists 17 MiB", Has::Nothing("connection")),
    ("lists what is nested 200 deep", Has::Nothing("connection")),
    (
        "says what is nested 200 deep by mistake",
        Has::Tools(&["rogue"]),
    ),
    ("lists no JSON", Has::NothingAnyhow),
    ("dies when it lists", Has::Nothing("connection")),
    ("never begins", Has::Nothing("timeout")),
    ("refuses to begin", Has::Nothing("connection")),
    ("begins with no JSON", Has::NothingAnyhow),
    ("dies at once", Has::Nothing("connection")),
    ("speaks an unknown version", Has::Anything),
    ("talks before it answers", Has::Tools(&["rogue"])),
    ("knows no sessions", Has::Tools(&["rogue"])),
    ("knows no beginning", Has::Nothing("connection")),
];

/// What a client has of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// These tools.
    Tools(&'static [&'static str]),
    /// So many tools.
    Many(usize),
    /// None, for this kind of reason.
    Nothing(&'static str),
    /// None, for a reason that depends on how it is spoken to.
    NothingAnyhow,
    /// Tools or none: the protocol leaves it open.
    Anything,
}

/// What the server does with a message.
enum Act {
    Say(Value),
    Raw(String),
    Hang,
    Die,
}

/// A tool of this name that does nothing.
fn tool(name: &str) -> Value {
    json!({ "name": name, "description": "A tool.", "inputSchema": { "type": "object" } })
}

/// A page of tools of these names.
fn listed(names: &[&str], next: &str) -> Value {
    let tools: Vec<Value> = names.iter().map(|name| tool(name)).collect();
    json!({ "tools": tools, "nextCursor": next })
}

/// Two tools that can be used, and what is none between them.
fn bad_tools() -> Value {
    json!({ "tools": [
        tool("rogue"),
        { "name": 5, "inputSchema": { "type": "object" } },
        { "inputSchema": { "type": "object" } },
        "no tool",
        null,
        { "name": "no_schema" },
        { "name": "a_list_as_schema", "inputSchema": [] },
        tool(""),
        tool("red\u{1b}[31m"),
        tool("c1\u{9b}31m"),
        tool("turned\u{202e}"),
        tool(&"n".repeat(129)),
        tool("rogue"),
        { "name": "large", "inputSchema": { "type": "object", "title": "t".repeat(300_000) } },
        tool("last"),
    ] })
}

fn refusal(id: &Value, code: i32) -> Act {
    let error = json!({ "code": code, "message": "no" });
    Act::Say(json!({ "jsonrpc": "2.0", "id": id, "error": error }))
}

/// `lists` counts the lists that were asked for.
fn acts(way: &str, lists: &AtomicUsize, message: &Value) -> Vec<Act> {
    let method = message["method"].as_str().unwrap_or_default();
    let id = &message["id"];
    if id.is_null() {
        return Vec::new();
    }
    let result = |result: Value| Act::Say(json!({ "jsonrpc": "2.0", "id": id, "result": result }));
    let error = |code: i32| refusal(id, code);
    let page = |tools: &[&str], next: &str| result(listed(tools, next));
    let cursor = message["params"]["cursor"].as_str().unwrap_or("0");
    let number: usize = cursor.parse().unwrap_or_default();
    let answer = match (method, way) {
        ("initialize", "never begins") | ("tools/list", "never lists") => Act::Hang,
        ("initialize", "refuses to begin") | ("tools/list", "refuses to list") => error(-32603),
        ("initialize", "knows no sessions") => error(-32022),
        ("initialize" | "server/discover", "knows no beginning") => error(-32601),
        ("server/discover", "knows no sessions") => result(json!({
            "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
            "supportedVersions": ["2026-07-28"],
            "capabilities": { "tools": { "listChanged": true } },
            "serverInfo": { "name": "rogue", "version": "1" },
        })),
        ("initialize", "begins with no JSON") => Act::Raw("{\"jsonrpc\": 2.0, id}".to_owned()),
        (_, "dies at once") | ("tools/list", "dies when it lists") => Act::Die,
        ("initialize", _) => {
            let given = &message["params"]["protocolVersion"];
            let unknown = json!("1999-01-01");
            let unknown = (way == "speaks an unknown version").then_some(&unknown);
            result(json!({
                "protocolVersion": unknown.unwrap_or(given),
                "capabilities": { "tools": { "listChanged": true } },
                "serverInfo": { "name": "rogue", "version": "1" },
            }))
        }
        ("tools/list", "a bad tool") => result(bad_tools()),
        ("tools/list", "tools as an object") => result(json!({ "tools": {} })),
        ("tools/list", "no list at all") => result(json!({ "list": [] })),
        ("tools/list", "the same cursor") => page(&["rogue"], "again"),
        ("tools/list", "cursors in a circle") => {
            page(&["rogue"], if cursor == "a" { "b" } else { "a" })
        }
        ("tools/list", "cursors without end") => page(&["rogue"], &(number + 1).to_string()),
        ("tools/list", "an empty cursor") => page(&["rogue"], ""),
        ("tools/list", "tools without end") => {
            let names: Vec<String> = (0..400).map(|at| format!("t{number}_{at}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            page(&names, &(number + 1).to_string())
        }
        ("tools/list", "lists under another id") => {
            return vec![
                Act::Say(json!({ "jsonrpc": "2.0", "id": 999_999, "result": { "tools": [] } })),
                Act::Hang,
            ];
        }
        ("tools/list", "lists 17 MiB") => {
            let mut large = tool("rogue");
            large["description"] = json!("d".repeat(17 * 1024 * 1024));
            result(json!({ "tools": [large] }))
        }
        ("tools/list", "lists what is nested 200 deep") => {
            let mut deep = tool("deep");
            deep["inputSchema"]["title"] = nested(200);
            result(json!({ "tools": [tool("rogue"), deep] }))
        }
        ("tools/list", "says what is nested 200 deep by mistake") => {
            return vec![
                Act::Raw("[".repeat(200)),
                result(json!({ "tools": [tool("rogue")] })),
            ];
        }
        ("tools/list", "lists no JSON") => Act::Raw("{\"tools\": [".to_owned()),
        ("tools/list", "talks before it answers") => {
            return vec![
                Act::Raw("Listening on port 3000".to_owned()),
                Act::Raw("\u{1b}[32mready\u{1b}[0m".to_owned()),
                result(json!({ "tools": [tool("rogue")] })),
            ];
        }
        ("tools/list", "changes") => {
            let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
            return match lists.fetch_add(1, Ordering::SeqCst) {
                0 => vec![Act::Say(changed), page(&["one"], "")],
                1 => vec![Act::Say(changed), error(-32603)],
                2 => vec![Act::Say(changed), Act::Hang],
                _ => vec![page(&["two"], "")],
            };
        }
        ("tools/list", _) => result(json!({ "tools": [tool("rogue")] })),
        ("tools/call", _) => result(called(way)),
        ("ping", _) => result(json!({})),
        _ => error(-32601),
    };
    vec![answer]
}

/// A list in a list, and so on.
fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

/// The result of any tool.
fn called(way: &str) -> Value {
    match way {
        "all parts" | "all parts, as an error" => json!({
            "content": [
                { "type": "text", "text": "a text" },
                { "type": "image", "mimeType": "image/png", "data": "AAAA" },
                { "type": "audio", "mimeType": "audio/wav", "data": "AAAA" },
                { "type": "resource_link", "uri": "file:///linked", "name": "linked" },
                { "type": "resource", "resource": { "uri": "file:///text", "text": "a document" } },
                { "type": "resource", "resource": {
                    "uri": "file:///blob", "mimeType": "application/zip", "blob": "AAAA" } },
            ],
            "structuredContent": { "rows": 3 },
            "isError": way == "all parts, as an error",
        }),
        "answers with 17 MiB" => json!({
            "content": [{ "type": "text", "text": "t".repeat(17 * 1024 * 1024) }],
        }),
        "answers with what is nested 200 deep" => json!({
            "content": [],
            "structuredContent": { "deep": nested(200) },
        }),
        "an unknown part" => json!({
            "content": [
                { "type": "text", "text": "before" },
                { "type": "hologram", "data": "AAAA" },
                { "type": "poem", "text": "with words" },
                { "type": "text", "text": "after" },
            ],
            "structuredContent": { "rows": 3 },
        }),
        _ => json!({ "content": [{ "type": "text", "text": "from the rogue" }] }),
    }
}

/// Speaks on standard input and output until that is closed. Further words say how it ends.
///
/// - `writes FILE`: says there which processes and variables there are, and that the input was closed.
/// - `leaves`: starts a process that outlives it.
/// - `deaf`: does not end when its input is closed.
/// - `stubborn`: nor when it is asked to.
/// - `complains`: writes an escape sequence to its standard error.
/// - `tells secrets`: writes a token to its standard error.
/// - `floods`: writes 20 000 lines to its standard error.
///
/// # Panics
///
/// If it cannot write what it is to.
pub fn over_stdio(way: &str, words: &[String]) {
    let has = |word: &str| words.iter().any(|it| it == word);
    let at = words.iter().position(|it| it == "writes");
    let mut file = at.map(|at| std::fs::File::create(&words[at + 1]).unwrap());
    let mut note = |text: String| {
        if let Some(file) = &mut file {
            writeln!(file, "{text}").unwrap();
        }
    };
    note(format!("pid {}", std::process::id()));
    for (name, value) in std::env::vars() {
        note(format!("env {name}={value}"));
    }
    if has("leaves") {
        // The shell ends at once; what it started in the background does not.
        let left = Command::new("sh")
            .args(["-c", "sleep 600 >/dev/null 2>&1 & echo $!"])
            .output()
            .unwrap();
        note(format!(
            "pid {}",
            String::from_utf8_lossy(&left.stdout).trim()
        ));
    }
    if has("tells secrets") {
        let secret = b"Authorization: Bearer 38bb7b318cc6898c80317decb34525844bc9db55\n";
        let _written = std::io::stderr().write_all(secret);
    }
    if has("floods") {
        let flood = "the same complaint\n".repeat(20_000);
        let _written = std::io::stderr().write_all(flood.as_bytes());
    }
    if has("complains") {
        let mut err = std::io::stderr();
        writeln!(err, "\u{1b}]0;owned\u{7}complaint").unwrap();
    }
    let (mut out, lists) = (std::io::stdout(), AtomicUsize::new(0));
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        for act in acts(way, &lists, &message) {
            let said = match act {
                Act::Say(value) => writeln!(out, "{value}"),
                Act::Raw(text) => writeln!(out, "{text}"),
                Act::Hang => Ok(()),
                Act::Die => return,
            };
            // Who asked may be gone by now.
            let _said = said.and_then(|()| out.flush());
        }
    }
    note("closed".to_owned());
    if has("deaf") || has("stubborn") {
        let trap = if has("stubborn") { "trap '' TERM;" } else { "" };
        let shell = format!("{trap} sleep 600 & wait; sleep 600");
        let _ended = Command::new("sh").args(["-c", &shell]).status();
    }
}

/// Starts it on a free port, and gives its base URL. It goes with the process.
///
/// # Panics
///
/// If there is no port.
pub fn over_http(way: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(way, stream));
        }
    });
    url
}

fn serve(way: &str, mut stream: TcpStream) {
    let lists = AtomicUsize::new(0);
    while let Some((head, body)) = read_request(&mut stream) {
        let message: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !head.starts_with("POST") {
            let _told = stream.write_all(b"HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n");
            continue;
        }
        let mut body = None;
        for act in acts(way, &lists, &message) {
            match act {
                Act::Say(value) => body = Some(value.to_string()),
                // What is said before an answer has no place over HTTP.
                Act::Raw(text) => body = Some(text),
                Act::Hang => {
                    let _gone = stream.set_read_timeout(Some(Duration::from_secs(20)));
                    let _gone = stream.read(&mut [0]);
                    return;
                }
                Act::Die => return,
            }
        }
        let answer = match body {
            None => "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n".to_owned(),
            Some(body) => format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ),
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
