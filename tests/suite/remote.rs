//! Agents that are served elsewhere: asked as their kind understands it, once, and what they do is theirs.

mod faults;
mod served;
mod variables;

use std::time::Duration;

use kaos_hooks::{
    Gate, GateError, Incoming, PhaseBuf, RemoteAgent as Seen, Str, SubagentOutcome, Subject,
    ToolRequest, Verdict,
};
use kaos_runner::remote::{RemoteHealth, RemoteLimits};
use kaos_runner::{Agent, FunctionModel, Limits, ModelReply, RemoteAgent, Runner, TokenBudget};
use kaos_tests::agents::{scripted, watched};
use kaos_tests::observed::Observed;
use kaos_tests::peer::{Does, Kind, Peer, Request, completion, frame};
use opentelemetry::trace::SpanKind;

fn call(name: &'static str) -> ModelReply {
    ModelReply::call("1", name, r#"{"task":"count them"}"#).usage(10, 1)
}

/// An agent that asks this one, then is done.
fn coordinator(remote: RemoteAgent) -> Agent {
    let replies = [call("analyst"), ModelReply::text("done").usage(20, 2)];
    scripted("coordinator", replies).subagent(remote)
}

/// The end of a stream as ours ends.
fn streamed(pieces: &[&str]) -> Does {
    let end = r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"analyst","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#;
    let usage = r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"analyst","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#;
    let frames = pieces.iter().map(|piece| frame(piece));
    let rest = [
        ": still working\n\n".to_owned(),
        format!("{end}\n\n"),
        format!("{usage}\n\ndata: [DONE]\n\n"),
    ];
    let text: String = frames.chain(rest).collect();
    Does::Answers(200, "text/event-stream", text)
}

/// What came of the delegation.
fn delegated(observed: &Observed) -> (Seen, PhaseBuf) {
    let events = observed.recorder.events();
    let mut ends = events.iter().filter_map(|event| {
        let span = event.span()?;
        match (&span.subject, &span.phase) {
            (_, PhaseBuf::Start | PhaseBuf::Progress(_)) => None,
            (Subject::Subagent(it), phase) => {
                Some(((**it.remote.as_ref()?).clone(), phase.clone()))
            }
            _ => None,
        }
    });
    ends.next().unwrap()
}

fn outcome(phase: PhaseBuf) -> SubagentOutcome {
    match phase {
        PhaseBuf::Complete(kaos_hooks::OutcomeBuf::Subagent(outcome), _) => outcome,
        other => panic!("{other:?}"),
    }
}

async fn known(kind: Kind, does: Vec<Does>) -> (Peer, RemoteAgent) {
    let peer = Peer::start(kind, "analyst", does).await;
    let remote = RemoteAgent::at(&peer.url).name("analyst");
    remote.look().await.unwrap();
    (peer, remote)
}

fn asked(peer: &Peer) -> Request {
    let mut asked = peer.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    asked.pop().unwrap()
}

#[tokio::test]
async fn each_kind_of_agent_is_asked_as_it_understands() {
    for (kind, does, role, streams) in [
        (Kind::Own, streamed(&["thr", "ee"]), "task-delegation", true),
        (Kind::Second, completion("three"), "user", false),
        (Kind::First, completion("three"), "task-delegation", false),
    ] {
        let (peer, remote) = known(kind, vec![does]).await;
        assert_eq!(remote.health(), RemoteHealth::Ok);
        let observed = Observed::new(coordinator(remote));
        let reply = observed.runner.turn("Count.", "s-1").await.unwrap();
        assert_eq!(reply.text(), "done");
        let request = asked(&peer);
        assert_eq!(request.line, "POST /v1/chat/completions HTTP/1.1");
        let body = &request.body;
        assert_eq!(
            body["messages"],
            serde_json::json!([{ "role": role, "content": "count them" }])
        );
        assert_eq!(body["stream"], streams, "{kind:?}");
        assert_eq!(
            (&body["model"], &body["session_id"]),
            (&"analyst".into(), &"s-1/analyst".into())
        );
        // What it told is what is known of it, and counted once.
        let (seen, phase) = delegated(&observed);
        assert_eq!(
            (seen.provider.as_str(), seen.description.as_deref()),
            ("kaos", Some("Counts."))
        );
        let told = outcome(phase);
        assert_eq!(told.result.as_deref(), Some("three"));
        assert_eq!(told.usage.unwrap().total(), 10);
        let stop: Str = if streams { "length" } else { "stop" }.into();
        assert_eq!(told.finish_reasons, [stop]);
        assert_eq!(reply.usage().unwrap().total(), 11 + 10 + 22);
        observed.assert_sound();
    }
}

#[tokio::test]
async fn one_that_is_not_known_yet_is_asked_as_all_of_them_understand() {
    let peer = Peer::start(Kind::Own, "analyst", vec![completion("three")]).await;
    let remote = RemoteAgent::at(&peer.url).name("analyst");
    assert_eq!(remote.called(), "analyst");
    let runner = Runner::new(coordinator(remote));
    runner.turn("Count.", "").await.unwrap();
    let body = asked(&peer).body;
    assert_eq!(body["messages"][0]["role"], "user");
    assert_eq!(body["stream"], false);
    assert!(
        body.get("session_id").is_none(),
        "an anonymous conversation stays one"
    );
}

/// What answers, and has no card at either place, is somebody: it is asked, also when that is known.
#[tokio::test]
async fn one_that_has_no_card_is_asked_as_all_of_them_understand() {
    let (peer, remote) = known(Kind::Bare, vec![completion("three")]).await;
    assert_eq!(remote.health(), RemoteHealth::Unknown);
    for _ in 0..2 {
        let (model, seen) = watched([call("analyst"), ModelReply::text("done")]);
        let agent = Agent::new("coordinator", model).subagent(remote.clone());
        Runner::new(agent).turn("Count.", "s").await.unwrap();
        assert_eq!(seen.results(), ["three"]);
    }
    let asked = peer.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].body["messages"][0]["role"], "user");
    assert_eq!(asked[1].body["stream"], false);
}

