//! Sessions in a real Redis: what every store must do, two processes on one session, and a server that is killed,
//! restarted, full, slow, behind TLS. `REDIS_SERVER` is the program, `REDIS_CERTS` a folder with `ca.crt`,
//! `server.crt` and `server.key`. Prints a line for each check.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests asserts, and prints what it found"
)]

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaos_runner::{
    Agent, FunctionModel, Limits, ModelReply, RedisSessions, Reply, Runner, SessionBounds,
    SessionStore, TurnError, TurnErrorKind,
};
use kaos_tests::session_store::{contract, kept, turn};
use tokio::sync::Notify;

const PASSWORD: &str = "canary-PASSWORD-8f2c";

/// A server, ended when dropped.
struct Server {
    process: Child,
    port: u16,
    tls: bool,
    folder: PathBuf,
}

impl Server {
    async fn start(tls: bool) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = std::env::temp_dir().join(format!("kaos-redis-{port}"));
        fs::create_dir_all(&folder).unwrap();
        let process = Self::process(port, tls, &folder, &[]);
        let server = Self {
            process,
            port,
            tls,
            folder,
        };
        server.answers().await;
        server
    }

    fn process(port: u16, tls: bool, folder: &PathBuf, more: &[&str]) -> Child {
        let program = std::env::var("REDIS_SERVER").unwrap();
        let certs = PathBuf::from(std::env::var("REDIS_CERTS").unwrap());
        let port = port.to_string();
        let mut server = Command::new(program);
        server.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
        server
            .args(["--appendfsync", "no", "--requirepass", PASSWORD])
            .arg("--dir")
            .arg(folder)
            .args(more);
        if tls {
            server.args([
                "--port",
                "0",
                "--tls-port",
                &port,
                "--tls-auth-clients",
                "no",
            ]);
            for (option, name) in [
                ("--tls-cert-file", "server.crt"),
                ("--tls-key-file", "server.key"),
                ("--tls-ca-cert-file", "ca.crt"),
            ] {
                server.arg(option).arg(certs.join(name));
            }
        } else {
            server.args(["--port", &port]);
        }
        server.stdout(Stdio::null()).spawn().unwrap()
    }

    async fn answers(&self) {
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the server does not start");
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    async fn start_again(&mut self) {
        self.start_with(&[]).await;
    }

    async fn start_with(&mut self, more: &[&str]) {
        self.process = Self::process(self.port, self.tls, &self.folder, more);
        self.answers().await;
    }

    fn url(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        format!("{scheme}://:{PASSWORD}@127.0.0.1:{}/0", self.port)
    }

    fn store(&self) -> RedisSessions {
        RedisSessions::open(&self.url())
            .unwrap()
            .lease(Duration::from_secs(1))
    }

    /// Says something to the server, past the store.
    async fn say(&self, words: &[&str]) {
        let client = redis::Client::open(self.url()).unwrap();
        let mut open = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(word);
        });
        let _answer: redis::Value = command.query_async(&mut open).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn limits(seconds: u64) -> Limits {
    Limits {
        turn: Duration::from_secs(seconds),
        ..Limits::default()
    }
}

/// A runner whose agent says how many messages it was shown.
fn runner(store: RedisSessions) -> Runner {
    runner_after(store, async || ())
}

/// The same, whose agent says when it is asked, and answers when it may.
fn held(store: RedisSessions) -> (Runner, Arc<Notify>, Arc<Notify>) {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (asks, goes) = (Arc::clone(&asked), Arc::clone(&go));
    let wait = move || {
        let (asks, goes) = (Arc::clone(&asks), Arc::clone(&goes));
        async move {
            asks.notify_one();
            goes.notified().await;
        }
    };
    (runner_after(store, wait), asked, go)
}

fn runner_after<F>(store: RedisSessions, wait: impl Fn() -> F + Send + Sync + 'static) -> Runner
where
    F: Future<Output = ()> + Send + 'static,
{
    let model = FunctionModel::from_async(move |request| {
        let seen = request.messages.len();
        let wait = wait();
        async move {
            wait.await;
            Ok(ModelReply::text(format!("{seen} messages")))
        }
    });
    Runner::new(Agent::new("assistant", model).limits(limits(30))).sessions(store)
}

fn kind(turn: &Result<Reply, TurnError>) -> &'static str {
    match turn.as_ref().map_err(TurnError::kind) {
        Ok(_) => "answered",
        Err(TurnErrorKind::SessionBusy) => "session_busy",
        Err(TurnErrorKind::Session(error)) => error.kind(),
        Err(_) => "other",
    }
}

