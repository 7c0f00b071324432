//! MCP servers that misbehave, in every way, over HTTP and as child processes.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use kaos_hooks::{EventBuf, PhaseBuf};
use kaos_runner::mcp::McpServer;
use kaos_runner::{Limits, ModelReply, ToolContext, ToolSource as _};
use kaos_tests::agents::{agent, watched};
use kaos_tests::collectors::read_request;
use kaos_tests::mcp_server::{OverHttp, Server};
use kaos_tests::observed::Observed;
use kaos_tests::rogue::{self, Has};
use serde_json::{Value, json};

use crate::audit::Scratch;

/// Short: what hangs, hangs for good.
const LIMIT: Duration = Duration::from_millis(250);

/// Long: what works may be slow on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
enum Over {
    Http,
    Stdio,
}

impl Over {
    fn rogue(self, way: &'static str) -> McpServer {
        self.ending(way, &[])
    }

    fn ending(self, way: &'static str, words: &[&str]) -> McpServer {
        let server = match self {
            Self::Http => McpServer::http(rogue::over_http(way)),
            Self::Stdio => {
                let words = std::iter::once(way).chain(words.iter().copied());
                let words = words.map(str::to_owned);
                McpServer::stdio(env!("CARGO_BIN_EXE_mcp_stdio_server"), words)
            }
        };
        server.name("rogue")
    }
}

/// The notes of a turn's progress events with what they say of the source.
fn notes(events: &[EventBuf]) -> Vec<String> {
    let spans = events.iter().filter_map(EventBuf::span);
    let notes = spans.filter_map(|span| match &span.phase {
        PhaseBuf::Progress(progress) => Some(progress.note.to_string()),
        _ => None,
    });
    notes.collect()
}

/// A turn with a rogue and a good server, in which the good one's tool is called.
async fn beside_a_good_one(over: Over, way: &'static str, has: Has, good: &str) {
    let rogue = over.rogue(way);
    let hangs = matches!(
        has,
        Has::Nothing("timeout") | Has::NothingAnyhow | Has::Anything
    );
    let rogue = rogue.discovery_limit(if hangs { LIMIT } else { PATIENCE });
    let alone = rogue.tools(&ToolContext::default()).await;
    let good = McpServer::http(good.to_owned()).discovery_limit(PATIENCE);
    let call = ModelReply::call("1", "echo", r#"{"text":"hello"}"#);
    let (model, asked) = watched([call, ModelReply::text("done")]);
    let agent = agent("assistant", model)
        .tools_from(rogue.clone())
        .tools_from(good);
    let observed = Observed::new(agent);
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_sound();
    let shown = format!("{over:?}, {way}");
    assert_eq!(asked.results(), ["hello"], "{shown}");
    let tools = asked.requests()[0].tools.clone();
    let of_the_good_one = tools.iter().position(|name| name == "echo").unwrap();
    let notes = notes(&observed.recorder.events());
    match (has, &alone) {
        (Has::Tools(names), Ok(_)) => assert_eq!(tools[..of_the_good_one], *names, "{shown}"),
        (Has::Many(count), Ok(_)) => assert_eq!(of_the_good_one, count, "{shown}"),
        (Has::Nothing(kind), Err(why)) => {
            assert_eq!(why.kind(), kind, "{shown}: {why}");
            assert_eq!(notes, ["tools_missing"], "{shown}");
        }
        (Has::NothingAnyhow, Err(_)) => assert_eq!(notes, ["tools_missing"], "{shown}"),
        (Has::Anything, _) => {}
        (expected, got) => panic!("{shown}: not {expected:?} but {got:?}"),
    }
    if way == "a bad tool" {
        let listing = alone.unwrap();
        assert_eq!((listing.tools.len(), listing.left_out), (2, 13), "{shown}");
        assert_eq!(notes, ["tools_left_out"], "{shown}");
    }
    rogue.close().await;
}

#[tokio::test]
async fn whatever_a_server_does_the_tools_of_a_good_one_work_in_the_same_turn() {
    let good = OverHttp::start(Server::default()).await;
    let good = good.url();
    let each = [Over::Http, Over::Stdio]
        .into_iter()
        .flat_map(|over| rogue::WAYS.iter().map(move |(way, has)| (over, *way, *has)));
    join_all(each.map(|(over, way, has)| beside_a_good_one(over, way, has, &good))).await;
}

/// What the model is told of one call of the rogue's tool.
async fn told(over: Over, way: &'static str) -> String {
    let (model, asked) = watched([
        ModelReply::call("1", "rogue", "{}"),
        ModelReply::text("done"),
    ]);
    let server = over.rogue(way);
    let observed = Observed::new(agent("assistant", model).tools_from(server.clone()));
    observed.runner.turn("Work.", "s").await.unwrap();
    server.close().await;
    asked.results().remove(0)
}

#[tokio::test]
async fn a_result_is_all_its_parts_and_so_is_an_error() {
    let parts = "a text\n[image, image/png]\n[audio, audio/wav]\n[resource file:///linked]\na document\n[resource file:///blob]\n{\"rows\":3}";
    let cases = [
        ("all parts", parts.to_owned()),
        ("all parts, as an error", format!("error: {parts}")),
        (
            "an unknown part",
            "before\n[content of an unknown kind]\nwith words\nafter\n{\"rows\":3}".to_owned(),
        ),
    ];
    for over in [Over::Http, Over::Stdio] {
        for (way, expected) in &cases {
            assert_eq!(told(over, way).await, *expected, "{over:?}, {way}");
        }
    }
}

#[tokio::test]
async fn a_result_that_is_too_large_or_too_deep_to_be_read_is_an_error_at_once() {
    for over in [Over::Http, Over::Stdio] {
        for (way, why) in [
            ("answers with 17 MiB", "more than 16 MiB"),
            ("answers with what is nested 200 deep", "nested too deeply"),
        ] {
            let told = told(over, way).await;
            let broke = told.starts_with("error: the connection to the server ");
            assert!(broke, "{over:?}, {way}: {told}");
            if matches!(over, Over::Stdio) {
                assert!(told.contains(why), "{way}: {told}");
            }
        }
    }
}

/// A server over HTTP that is told what to do with each request, by hand.
pub(crate) fn by_hand(
    mut answer: impl FnMut(&str, &Value) -> Option<Value> + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let saw = Arc::clone(&heads);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // One request a connection, so that one thread is enough.
            let Some((head, body)) = read_request(&mut stream) else {
                continue;
            };
            let message: Value = serde_json::from_slice(&body).unwrap_or_default();
            saw.lock().unwrap().push(head.clone());
            let result = if !head.starts_with("POST") || message["id"].is_null() {
                "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
            } else if message["method"] == "initialize" {
                let _by_the_book = answer("initialize", &message);
                json_answer(
                    &message,
                    &json!({ "result": {
                    "protocolVersion": message["params"]["protocolVersion"],
                    "capabilities": { "tools": { "listChanged": true } },
                    "serverInfo": { "name": "by hand", "version": "1" },
                } }),
                )
            } else {
                let method = message["method"].as_str().unwrap_or_default();
                match answer(method, &message) {
                    Some(said) => json_answer(&message, &said),
                    None => continue,
                }
            };
            let _told = stream.write_all(result.as_bytes());
        }
    });
    (place, heads)
}