#[tokio::test]
async fn the_request_names_the_delegation_and_carries_deadline_and_depth_but_no_caller_s_key() {
    let (peer, _) = known(Kind::Second, vec![completion("three")]).await;
    let remote = RemoteAgent::at(&peer.url)
        .name("analyst")
        .bearer("own-token-0123");
    let observed = Observed::new(coordinator(remote).limits(Limits {
        turn: Duration::from_secs(20),
        ..Limits::default()
    }));
    let headers = [
        ("authorization", "Bearer callers-0123456789"),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("baggage", "user.id=alice,kaos.depth=1"),
    ];
    let incoming: std::collections::HashMap<&str, &str> = headers.into();
    let parent: Incoming = observed.runner.observed_by().extract(&incoming).into();
    observed
        .runner
        .turn("Count.", "s")
        .parent(parent)
        .await
        .unwrap();
    let request = asked(&peer);
    assert_eq!(
        request.header("authorization"),
        Some("Bearer own-token-0123")
    );
    assert_eq!(
        request.header("baggage"),
        Some("kaos.depth=2,user.id=alice")
    );
    let left: f64 = request
        .header("x-request-timeout")
        .unwrap()
        .parse()
        .unwrap();
    assert!((15.0..=20.0).contains(&left), "{left}");
    let spans = observed.memory.spans();
    let span = spans
        .iter()
        .find(|span| span.name == "delegate.analyst")
        .unwrap();
    let id = span.span_context.span_id();
    let expected = format!("00-0af7651916cd43dd8448eb211c80319c-{id}-01");
    assert_eq!(request.header("traceparent"), Some(expected.as_str()));
    assert_eq!(span.span_kind, SpanKind::Client);
    let attribute = |key: &str| {
        let mut found = span.attributes.iter().filter(|it| it.key.as_str() == key);
        found.next().map(|it| it.value.to_string())
    };
    assert_eq!(attribute("server.address").as_deref(), Some("127.0.0.1"));
    let port = peer.url.rsplit(':').next().unwrap();
    assert_eq!(attribute("server.port").as_deref(), Some(port));
    observed.assert_sound();
}

#[tokio::test]
async fn agents_that_ask_each_other_in_a_circle_are_told_so() {
    let (peer, remote) = known(Kind::Own, vec![completion("three")]).await;
    let (model, seen) = watched([call("analyst"), ModelReply::text("done")]);
    let observed = Observed::new(Agent::new("coordinator", model).subagent(remote));
    let baggage = Incoming {
        span: None,
        baggage: "kaos.depth=5".into(),
    };
    observed
        .runner
        .turn("Count.", "s")
        .parent(baggage)
        .await
        .unwrap();
    assert!(peer.asked().is_empty());
    let told = "error: the agent analyst is not asked: the task has passed through 5 agents and may pass \
                through 5; do it without it, or say that agents ask each other in a circle";
    assert_eq!(seen.results(), [told]);
    observed.assert_sound();
}

