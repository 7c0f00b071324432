//! Agents of ours that ask each other over HTTP, each behind a server of its own.

use std::time::{Duration, Instant};

use kaos_hooks::memory::MemoryHook;
use kaos_hooks::testing::Recorder;
use kaos_hooks::{EventBuf, PhaseBuf, Subject};
use kaos_otel_hook::{Memory, Telemetry};
use kaos_runner::remote::RemoteLimits;
use kaos_runner::server::Server;
use kaos_runner::{Agent, FunctionModel, Message, ModelReply, RemoteAgent, Runner};
use kaos_tests::nobody::Nobody;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::StreamExt as _;

/// An agent behind a server, and what is seen of it.
struct Served {
    url: String,
    runner: Runner,
    recorder: Recorder,
    memory: Memory,
    _telemetry: Telemetry,
}

impl Served {
    async fn start(agent: Agent) -> Self {
        let (telemetry, memory) = Telemetry::in_memory();
        let (recorder, events) = (Recorder::new(), MemoryHook::new());
        let hooks = (telemetry.hooks(), recorder.clone(), events.clone());
        let runner = Runner::new(agent).hooks(hooks);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::new(runner.clone()).memory(events);
        tokio::spawn(server.serve(listener, tokio_stream::pending()));
        Self {
            url,
            runner,
            recorder,
            memory,
            _telemetry: telemetry,
        }
    }

    /// It, as a sub-agent that is known already.
    async fn remote(&self, name: &'static str) -> RemoteAgent {
        let remote = RemoteAgent::at(&self.url).name(name);
        remote.look().await.unwrap();
        remote
    }

    /// Waits until nothing runs, and says how long that took.
    async fn is_still(&self) -> Duration {
        let began = Instant::now();
        while self.runner.observed_by().emitter().live_runs() > 0 {
            assert!(began.elapsed() < Duration::from_secs(5), "a turn goes on");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        began.elapsed()
    }

    /// How its turns ended.
    fn ended(&self) -> Vec<&'static str> {
        let events = self.recorder.events();
        let turns = events.iter().filter_map(EventBuf::span);
        let ends = turns.filter_map(|span| match (&span.subject, &span.phase) {
            (Subject::Turn(_), PhaseBuf::Complete(..)) => Some("complete"),
            (Subject::Turn(_), PhaseBuf::Cancelled(..)) => Some("cancelled"),
            (Subject::Turn(_), PhaseBuf::Error(..)) => Some("error"),
            _ => None,
        });
        ends.collect()
    }
}

/// Asks once and reads all of the answer: its head, and its body.
async fn ask(url: &str, head: &str, body: &str) -> (String, String) {
    let at = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(at).await.unwrap();
    let length = body.len();
    let request = format!(
        "{head}\r\nhost: {at}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    if !head.contains("transfer-encoding: chunked") {
        return (head.to_owned(), body.to_owned());
    }
    let (mut chunks, mut whole) = (body, String::new());
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole += &rest[..size];
        chunks = &rest[size + 2..];
    }
    (head.to_owned(), whole)
}

async fn get(url: &str, path: &str) -> (u16, Value) {
    let (head, body) = ask(url, &format!("GET {path} HTTP/1.1"), "").await;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(&body).unwrap())
}

fn delegates(to: &'static str) -> ModelReply {
    ModelReply::call("1", to, r#"{"task":"count them"}"#).usage(10, 1)
}

fn parent<'s>(spans: &'s [SpanData], name: &str) -> (&'s SpanData, Option<&'s SpanData>) {
    let span = spans.iter().find(|span| span.name == name).unwrap();
    let by_id = |it: &&SpanData| it.span_context.span_id() == span.parent_span_id;
    (span, spans.iter().find(by_id))
}