fn json_answer(message: &Value, said: &Value) -> String {
    let mut body = json!({ "jsonrpc": "2.0", "id": message["id"] });
    for (key, value) in said.as_object().unwrap() {
        body[key] = value.clone();
    }
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn unknown() -> Value {
    json!({ "error": { "code": -32601, "message": "no" } })
}

/// What this thread logs, of all libraries and at every level, as long as the guard lives.
fn heard() -> (Arc<Mutex<Vec<u8>>>, tracing::subscriber::DefaultGuard) {
    kaos_tests::subscribed();
    let logged: Arc<Mutex<Vec<u8>>> = Arc::default();
    let to = Arc::clone(&logged);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || Copied(Arc::clone(&to)))
        .finish();
    (logged, tracing::subscriber::set_default(subscriber))
}

struct Copied(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Copied {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn who_asks_is_said_to_the_server_and_to_nobody_else() {
    let secrets = [
        "user-word",
        "pass-word",
        "path-key",
        "query-key",
        "bearer-key",
        "header-key",
    ];
    // With a tool, and down.
    for up in [true, false] {
        let tool = json!({ "name": "rogue", "inputSchema": { "type": "object" } });
        let (place, heads) = by_hand(move |method, _| match method {
            "tools/list" if up => Some(json!({ "result": { "tools": [tool] } })),
            "tools/list" => None,
            "tools/call" => Some(json!({ "error": { "code": -32000, "message": "refused" } })),
            _ => Some(unknown()),
        });
        let url = format!("http://user-word:pass-word@{place}/path-key/mcp?key=query-key");
        for bearer in [true, false] {
            let server = McpServer::http(url.clone()).header("x-api-key", "header-key");
            let server = if bearer {
                server.bearer("bearer-key")
            } else {
                server
            };
            let calls = [
                ModelReply::call("1", "rogue", "{}"),
                ModelReply::text("done"),
            ];
            let (model, asked) = watched(calls);
            let observed = Observed::new(agent("assistant", model).tools_from(server.clone()));
            let (logged, listening) = heard();
            let listed = server.tools(&ToolContext::default()).await;
            observed.runner.turn("Work.", "s").await.unwrap();
            server.close().await;
            drop(listening);
            let heads = std::mem::take(&mut *heads.lock().unwrap()).concat();
            assert!(heads.contains("/path-key/mcp?key=query-key"), "{heads}");
            assert!(heads.contains("x-api-key: header-key"), "{heads}");
            assert_eq!(heads.contains("Bearer bearer-key"), bearer, "{heads}");
            let basic = "Basic dXNlci13b3JkOnBhc3Mtd29yZA==";
            assert_eq!(heads.contains(basic), !bearer, "{heads}");
            let events = observed.recorder.events();
            let lines: String = events.iter().map(EventBuf::to_line).collect();
            let logged = String::from_utf8(logged.lock().unwrap().clone()).unwrap();
            let said = format!(
                "{server:?} {listed:?} {:?} {lines} {logged}",
                asked.results()
            );
            for secret in secrets {
                assert!(!said.contains(secret), "{secret}: {said}");
            }
            assert!(up || said.contains(&format!("http://{place}")), "{said}");
        }
    }
}

#[tokio::test]
async fn what_changes_while_a_list_is_on_its_way_is_listed_again_and_old_tools_are_kept() {
    let server = Over::Stdio
        .rogue("changes")
        .discovery_limit(Duration::from_secs(2));
    let list = async || {
        let listing = server.tools(&ToolContext::default()).await.unwrap();
        let names = listing.tools.iter();
        let names: Vec<String> = names.map(|tool| tool.spec().name.to_string()).collect();
        (names, listing.stale.map(|why| why.kind().to_owned()))
    };
    // What a server says unasked is heard soon, not at once.
    let another_than = async |before| {
        for _look in 0..1000 {
            let now = list().await;
            if now != before {
                return now;
            }
            tokio::task::yield_now().await;
        }
        before
    };
    let (one, two) = (vec!["one".to_owned()], vec!["two".to_owned()]);
    let stale = |kind: &str| (one.clone(), Some(kind.to_owned()));
    let first = list().await;
    assert_eq!(first, (one.clone(), None));
    // The server said before its list came that it changed: it is asked for again, and refused.
    let second = another_than(first).await;
    assert_eq!(second, stale("-32603"));
    // Then it changes again, and the list never comes.
    let third = another_than(second).await;
    assert_eq!(third, stale("timeout"));
    assert_eq!(another_than(third).await, (two, None));
    server.close().await;
}

#[tokio::test]
async fn what_a_server_says_when_it_wants_a_token_is_its_own_affair() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _asked = read_request(&mut stream);
            let head = "HTTP/1.1 401 No\r\nwww-authenticate: Bearer realm=\"its-word\"\r\n";
            let _told = write!(
                stream,
                "{head}content-length: 8\r\nconnection: close\r\n\r\nits-word"
            );
        }
    });
    let (logged, listening) = heard();
    let why = McpServer::http(format!("http://{place}/mcp"))
        .tools(&ToolContext::default())
        .await;
    drop(listening);
    let why = why.unwrap_err();
    assert_eq!(why.kind(), "auth");
    let expected =
        format!("no connection to the server http://{place}: it asks for authentication");
    assert_eq!(why.to_string(), expected);
    let logged = String::from_utf8(logged.lock().unwrap().clone()).unwrap();
    let warned = logged.lines().filter(|line| line.contains(" WARN "));
    assert!(warned.clone().count() > 0, "{logged}");
    for line in warned {
        assert!(!line.contains("its-word"), "{line}");
    }
}

