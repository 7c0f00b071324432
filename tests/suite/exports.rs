//! What becomes of telemetry when a receiver does not do as it should: the table of
//! `kaos-otel-hook/docs/exports.md`, over both protocols.

use std::time::{Duration, Instant};

use kaos_otel_hook::{ExportStats, Telemetry};
use kaos_tests::nobody::Nobody;
use kaos_tests::receivers::{Receiver, Reply};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};

mod resource;
mod scopes;
mod sizes;

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Http,
    Grpc,
}

impl Over {
    const fn word(self) -> &'static str {
        match self {
            Self::Http => "http/protobuf",
            Self::Grpc => "grpc",
        }
    }
}

/// Telemetry of spans to this endpoint, and nothing else.
fn telemetry(over: Over, url: &str, vars: &[(&str, &str)]) -> Telemetry {
    kaos_tests::subscribed();
    Telemetry::from_vars(|name| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(url.to_owned()),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => Some(over.word().to_owned()),
        "OTEL_SERVICE_NAME" => Some("suite".to_owned()),
        "OTEL_METRICS_EXPORTER" | "OTEL_LOGS_EXPORTER" => Some("none".to_owned()),
        _ => {
            let known = vars.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        }
    })
    .unwrap()
}

fn is_balanced(it: ExportStats) -> bool {
    it.offered == it.waiting + it.exported + it.failed + it.dropped
}

/// What is expected of four spans.
struct Expected {
    failed: u64,
    requests: usize,
    /// What the flush says; of success, nothing.
    said: &'static str,
}

/// Four spans to a receiver that answers so. The account is right at every moment of it, and the
/// flush says the truth.
#[track_caller]
fn check(over: Over, replies: &[Reply], timeout: &str, expected: &Expected) {
    check_served(over, over == Over::Grpc, replies, timeout, expected);
}

#[track_caller]
fn check_served(over: Over, http2: bool, replies: &[Reply], timeout: &str, expected: &Expected) {
    let receiver = Receiver::start(http2, replies.to_vec());
    let vars = [("OTEL_EXPORTER_OTLP_TIMEOUT", timeout)];
    let telemetry = telemetry(over, &receiver.url, &vars);
    let provider = telemetry.tracer_provider().unwrap();
    for _ in 0..4 {
        provider.tracer("test").start("span").end();
    }
    let flushed = std::thread::scope(|scope| {
        let flush = scope.spawn(|| provider.force_flush());
        while !flush.is_finished() {
            let stats = telemetry.stats().traces;
            assert!(is_balanced(stats), "{stats:?}");
            std::thread::yield_now();
        }
        flush.join().unwrap()
    });
    let stats = telemetry.stats().traces;
    let failed = expected.failed;
    let all = ExportStats {
        offered: 4,
        waiting: 0,
        exported: 4 - failed,
        failed,
        dropped: 0,
    };
    assert_eq!(stats, all, "{over:?} {replies:?} {flushed:?}");
    let requests = receiver.got().len();
    assert_eq!(requests, expected.requests, "{over:?} {replies:?}");
    match flushed {
        Ok(()) => assert_eq!(failed, 0, "{over:?} {replies:?}"),
        Err(why) => {
            let why = why.to_string();
            assert!(failed > 0 && why.contains(expected.said), "{why}");
        }
    }
}

const fn lost(failed: u64, requests: usize, said: &'static str) -> Expected {
    Expected {
        failed,
        requests,
        said,
    }
}

const fn arrived(requests: usize) -> Expected {
    lost(0, requests, "")
}

/// A field of protocol buffers with bytes in it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
    all.extend_from_slice(bytes);
    all
}

/// The answer of a receiver that takes only a part.
fn partial(rejected: u8, message: &str) -> Vec<u8> {
    field(
        1,
        &[vec![8, rejected], field(2, message.as_bytes())].concat(),
    )
}

/// The details of a refusal over gRPC that asks to come back after so many seconds.
fn come_back(seconds: u8) -> Vec<u8> {
    let info = field(1, &[8, seconds]);
    let url = field(1, b"type.googleapis.com/google.rpc.RetryInfo");
    field(3, &[url, field(2, &info)].concat())
}

fn http(status: u16) -> Reply {
    Reply::Http(status, Vec::new(), Vec::new())
}