/// This program as another process on the same session.
fn other(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What the other processes do.
async fn work(arguments: &[String]) {
    let url = &arguments[1];
    let store = RedisSessions::open(url)
        .unwrap()
        .lease(Duration::from_secs(1));
    match arguments[0].as_str() {
        "turns" => {
            let runner = runner_after(store, || tokio::time::sleep(Duration::from_millis(2)));
            for number in 0..25 {
                let reply = runner
                    .turn(format!("{} {number}", arguments[2]), "shared")
                    .await
                    .unwrap();
                reply.remembered().unwrap();
            }
        }
        "hangs" => {
            println!(
                "{}",
                kind(
                    &runner_after(store, std::future::pending)
                        .turn("Hi!", "killed")
                        .await
                )
            );
        }
        "contract" => contract(Arc::new(store)).await,
        other => panic!("{other}"),
    }
}

async fn two_processes_on_one_session(server: &Server) {
    let url = server.url();
    let children = ["a", "b"].map(|name| other(&["turns", &url, name]).spawn().unwrap());
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let turns = kept(&server.store(), "shared").await;
    let numbers: Vec<u32> = turns.iter().map(|(number, _)| *number).collect();
    assert_eq!(
        numbers,
        (1..=50).collect::<Vec<_>>(),
        "nothing lost, one order"
    );
    for name in ["a", "b"] {
        let own = turns.iter().filter(|(_, text)| text.starts_with(name));
        let own: Vec<&str> = own.map(|(_, text)| text.as_str()).collect();
        let expected: Vec<String> = (0..25).map(|number| format!("{name} {number}")).collect();
        assert_eq!(own, expected);
    }
    let mixed = turns
        .windows(2)
        .filter(|pair| pair[0].1[..1] != pair[1].1[..1]);
    let mixed = mixed.count();
    assert!(mixed >= 20, "first come, first served: {mixed} changes");
    println!("ok    two processes on one session: 50 turns, {mixed} changes between them");
}

/// Starts another process and waits until it has the session.
async fn that_hangs(server: &Server) -> Child {
    let child = other(&["hangs", &server.url()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let client = redis::Client::open(server.url()).unwrap();
    let mut open = client.get_multiplexed_async_connection().await.unwrap();
    let mut has = false;
    for _ in 0..500 {
        has = redis::cmd("EXISTS")
            .arg("kaos:lock:killed")
            .query_async(&mut open)
            .await
            .unwrap();
        if has {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(has, "the other process takes no session");
    child
}

async fn a_killed_process_blocks_no_longer_than_its_lease(server: &Server) {
    let mut child = that_hangs(server).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let began = Instant::now();
    let reply = runner(server.store()).turn("Hi!", "killed").await.unwrap();
    let waited = began.elapsed();
    assert_eq!(reply.text(), "1 messages");
    assert!(waited < Duration::from_millis(1_500), "{waited:?}");
    println!("ok    a killed process blocked a lease of 1 s for {waited:?}");
}

async fn a_process_that_stood_still_changes_nothing(server: &Server) {
    let child = that_hangs(server).await;
    let pid = child.id().to_string();
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, pid.as_str()]).status();
        assert!(sent.unwrap().success());
    };
    signal("-STOP");
    let reply = runner(server.store()).turn("Hi!", "killed").await.unwrap();
    assert_eq!(reply.remembered(), Ok(()));
    let before = kept(&server.store(), "killed").await;
    signal("-CONT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().trim(),
        "session_lost"
    );
    assert_eq!(kept(&server.store(), "killed").await, before);
    println!("ok    a process that stood still longer than its lease: session_lost, nothing added");
}

async fn a_server_that_is_restarted(server: &mut Server) {
    let before = runner(server.store()).turn("Hi!", "restarted").await;
    assert_eq!(before.unwrap().text(), "1 messages");
    let (runner, asked, go) = held(server.store());
    let turn = tokio::spawn(runner.turn("Hi!", "restarted").into_future());
    asked.notified().await;
    server.stop();
    server.start_again().await;
    go.notify_one();
    let reply = turn.await.unwrap().unwrap();
    assert_eq!((reply.text(), reply.remembered()), ("3 messages", Ok(())));
    let runner = self::runner(server.store());
    let after = runner.turn("Hi!", "restarted").await.unwrap();
    assert_eq!(after.text(), "5 messages");
    println!("ok    a server killed and started again within a turn: the turn is remembered");

    server.stop();
    let began = Instant::now();
    let down = runner.turn("Hi!", "restarted").await;
    assert_eq!(kind(&down), "session_unavailable");
    assert!(began.elapsed() < Duration::from_secs(6));
    let why = format!("{down:?}");
    assert!(
        !why.contains(PASSWORD) && why.contains(&server.port.to_string()),
        "{why}"
    );
    server.start_again().await;
    let back = runner.turn("Hi!", "restarted").await.unwrap();
    assert_eq!(back.text(), "7 messages");
    println!("ok    a server that is down: session_unavailable, and well again when it is up");
}

/// It refuses every command until it has read its file again.
async fn a_server_that_loads(server: &mut Server) {
    let fill = "for it = 1, 10000 do redis.call('SET', 'fill:' .. it, it) end";
    server.say(&["EVAL", fill, "0"]).await;
    let (runner, asked, go) = held(server.store());
    let turn = tokio::spawn(runner.turn("Hi!", "loads").into_future());
    asked.notified().await;
    server.stop();
    // 200 millionths of a second a command; it listens every 1 024 commands.
    server.start_with(&["--key-load-delay", "200"]).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut open = client.get_multiplexed_async_connection().await.unwrap();
    let refused: redis::RedisResult<redis::Value> =
        redis::cmd("GET").arg("fill:1").query_async(&mut open).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("loading"), "{refused}");
    go.notify_one();
    let reply = turn.await.unwrap().unwrap();
    assert_eq!((reply.text(), reply.remembered()), ("1 messages", Ok(())));
    println!("ok    a server that loads its data: it is asked again, and the turn is remembered");
}

async fn a_server_that_is_full(server: &Server) {
    let full = ["CONFIG", "SET", "maxmemory", "1"];
    runner(server.store()).turn("Hi!", "full").await.unwrap();
    let (runner, asked, go) = held(server.store());
    let turn = tokio::spawn(runner.turn("Hi!", "full").into_future());
    asked.notified().await;
    server
        .say(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .await;
    server.say(&full).await;
    go.notify_one();
    let reply = turn.await.unwrap().unwrap();
    assert_eq!(reply.text(), "3 messages", "the answer stands");
    assert_eq!(
        reply.remembered().unwrap_err().kind(),
        "session_unavailable"
    );
    assert_eq!(
        kind(&self::runner(server.store()).turn("Hi!", "full").await),
        "session_unavailable"
    );
    assert_eq!(
        runner.session_store().load("full").await.unwrap().len(),
        1,
        "it can be read"
    );
    assert!(
        runner.session_store().forget("full").await.unwrap(),
        "and forgotten"
    );
    server.say(&["CONFIG", "SET", "maxmemory", "0"]).await;
    let again = self::runner(server.store());
    let reply = again.turn("Hi!", "full").await.unwrap();
    assert_eq!((reply.text(), reply.remembered()), ("1 messages", Ok(())));
    println!(
        "ok    a full server: the answer stands and says that it is not remembered; nothing is half written"
    );
}

async fn a_server_that_is_slow(server: &Server) {
    let runner = runner(server.store());
    server.say(&["CLIENT", "PAUSE", "600", "ALL"]).await;
    let began = Instant::now();
    let reply = runner.turn("Hi!", "slow").await.unwrap();
    assert_eq!(reply.remembered(), Ok(()));
    let took = began.elapsed();
    assert!(
        took > Duration::from_millis(300) && took < Duration::from_secs(3),
        "{took:?}"
    );
    server.say(&["CLIENT", "PAUSE", "7000", "ALL"]).await;
    let began = Instant::now();
    let turn = runner.turn("Hi!", "slow").await;
    assert_eq!(kind(&turn), "session_unavailable");
    let gave_up = began.elapsed();
    assert!(gave_up < Duration::from_secs(7), "{gave_up:?}");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(
        runner.turn("Hi!", "slow").await.unwrap().text(),
        "3 messages"
    );
    println!(
        "ok    a server that stands still for 0.6 s: the turn took {took:?}; for 7 s: session_unavailable after {gave_up:?}"
    );
}

async fn what_is_kept_is_bounded(server: &Server) {
    let bounds = SessionBounds {
        sessions: 20,
        session_tokens: 100,
        ..SessionBounds::default()
    };
    let idle = Duration::from_secs(2);
    let store = server.store().bounds(bounds).prefix("bounded:").idle(idle);
    let runner = runner(store);
    for number in 0..60 {
        runner.turn("Hi!", format!("s-{number}")).await.unwrap();
        runner.turn("Hi!", "often").await.unwrap();
    }
    let listed = runner.session_store().list(1_000).await.unwrap();
    assert_eq!(listed.len(), 20);
    let often = listed.iter().find(|it| it.session == "often").unwrap();
    assert!(often.turns > 1 && often.tokens <= 100, "{often:?}");
    let turns = runner.session_store().load("often").await.unwrap();
    let exact = (
        turns.len(),
        turns.iter().map(|it| it.tokens).sum(),
        turns.iter().map(|it| it.bytes).sum(),
    );
    assert_eq!((often.turns, often.tokens, often.bytes), exact);
    let gone = async || runner.session_store().list(1_000).await.unwrap().is_empty();
    let began = Instant::now();
    while !gone().await {
        assert!(began.elapsed() < 4 * idle, "an idle session stays");
        tokio::time::sleep(idle / 10).await;
    }
    let client = redis::Client::open(server.url()).unwrap();
    let mut open = client.get_multiplexed_async_connection().await.unwrap();
    let left: Vec<String> = redis::cmd("KEYS")
        .arg("bounded:*")
        .query_async(&mut open)
        .await
        .unwrap();
    assert!(left.len() <= 2, "{left:?}");
    println!("ok    sessions and their tokens are bounded, and what nobody uses runs out");
}

/// A thousand turns of one session, which is full after fewer than a hundred.
async fn latency_is_flat(server: &Server) {
    let bounds = SessionBounds {
        session_tokens: 2_000,
        ..SessionBounds::default()
    };
    let runner = runner(server.store().bounds(bounds));
    let mut micros = Vec::new();
    for number in 0..1_000 {
        let began = Instant::now();
        let reply = runner.turn(format!("Question {number}?"), "long").await;
        assert_eq!(reply.unwrap().remembered(), Ok(()));
        micros.push(began.elapsed().as_micros());
    }
    let median = |turns: &[u128]| {
        let mut turns = turns.to_vec();
        turns.sort_unstable();
        turns[turns.len() / 2]
    };
    let (early, late) = (median(&micros[100..300]), median(&micros[800..]));
    assert!(late < early * 2, "{early} µs, then {late} µs");
    println!(
        "ok    1 000 turns of one session: {early} µs a turn after a hundred, {late} µs at the end"
    );
}

async fn tls_and_passwords() {
    let server = Server::start(true).await;
    let certs = PathBuf::from(std::env::var("REDIS_CERTS").unwrap());
    let trusting = other(&["contract", &server.url()])
        .env("SSL_CERT_FILE", certs.join("ca.crt"))
        .status();
    assert!(trusting.unwrap().success());
    let turn = runner(server.store()).turn("Hi!", "s").await;
    assert_eq!(
        kind(&turn),
        "session_unavailable",
        "a stranger's certificate is not trusted"
    );
    assert!(!format!("{turn:?}").contains(PASSWORD));
    let plain = server.url().replace("rediss://", "redis://");
    let plain = RedisSessions::open(&plain).unwrap();
    let turn = runner(plain).turn("Hi!", "s").await;
    assert_eq!(
        kind(&turn),
        "session_unavailable",
        "TLS is spoken with TLS only"
    );
    println!("ok    rediss:// does it all, and trusts nobody it should not");
}

async fn passwords_are_not_shown(server: &Server) {
    let wrong = "wrong-canary-PASSWORD";
    let store =
        RedisSessions::open(&format!("redis://:{wrong}@127.0.0.1:{}", server.port)).unwrap();
    let debug = format!("{store:?}");
    let turn = runner(store).turn("Hi!", "s").await;
    assert_eq!(kind(&turn), "session_unavailable");
    let why = format!("{debug} {turn:?}");
    assert!(!why.contains("canary"), "{why}");
    for url in [
        "redis:/canary",
        "http://:canary@x",
        "redis://:canary@host:port",
        "canary",
    ] {
        let error = RedisSessions::open(url).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
    println!("ok    no password is shown: a wrong one, one in a wrong URL");
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.is_empty() {
        return work(&arguments).await;
    }
    let mut server = Server::start(false).await;
    contract(Arc::new(server.store())).await;
    println!("ok    the store does what every store does");
    two_processes_on_one_session(&server).await;
    a_killed_process_blocks_no_longer_than_its_lease(&server).await;
    a_process_that_stood_still_changes_nothing(&server).await;
    a_server_that_is_restarted(&mut server).await;
    a_server_that_loads(&mut server).await;
    a_server_that_is_full(&server).await;
    a_server_that_is_slow(&server).await;
    what_is_kept_is_bounded(&server).await;
    latency_is_flat(&server).await;
    passwords_are_not_shown(&server).await;
    tls_and_passwords().await;
    let store = server.store();
    let lock = store.lock("last").await.unwrap();
    store.append(&lock, turn(1, "Bye."), 0).await.unwrap();
}