#[tokio::test]
async fn a_turn_says_that_its_tools_are_those_known_before() {
    let mut lists = 0;
    let (place, _heads) = by_hand(move |method, _| {
        let tool = json!({ "name": "rogue", "inputSchema": { "type": "object" } });
        match method {
            "tools/list" => {
                lists += 1;
                (lists == 1).then(|| json!({ "result": { "tools": [tool] } }))
            }
            // The answer is no message: the connection is given up, and the next one lists anew.
            "tools/call" => None,
            _ => Some(unknown()),
        }
    });
    let calls = [
        ModelReply::call("1", "rogue", "{}"),
        ModelReply::text("one"),
        ModelReply::text("two"),
    ];
    let (model, asked) = watched(calls);
    let server = McpServer::http(format!("http://{place}/mcp"));
    let observed = Observed::new(agent("assistant", model).tools_from(server));
    observed.runner.turn("Work.", "s").await.unwrap();
    assert!(notes(&observed.recorder.events()).is_empty());
    observed.runner.turn("Work.", "s").await.unwrap();
    assert_eq!(notes(&observed.recorder.events()), ["tools_stale"]);
    assert_eq!(asked.requests()[2].tools, ["rogue"]);
}

#[tokio::test]
async fn a_call_has_the_limit_of_its_server() {
    let (place, _heads) = by_hand(|method, _| match method {
        "tools/list" => {
            let tool = json!({ "name": "rogue", "inputSchema": { "type": "object" } });
            Some(json!({ "result": { "tools": [tool] } }))
        }
        _ => Some(unknown()),
    });
    let limit = Duration::from_secs(7);
    let server = McpServer::http(format!("http://{place}/mcp")).call_limit(limit);
    let listing = server.tools(&ToolContext::default()).await.unwrap();
    assert_eq!(listing.tools[0].spec().time_limit, Some(limit));
    assert!(limit < Limits::default().tool);
}