#[tokio::test]
async fn three_services_are_one_trace_streamed_or_not_and_tokens_count_once() {
    for streamed in [false, true] {
        let answers = [ModelReply::text("three").usage(100, 5)];
        let analyst = Served::start(Agent::new("analyst", FunctionModel::script(answers))).await;
        let replies = [
            delegates("analyst"),
            ModelReply::text("there are three").usage(20, 2),
        ];
        let researcher = Agent::new("researcher", FunctionModel::script(replies))
            .subagent(analyst.remote("analyst").await);
        let researcher = Served::start(researcher).await;
        let replies = [
            delegates("researcher"),
            ModelReply::text("Three.").usage(30, 3),
        ];
        let coordinator = Agent::new("coordinator", FunctionModel::script(replies))
            .subagent(researcher.remote("researcher").await);
        let coordinator = Served::start(coordinator).await;
        let body = json!({
            "messages": [{ "role": "user", "content": "Count." }], "stream": streamed,
            "stream_options": { "include_usage": true }, "session_id": "s-1",
        });
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let line = format!(
            "POST /v1/chat/completions HTTP/1.1\r\ntraceparent: 00-{trace}-b7ad6b7169203331-01"
        );
        let (head, answer) = ask(&coordinator.url, &line, &body.to_string()).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        // 10+1+30+3 of its own, 10+1+20+2 of the researcher's, 100+5 of the analyst's.
        assert!(answer.contains(r#""total_tokens":182"#), "{answer}");
        let mut spans: Vec<SpanData> = Vec::new();
        for served in [&coordinator, &researcher, &analyst] {
            served.is_still().await;
            served.recorder.check().unwrap();
            assert_eq!(served.ended(), ["complete"]);
            spans.extend(served.memory.spans());
        }
        let in_trace = |span: &SpanData| span.span_context.trace_id().to_string() == trace;
        assert!(spans.iter().all(in_trace));
        let turns: Vec<&SpanData> = spans.iter().filter(|it| it.name == "agent.turn").collect();
        assert_eq!(turns.len(), 3);
        for (turn, above) in
            turns
                .iter()
                .zip([None, Some("delegate.researcher"), Some("delegate.analyst")])
        {
            match above {
                None => assert_eq!(turn.parent_span_id.to_string(), "b7ad6b7169203331"),
                Some(name) => {
                    let (span, step) = parent(&spans, name);
                    assert_eq!(turn.parent_span_id, span.span_context.span_id());
                    assert_eq!(step.unwrap().name, "agent.step.1");
                }
            }
        }
        // What each was asked is told as that, with the ids of its own span.
        let (_, told) = get(
            &analyst.url,
            "/memory/events?session_id=s-1/researcher/analyst",
        )
        .await;
        assert_eq!(told["total"], 2, "{told}");
        assert_eq!(told["events"][0]["event_type"], "task_delegation_received");
        assert_eq!(told["events"][0]["metadata"]["trace_id"], trace);
        assert_eq!(
            told["events"][0]["metadata"]["span_id"],
            turns[2].span_context.span_id().to_string()
        );
    }
}

/// A model that gives every user's task to this agent, and then says what it was told.
fn hands_on(to: &'static str) -> FunctionModel {
    FunctionModel::new(move |request| {
        Ok(match request.messages.last().unwrap() {
            Message::Tool(result) => ModelReply::text(result.output.text().into_owned()),
            _ => delegates(to),
        })
    })
}

#[tokio::test]
async fn two_that_ask_each_other_end_with_a_clear_error_also_where_nobody_reads_baggage() {
    for telemetry in [true, false] {
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let second = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let [a, b] = [&first, &second].map(|it| format!("http://{}", it.local_addr().unwrap()));
        let mut recorders = Vec::new();
        let mut runners = Vec::new();
        for (name, listener, other, at) in
            [("a", first, "b", b.clone()), ("b", second, "a", a.clone())]
        {
            let agent = Agent::new(name, hands_on(other)).subagent(RemoteAgent::at(at).name(other));
            let recorder = Recorder::new();
            let (all, _) = Telemetry::in_memory();
            let hooks = (telemetry.then(|| all.hooks()), recorder.clone());
            let runner = Runner::new(agent).hooks(hooks);
            let server = Server::new(runner.clone());
            tokio::spawn(server.serve(listener, tokio_stream::pending()));
            recorders.push(recorder);
            runners.push((runner, all));
        }
        let reply = runners[0].0.turn("Count.", "s").await.unwrap();
        let text = reply.text();
        assert!(text.contains("agents ask each other in a circle"), "{text}");
        let turns = |it: &Recorder| it.runs().len();
        assert_eq!(
            [turns(&recorders[0]), turns(&recorders[1])],
            [3, 3],
            "telemetry: {telemetry}"
        );
    }
}

/// Three levels, of which the last does this.
async fn three(last: FunctionModel) -> [Served; 3] {
    let analyst = Served::start(Agent::new("analyst", last)).await;
    let researcher =
        Agent::new("researcher", hands_on("analyst")).subagent(analyst.remote("analyst").await);
    let researcher = Served::start(researcher).await;
    let coordinator = Agent::new("coordinator", hands_on("researcher"))
        .subagent(researcher.remote("researcher").await);
    [Served::start(coordinator).await, researcher, analyst]
}

/// How long the last of three turns may go on when the first is dropped: 200 ms, and what a machine that
/// does other things takes.
const SOON: Duration = Duration::from_millis(200 + 1500);

#[tokio::test]
async fn a_turn_that_is_dropped_ends_those_that_it_asked_for_three_levels_deep() {
    let team = three(FunctionModel::answer("three")).await;
    let mut longest = Duration::ZERO;
    for point in 0.. {
        for served in &team {
            served.recorder.clear();
        }
        let mut events = team[0].runner.run("Count.", format!("s-{point}"));
        let mut read = 0;
        while read < point && events.next().await.is_some() {
            read += 1;
        }
        drop(events);
        let began = Instant::now();
        for served in &team {
            served.is_still().await;
            served.recorder.check().unwrap();
        }
        longest = longest.max(began.elapsed());
        assert!(team[0].ended().len() <= 1);
        if read < point {
            assert_eq!(team[0].ended(), ["complete"]);
            break;
        }
    }
    assert!(longest < SOON, "{longest:?}");
    println!("the longest that a turn went on: {longest:?}");
}

#[tokio::test]
async fn a_turn_that_is_dropped_while_the_third_works_cancels_all_three() {
    let began = std::sync::Arc::new(tokio::sync::Notify::new());
    let works = std::sync::Arc::clone(&began);
    let tool = kaos_tests::agents::Scripted::new("think", kaos_tests::agents::Act::Hang(works));
    let analyst = Agent::new(
        "analyst",
        FunctionModel::script([ModelReply::call("1", "think", "{}")]),
    )
    .tool(tool);
    let analyst = Served::start(analyst).await;
    let researcher =
        Agent::new("researcher", hands_on("analyst")).subagent(analyst.remote("analyst").await);
    let researcher = Served::start(researcher).await;
    let coordinator = Agent::new("coordinator", hands_on("researcher"))
        .subagent(researcher.remote("researcher").await);
    let coordinator = Served::start(coordinator).await;
    // Over a socket: the client goes away.
    let at = coordinator.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(at).await.unwrap();
    let body = r#"{"messages":[{"role":"user","content":"Count."}],"stream":true}"#;
    let length = body.len();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {at}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    began.notified().await;
    drop(stream);
    let gone = Instant::now();
    for served in [&coordinator, &researcher, &analyst] {
        served.is_still().await;
        served.recorder.check().unwrap();
        assert_eq!(served.ended(), ["cancelled"]);
    }
    let longest = gone.elapsed();
    assert!(longest < SOON, "{longest:?}");
    println!("three turns ended {longest:?} after the client was gone");
}

#[tokio::test]
async fn a_turn_has_no_more_time_than_who_asks_for_it() {
    let never = FunctionModel::new(|_| Ok(ModelReply::call("1", "think", "{}")));
    let tool = kaos_tests::agents::Scripted::new(
        "think",
        kaos_tests::agents::Act::Hang(std::sync::Arc::default()),
    );
    let served = Served::start(Agent::new("assistant", never).tool(tool)).await;
    let body = r#"{"messages":[{"role":"user","content":"x"}]}"#;
    let line = "POST /v1/chat/completions HTTP/1.1\r\nx-request-timeout: ";
    let (head, _) = ask(&served.url, &format!("{line}0.2"), body).await;
    assert!(!head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(served.ended(), ["error"]);
    for wrong in ["soon", "-1", "0", "NaN", "inf"] {
        let (head, _) = ask(&served.url, &format!("{line}{wrong}"), body).await;
        assert!(head.starts_with("HTTP/1.1 400"), "{wrong}: {head}");
    }
}

#[tokio::test]
async fn the_routes_of_memory_answer_as_recorded_or_better() {
    let served = Served::start(Agent::new("analyst", FunctionModel::answer("Hello."))).await;
    let nothing = |key: &str| json!({ "agent": "analyst", key: [], "total": 0 });
    assert_eq!(
        get(&served.url, "/memory/events").await,
        (200, nothing("events"))
    );
    assert_eq!(
        get(&served.url, "/memory/sessions").await,
        (200, nothing("sessions"))
    );
    for session in ["a", "b"] {
        served.runner.turn("Hi.", session).await.unwrap();
    }
    let (status, found) = get(&served.url, "/memory/events?limit=1").await;
    assert_eq!((status, &found["total"]), (200, &json!(4)));
    assert_eq!(found["events"].as_array().unwrap().len(), 1);
    assert_eq!(found["events"][0]["content"], "Hello.");
    let (_, sessions) = get(&served.url, "/memory/sessions").await;
    assert_eq!(
        sessions,
        json!({ "agent": "analyst", "sessions": ["a", "b"], "total": 2 })
    );
    let trace = found["events"][0]["metadata"]["trace_id"].as_str().unwrap();
    let (_, one) = get(&served.url, &format!("/memory/events?trace_id={trace}")).await;
    assert_eq!(one["total"], 2);
    for wrong in [
        "limit=abc",
        "limit=0",
        "limit=-2",
        "trace_id=x",
        "event_type=x",
    ] {
        let (status, refused) = get(&served.url, &format!("/memory/events?{wrong}")).await;
        let (name, value) = wrong.split_once('=').unwrap();
        assert_eq!(status, 422);
        assert_eq!(refused["error"]["param"], name);
        assert_eq!(refused["detail"][0]["loc"], json!(["query", name]));
        assert_eq!(refused["detail"][0]["input"], value);
    }
}

#[tokio::test]
async fn whether_others_are_well_is_said_and_counts_on_request_alone() {
    let nobody = Nobody::listens();
    let gone = RemoteAgent::at(nobody.url())
        .name("ghost")
        .limits(RemoteLimits::default());
    assert!(gone.look().await.is_err());
    let served = Served::start(Agent::new("a", FunctionModel::answer("x")).subagent(gone)).await;
    let (status, said) = get(&served.url, "/ready").await;
    assert_eq!(
        (status, &said["checks"]["peers"]),
        (200, &json!({ "ghost": "degraded" }))
    );
}