/// Keeps every call from being done.
struct No;

#[async_trait::async_trait]
impl Gate for No {
    async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
        assert_eq!(call.tool, "analyst");
        Ok(Verdict::Deny("not today".into()))
    }
}

#[tokio::test]
async fn a_gate_keeps_a_task_from_leaving() {
    let (peer, remote) = known(Kind::Own, vec![completion("three")]).await;
    let (model, seen) = watched([call("analyst"), ModelReply::text("done")]);
    let agent = Agent::new("coordinator", model).subagent(remote);
    Runner::new(agent)
        .hooks(No)
        .turn("Count.", "s")
        .await
        .unwrap();
    assert_eq!(seen.results(), ["denied: not today"]);
    assert!(peer.asked().is_empty());
}

#[tokio::test]
async fn a_long_answer_is_cut_as_a_tool_s_is_and_tokens_are_the_caller_s() {
    let long = "word ".repeat(1000);
    let (_peer, remote) = known(Kind::Second, vec![completion(&long)]).await;
    let (model, seen) = watched([call("analyst"), ModelReply::text("done")]);
    let limits = Limits {
        tool_result: 100,
        ..Limits::default()
    };
    let agent = Agent::new("coordinator", model)
        .subagent(remote)
        .limits(limits);
    let budget = TokenBudget::new(1000);
    Runner::new(agent)
        .turn("Count.", "s")
        .budget(&budget)
        .await
        .unwrap();
    let told = seen.results().pop().unwrap();
    assert!(told.len() < 300 && told.starts_with("word word"), "{told}");
    assert!(budget.spent() >= 10 + 11, "{budget:?}");
}

#[tokio::test]
async fn dropping_the_turn_closes_the_connection_and_the_span_ends_cancelled() {
    let (peer, remote) = known(Kind::Own, vec![Does::Talks(": x\n\n".to_owned())]).await;
    let observed = Observed::new(coordinator(remote));
    let turn = observed.runner.turn("Count.", "s");
    let stop = tokio::time::timeout(Duration::from_millis(300), turn).await;
    assert!(stop.is_err());
    peer.gone(1).await;
    let (_, phase) = delegated(&observed);
    assert!(matches!(phase, PhaseBuf::Cancelled(..)), "{phase:?}");
    observed.assert_sound();
}

#[tokio::test]
async fn calls_at_the_same_time_are_conversations_of_their_own() {
    let (peer, remote) = known(Kind::Own, vec![completion("three")]).await;
    let both = ModelReply::call("1", "analyst", r#"{"task":"a"}"#).and_call(
        "2",
        "analyst",
        r#"{"task":"b"}"#,
    );
    let replies = [both, ModelReply::text("done")];
    let agent = Agent::new("coordinator", FunctionModel::script(replies)).subagent(remote);
    Runner::new(agent).turn("Count.", "s").await.unwrap();
    let asked = peer.asked();
    let mut names: Vec<&str> = asked
        .iter()
        .map(|it| it.body["session_id"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["s/analyst", "s/analyst/2"]);
}

#[tokio::test]
async fn an_answer_that_says_sorry_is_none_where_servers_say_so() {
    let sorry = "Sorry, I encountered an error: model is down";
    for (kind, expected) in [
        (
            Kind::First,
            "error: the agent analyst gave no answer: it says: model is down",
        ),
        (
            Kind::Second,
            "error: the agent analyst gave no answer: it says: model is down",
        ),
        (Kind::Own, sorry),
    ] {
        let (_peer, remote) = known(kind, vec![completion(sorry)]).await;
        let (model, seen) = watched([call("analyst"), ModelReply::text("done")]);
        let agent = Agent::new("coordinator", model).subagent(remote);
        Runner::new(agent).turn("Count.", "s").await.unwrap();
        assert_eq!(seen.results(), [expected]);
    }
}

#[test]
fn what_is_shown_of_one_has_no_key_and_a_name_is_found() {
    let shown = |remote: RemoteAgent| format!("{remote:?}");
    let remote = RemoteAgent::at("https://agent-x.ns.svc:8443/p/a?key=k3y-0123456789")
        .bearer("t0ken-0123456789")
        .limits(RemoteLimits::default());
    assert_eq!(remote.called(), "agent-x");
    let text = shown(remote);
    assert!(!text.contains("k3y") && !text.contains("t0ken"), "{text}");
    assert_eq!(RemoteAgent::at("http://127.0.0.1:1").called(), "agent");
    assert_eq!(RemoteAgent::at("no url").called(), "agent");
}