/// The processes that a rogue noted, and whether it saw its input end.
fn noted(file: &Path) -> (Vec<String>, bool) {
    let text = std::fs::read_to_string(file).unwrap();
    let pids = text.lines().filter_map(|line| line.strip_prefix("pid "));
    (
        pids.map(str::to_owned).collect(),
        text.lines().any(|line| line == "closed"),
    )
}

/// Whether a process is gone: not there, or only its exit code is.
pub(crate) fn is_gone(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    status.map_or(true, |status| {
        let state = status.rsplit(')').next().unwrap_or_default().trim_start();
        state.starts_with(['Z', 'X'])
    })
}

/// How a child ends, and whether it is the clock that ends it.
const ENDS: &[(&[&str], bool)] = &[
    (&[], false),
    (&["leaves"], false),
    (&["deaf"], true),
    (&["deaf", "leaves"], true),
    (&["stubborn", "leaves"], true),
];

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_child_ends_in_order_and_so_does_what_it_started() {
    let scratch = Scratch::new("mcp-ends");
    std::fs::create_dir(scratch.path()).unwrap();
    for (how, waits) in ENDS {
        let file = scratch.path().join(how.join("-") + "-notes");
        let path = file.display().to_string();
        let words: Vec<&str> = how.iter().copied().chain(["writes", &path]).collect();
        let server = Over::Stdio.ending("good", &words);
        server.tools(&ToolContext::default()).await.unwrap();
        if *waits {
            // Nobody waits for it here: the clock goes on as soon as nothing else does.
            tokio::time::pause();
            server.close().await;
            tokio::time::resume();
        } else {
            server.close().await;
        }
        let (pids, closed) = noted(&file);
        assert_eq!(pids.len(), if how.contains(&"leaves") { 2 } else { 1 });
        for pid in pids {
            // A signal takes effect soon, not at once.
            while *waits && !is_gone(&pid) {
                tokio::task::yield_now().await;
            }
            assert!(is_gone(&pid), "{how:?}: {pid} lives on");
        }
        if !*waits {
            assert!(closed, "{how:?}: its input is closed first");
            // It can be started again.
            assert_eq!(
                server
                    .tools(&ToolContext::default())
                    .await
                    .unwrap()
                    .tools
                    .len(),
                1
            );
            server.close().await;
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_runtime_that_ends_leaves_no_child_behind() {
    let scratch = Scratch::new("mcp-runtime");
    std::fs::create_dir(scratch.path()).unwrap();
    let file = scratch.path().join("notes");
    let path = file.display().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = Over::Stdio.ending("good", &["stubborn", "leaves", "writes", &path]);
    runtime
        .block_on(server.tools(&ToolContext::default()))
        .unwrap();
    drop(runtime);
    let (pids, _closed) = noted(&file);
    assert_eq!(pids.len(), 2);
    // A signal takes effect soon, not at once.
    while !pids.iter().all(|pid| is_gone(pid)) {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_child_s_standard_error_is_whose_asks_for_it() {
    let (tell, mut told) = tokio::sync::mpsc::channel(4);
    let server = Over::Stdio
        .ending("good", &["complains"])
        .stderr(move |line| drop(tell.try_send(line.to_owned())));
    server.tools(&ToolContext::default()).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "\u{1b}]0;owned\u{7}complaint");
    server.close().await;
}
