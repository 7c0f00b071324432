//! Whatever an agent elsewhere does or leaves undone: what the model reads, the span, the metric, the time.
//! The table stands in kaos-runner/docs/remote-agents.md.

use std::time::{Duration, Instant};

use kaos_hooks::PhaseBuf;
use kaos_runner::remote::{RemoteHealth, RemoteLimits};
use kaos_runner::{Agent, FunctionModel, ModelReply, RemoteAgent};
use kaos_tests::agents::watched;
use kaos_tests::nobody::Nobody;
use kaos_tests::observed::Observed;
use kaos_tests::peer::{BlackHole, Does, Kind, Peer, completion, frame};
use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};

use super::{call, delegated};

/// So long at most to connect, and for an answer.
const CONNECT: Duration = Duration::from_millis(200);
const CALL: Duration = Duration::from_millis(400);

/// What a machine that does other things may take besides.
const SLACK: Duration = Duration::from_millis(1500);

fn limits() -> RemoteLimits {
    RemoteLimits {
        connect: CONNECT,
        call: CALL,
        card: CALL,
        bytes: 64 * 1024,
        ..RemoteLimits::default()
    }
}

/// An agent that does not do as it should.
struct Fault {
    /// What it does, as the page's first column says.
    name: &'static str,
    url: String,
    /// Whether its card is known, and that it is ours.
    known: bool,
    /// What the model reads, and the kind of failure.
    told: &'static str,
    kind: &'static str,
    within: Duration,
    /// What keeps it there.
    held: Option<BlackHole>,
}

async fn faults(nobody: &Nobody) -> Vec<Fault> {
    let hole = BlackHole::dig().await;
    let at = async |does: Vec<Does>| Peer::start(Kind::Own, "analyst", does).await.url;
    let page = Does::Answers(
        200,
        "text/html",
        "<html>Welcome to nginx!</html>".to_owned(),
    );
    let other = Peer::start(Kind::Own, "bookkeeper", vec![completion("x")])
        .await
        .url;
    let gone = Does::Answers(
        500,
        "application/json",
        r#"{"error":{"message":"model is down"}}"#.to_owned(),
    );
    let fault = |name, url, known, told, kind, within| Fault {
        name,
        url,
        known,
        told,
        kind,
        within,
        held: None,
    };
    let mut all = vec![
        fault(
            "refuses",
            nobody.url(),
            false,
            "no connection to ",
            "connection",
            Duration::ZERO,
        ),
        fault(
            "answers garbage",
            at(vec![page]).await,
            true,
            "neither JSON nor an event stream",
            "bad_response",
            Duration::ZERO,
        ),
        fault(
            "breaks off",
            at(vec![Does::Breaks(vec![frame("thr")])]).await,
            true,
            "the connection broke: ",
            "connection",
            Duration::ZERO,
        ),
        fault(
            "is another agent",
            other,
            false,
            "at its address is the agent `bookkeeper`",
            "wrong_agent",
            Duration::ZERO,
        ),
        fault(
            "fails",
            at(vec![gone]).await,
            true,
            "500 Internal Server Error: model is down",
            "server_error",
            Duration::ZERO,
        ),
        fault(
            "never answers",
            at(vec![Does::Waits]).await,
            false,
            "no answer within 400ms",
            "timeout",
            CALL,
        ),
        fault(
            "never ends",
            at(vec![Does::Talks(frame(&"x".repeat(1000)))]).await,
            true,
            "the response is larger than 65536 bytes",
            "too_large",
            CALL,
        ),
    ];
    all.push(Fault {
        name: "is a black hole",
        url: hole.url.clone(),
        known: false,
        told: "no connection to ",
        kind: "connection",
        within: CONNECT,
        held: Some(hole),
    });
    all
}

/// The value of an attribute of a metric's point.
fn label<'a>(mut of: impl Iterator<Item = &'a KeyValue>, key: &str) -> Option<String> {
    let found = of.find(|it| it.key.as_str() == key);
    found.map(|it| it.value.to_string())
}