fn with(status: u16, name: &'static str, value: &str, body: &[u8]) -> Reply {
    Reply::Http(status, vec![(name, value.to_owned())], body.to_vec())
}

const PROTOBUF: &str = "application/x-protobuf";
const LONG: &str = "5000";

#[test]
fn a_partial_success_counts_what_was_rejected_as_failed() {
    let said = "3 spans were lost: the receiver rejected 3 of 4: too old";
    let answer = partial(3, "too old");
    let proto = with(200, "content-type", PROTOBUF, &answer);
    check(Over::Http, &[proto], LONG, &lost(3, 1, said));
    let json = br#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#;
    let json = with(200, "content-type", "application/json", json);
    check(Over::Http, &[json], LONG, &lost(3, 1, said));
    check(
        Over::Grpc,
        &[Reply::Message(answer)],
        LONG,
        &lost(3, 1, said),
    );
    // More than there were is all; a warning rejects nothing.
    let many = "the receiver rejected 4 of 4";
    let all = Reply::Message(partial(99, ""));
    check(Over::Grpc, &[all], LONG, &lost(4, 1, many));
    let warning = Reply::Message(partial(0, "soon no more"));
    check(Over::Grpc, &[warning], LONG, &arrived(1));
    let warning = with(200, "content-type", PROTOBUF, &partial(0, "soon no more"));
    check(Over::Http, &[warning], LONG, &arrived(1));
}

#[test]
fn a_success_is_one_whatever_a_receiver_says_with_it() {
    for reply in [
        http(200),
        http(202),
        with(200, "content-type", PROTOBUF, b""),
        with(200, "content-type", "application/json", b"{}"),
    ] {
        check(Over::Http, &[reply], LONG, &arrived(1));
    }
    check(Over::Grpc, &[Reply::Message(Vec::new())], LONG, &arrived(1));
}

#[test]
fn an_answer_that_is_no_otlp_is_no_success() {
    let page = with(200, "content-type", "text/html; charset=utf-8", b"<html>");
    let said = "answered 200 OK with text/html, which is no OTLP";
    check(
        Over::Http,
        std::slice::from_ref(&page),
        LONG,
        &lost(4, 1, said),
    );
    let garbage = with(200, "content-type", PROTOBUF, b"\xff\xff\xff");
    let of_protobuf = "with application/x-protobuf, which is no OTLP";
    check(Over::Http, &[garbage], LONG, &lost(4, 1, of_protobuf));
    let endless = with(200, "content-type", PROTOBUF, &vec![0; 1 << 20]);
    check(Over::Http, &[endless], LONG, &lost(4, 1, of_protobuf));
    let list = with(200, "content-type", "application/json", b"[]");
    check(Over::Http, &[list], LONG, &lost(4, 1, "which is no OTLP"));
    check(Over::Grpc, &[page], LONG, &lost(4, 1, "4 spans were lost"));
    let garbage = Reply::Message(b"\xff\xff\xff".to_vec());
    check(Over::Grpc, &[garbage], LONG, &lost(4, 1, "no OTLP"));
}

#[test]
fn a_redirection_is_not_followed() {
    for (status, said) in [
        (302, "answered 302 Found; redir"),
        (307, "answered 307"),
        (308, "308"),
    ] {
        let elsewhere = Receiver::start(false, [http(200)]);
        let reply = with(
            status,
            "location",
            &format!("{}/v1/traces", elsewhere.url),
            b"",
        );
        check(
            Over::Http,
            std::slice::from_ref(&reply),
            LONG,
            &lost(4, 1, said),
        );
        check(Over::Grpc, &[reply], LONG, &lost(4, 1, "4 spans were lost"));
        assert!(elsewhere.got().is_empty(), "{status}");
    }
}

#[test]
fn what_is_too_large_is_lost_once_and_the_setting_is_named() {
    let said = "KAOS_OTLP_MAX_REQUEST_BYTES";
    check(Over::Http, &[http(413)], LONG, &lost(4, 1, said));
    // Over gRPC: exhausted, and no word of when to come back.
    let refused = Reply::Refusal(8, None);
    check(
        Over::Grpc,
        &[refused],
        LONG,
        &lost(4, 1, "ResourceExhausted: not now"),
    );
}