#[tokio::test]
async fn each_fault_is_an_error_that_the_model_can_read_within_its_time() {
    let nobody = Nobody::listens();
    for fault in faults(&nobody).await {
        let name = fault.name;
        let remote = RemoteAgent::at(&fault.url).name("analyst").limits(limits());
        if fault.known {
            remote.look().await.unwrap();
        } else if name == "is another agent" {
            assert_eq!(remote.look().await.unwrap_err().kind(), fault.kind);
        }
        let (model, seen) = watched([call("analyst"), ModelReply::text("done")]);
        let observed = Observed::new(Agent::new("coordinator", model).subagent(remote));
        let began = Instant::now();
        let reply = observed.runner.turn("Count.", "s").await.unwrap();
        let took = began.elapsed();
        assert_eq!(reply.text(), "done", "{name}");
        assert!(took < fault.within + SLACK, "{name}: {took:?}");
        let told = seen.results().pop().unwrap();
        let begins = [
            "error: the agent analyst gave no answer: ",
            "error: the agent analyst was not asked: ",
        ];
        assert!(
            begins.iter().any(|it| told.starts_with(it)),
            "{name}: {told}"
        );
        assert!(told.contains(fault.told), "{name}: {told}");
        let (_, phase) = delegated(&observed);
        let PhaseBuf::Error(failure, ..) = phase else {
            panic!("{name}: {phase:?}");
        };
        assert_eq!(failure.kind, fault.kind, "{name}: {told}");
        let spans = observed.memory.spans();
        let span = spans
            .iter()
            .find(|span| span.name == "delegate.analyst")
            .unwrap();
        assert!(matches!(span.status, Status::Error { .. }), "{name}");
        let metrics = observed.memory.metrics();
        let mut counted = Vec::new();
        for metric in metrics.scope_metrics().flat_map(ScopeMetrics::metrics) {
            match metric.data() {
                AggregatedMetrics::U64(MetricData::Sum(sum))
                    if metric.name() == "kaos.delegations" =>
                {
                    for point in sum.data_points() {
                        counted.push((label(point.attributes(), "success"), point.value()));
                    }
                }
                AggregatedMetrics::F64(MetricData::Histogram(times))
                    if metric.name() == "gen_ai.client.operation.duration" =>
                {
                    // The other points are the coordinator's own model.
                    let mut kinds = times
                        .data_points()
                        .map(|point| (label(point.attributes(), "error.type"), point.count()));
                    let kind = Some(fault.kind.to_owned());
                    assert!(kinds.any(|it| it == (kind.clone(), 1)), "{name}");
                }
                _ => {}
            }
        }
        assert_eq!(counted, [(Some("false".to_owned()), 1)], "{name}");
        observed.assert_sound();
        drop(fault.held);
    }
}

/// How long turns take that ask this agent, one after the other.
async fn turns(remote: &RemoteAgent, count: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    for _ in 0..count {
        let model = FunctionModel::script([call("analyst"), ModelReply::text("done")]);
        let agent = Agent::new("coordinator", model).subagent(remote.clone());
        let began = Instant::now();
        kaos_runner::Runner::new(agent)
            .turn("Count.", "")
            .await
            .unwrap();
        took.push(began.elapsed());
    }
    took
}

#[tokio::test]
async fn one_that_is_down_costs_the_limit_to_connect_once() {
    let hole = BlackHole::dig().await;
    let limits = RemoteLimits {
        connect: Duration::from_millis(600),
        ..limits()
    };
    let remote = RemoteAgent::at(&hole.url).name("analyst").limits(limits);
    let took = turns(&remote, 6).await;
    assert!(took[0] < Duration::from_millis(600) + SLACK, "{took:?}");
    // Not one of the others has waited: all of them together take less than one wait.
    let others: Duration = took[1..].iter().sum();
    assert!(others < Duration::from_millis(500), "{took:?}");
    assert_eq!(remote.health(), RemoteHealth::Degraded);
}

#[tokio::test]
async fn one_that_fails_once_is_asked_again_and_one_that_fails_always_is_not() {
    let failed = || Does::Answers(500, "application/json", "{}".to_owned());
    let peer = Peer::start(Kind::Own, "analyst", vec![failed(), completion("three")]).await;
    let remote = RemoteAgent::at(&peer.url).name("analyst").limits(limits());
    let ask = async |remote: &RemoteAgent| {
        let (model, seen) = watched([call("analyst"), ModelReply::text("done")]);
        let agent = Agent::new("coordinator", model).subagent(remote.clone());
        kaos_runner::Runner::new(agent)
            .turn("Count.", "")
            .await
            .unwrap();
        seen.results().pop().unwrap()
    };
    assert!(ask(&remote).await.contains("500"));
    assert_eq!(ask(&remote).await, "three");
    assert_eq!(peer.asked().len(), 2);

    let peer = Peer::start(Kind::Own, "analyst", vec![failed()]).await;
    let remote = RemoteAgent::at(&peer.url).name("analyst").limits(limits());
    for _ in 0..6 {
        ask(&remote).await;
    }
    assert_eq!(peer.asked().len(), 3, "three in a row, then none");
    assert!(ask(&remote).await.contains("was not asked"));
    // Its card is there: it is asked again, and if it fails again, not soon.
    remote.look().await.unwrap();
    ask(&remote).await;
    ask(&remote).await;
    assert_eq!(peer.asked().len(), 4);
}

#[tokio::test]
async fn one_that_comes_back_is_found_in_the_background() {
    let nobody = Nobody::listens();
    let remote = RemoteAgent::at(nobody.url())
        .name("analyst")
        .limits(limits());
    assert_eq!(remote.health(), RemoteHealth::Unknown);
    assert_eq!(remote.look().await.unwrap_err().kind(), "connection");
    assert_eq!(remote.health(), RemoteHealth::Degraded);
    let back = nobody.comes_back();
    let _peer = Peer::at(back, Kind::Own, "analyst", vec![completion("three")]);
    let found = async {
        while remote.health() != RemoteHealth::Ok {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), found)
        .await
        .unwrap();
}