#[test]
fn a_busy_receiver_is_asked_again_when_it_says() {
    let began = Instant::now();
    let busy = with(429, "retry-after", "1", b"");
    check(Over::Http, &[busy, http(200)], LONG, &arrived(2));
    let busy = Reply::Refusal(8, Some(come_back(1)));
    let done = Reply::Message(Vec::new());
    check(Over::Grpc, &[busy, done], LONG, &arrived(2));
    assert!(began.elapsed() >= Duration::from_secs(2));
    // A date is read by the receiver's clock, whatever ours says.
    let date = |at: &str| format!("Sun, 06 Nov 1994 08:49:{at} GMT");
    let dated = |at| vec![("date", date("37")), ("retry-after", date(at))];
    let busy = |at| Reply::Http(503, dated(at), Vec::new());
    check(Over::Http, &[busy("36"), http(200)], LONG, &arrived(2));
    check(
        Over::Http,
        &[busy("59"), http(200)],
        LONG,
        &lost(4, 1, "answered 503"),
    );
    // A time that is not there is not waited for.
    let began = Instant::now();
    let busy = with(429, "retry-after", "3600", b"");
    check(Over::Http, &[busy], LONG, &lost(4, 1, "answered 429"));
    let busy = Reply::Refusal(14, Some(come_back(100)));
    check(
        Over::Grpc,
        &[busy],
        LONG,
        &lost(4, 1, "Unavailable: not now"),
    );
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_receiver_that_fails_for_a_while_is_asked_again() {
    for status in [429, 502, 503, 504] {
        check(Over::Http, &[http(status), http(200)], LONG, &arrived(2));
    }
    let done = Reply::Message(Vec::new());
    for code in [1, 4, 10, 11, 14, 15] {
        let replies = [Reply::Refusal(code, None), done.clone()];
        check(Over::Grpc, &replies, LONG, &arrived(2));
    }
    check(Over::Grpc, &[http(503), done], LONG, &arrived(2));
}

#[test]
fn a_receiver_that_fails_for_good_is_given_up_and_all_is_counted() {
    let of_http = "answered 503 Service Unavailable, 4 times";
    check(Over::Http, &[http(503)], LONG, &lost(4, 4, of_http));
    let refused = Reply::Refusal(14, None);
    check(Over::Grpc, &[refused], LONG, &lost(4, 4, "4 times"));
    for status in [400, 401, 403, 404, 500, 501] {
        check(Over::Http, &[http(status)], LONG, &lost(4, 1, "answered "));
    }
    for code in [2, 3, 5, 6, 7, 9, 12, 13, 16] {
        let refused = [Reply::Refusal(code, None)];
        check(Over::Grpc, &refused, LONG, &lost(4, 1, "not now"));
    }
}

#[test]
fn a_connection_that_ends_is_made_again() {
    let done = Reply::Message(Vec::new());
    check(Over::Http, &[Reply::Reset, http(200)], LONG, &arrived(2));
    check(Over::Http, &[Reply::Reset], LONG, &lost(4, 4, "4 times"));
    check(Over::Grpc, &[Reply::Reset, done], LONG, &arrived(2));
    check(Over::Grpc, &[Reply::Reset], LONG, &lost(4, 4, "4 times"));
}

#[test]
fn a_receiver_that_never_answers_costs_the_timeout() {
    let said = "no answer within 300ms";
    for over in [Over::Http, Over::Grpc] {
        let began = Instant::now();
        check(over, &[Reply::Never], "300", &lost(4, 1, said));
        assert!(began.elapsed() < Duration::from_secs(3), "{over:?}");
    }
}

#[test]
fn the_wrong_protocol_is_a_failure_that_is_said() {
    let said = "4 spans were lost";
    check_served(Over::Http, true, &[http(200)], "1000", &lost(4, 0, said));
    check_served(Over::Grpc, false, &[http(200)], "1000", &lost(4, 0, said));
}

#[test]
fn a_flush_without_a_receiver_says_so() {
    let nobody = Nobody::listens();
    for over in [Over::Http, Over::Grpc] {
        let telemetry = telemetry(over, &nobody.url(), &[]);
        let provider = telemetry.tracer_provider().unwrap();
        provider.tracer("test").start("span").end();
        let why = provider.force_flush().unwrap_err().to_string();
        assert!(why.contains("1 spans were lost"), "{why}");
        provider.force_flush().unwrap();
    }
}
