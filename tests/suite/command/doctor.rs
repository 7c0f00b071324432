//! `kaos doctor`: what it finds out of an endpoint, and which variable it says to change.

use std::process::Output;

use kaos_tests::nobody::Nobody;
use kaos_tests::receivers::{Receiver, Reply};

use super::{kaos, said};

/// The doctor's word on an endpoint.
async fn doctor(endpoint: &str, protocol: &str, more: &[(&str, &str)]) -> Output {
    let mut command = kaos(&["doctor"]);
    command.env_remove("OTEL_SDK_DISABLED");
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    command.env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
    command.env("OTEL_SERVICE_NAME", "patient");
    command.envs(more.iter().copied());
    command.output().await.unwrap()
}

fn http(status: u16) -> Reply {
    Reply::Http(status, Vec::new(), Vec::new())
}

#[tokio::test]
async fn a_good_endpoint_takes_a_span_a_metric_and_a_log() {
    for (http2, protocol, reply) in [
        (true, "grpc", Reply::Message(Vec::new())),
        (false, "http/protobuf", http(200)),
    ] {
        let receiver = Receiver::start(http2, [reply]);
        let output = doctor(&receiver.url, protocol, &[]).await;
        assert!(output.status.success(), "{}", said(&output));
        for signal in ["traces", "metrics", "logs"] {
            let line = format!("{signal:8} taken by {}", receiver.url);
            assert!(said(&output).contains(&line), "{}", said(&output));
        }
        let got = receiver.got();
        assert_eq!(got.len(), 3);
        for request in got {
            let holds = |text: &[u8]| request.body.windows(text.len()).any(|it| it == text);
            assert!(holds(b"patient") && holds(b"kaos.doctor"), "{request:?}");
        }
    }
}

#[tokio::test]
async fn of_the_wrong_protocol_it_says_the_right_one() {
    let receiver = Receiver::start(false, [http(200)]);
    let output = doctor(&receiver.url, "grpc", &[]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let advice = "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf";
    assert!(said(&output).contains(advice), "{}", said(&output));

    let receiver = Receiver::start(true, [Reply::Message(Vec::new())]);
    let more = [("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf")];
    let output = doctor(&receiver.url, "grpc", &more).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let advice = "set OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=grpc";
    assert!(
        said(&output).contains(advice),
        "its own variable: {}",
        said(&output)
    );
}

#[tokio::test]
async fn of_a_dead_endpoint_it_says_that_nobody_listens() {
    let nobody = Nobody::listens();
    let address = nobody.at();
    let output = doctor(&nobody.url(), "grpc", &[]).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let advice = format!("nothing listens at {address}");
    assert!(said(&output).contains(&advice), "{}", said(&output));
    assert!(
        said(&output).contains("is OTEL_EXPORTER_OTLP_ENDPOINT right?"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn of_an_endpoint_that_refuses_it_says_where_the_key_goes_and_shows_none() {
    let receiver = Receiver::start(false, [http(401)]);
    let more = [("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hush-hush-1")];
    let output = doctor(&receiver.url, "http/protobuf", &more).await;
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let advice = "it refuses who sends: OTEL_EXPORTER_OTLP_HEADERS has the key";
    assert!(said(&output).contains(advice), "{}", said(&output));
    assert!(!said(&output).contains("hush"), "{}", said(&output));
}

#[tokio::test]
async fn where_nothing_is_sent_it_says_what_to_set() {
    let output = kaos(&["doctor"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("OTEL_SDK_DISABLED is true"),
        "{}",
        said(&output)
    );
    let mut command = kaos(&["doctor"]);
    let output = command
        .env_remove("OTEL_SDK_DISABLED")
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("set OTEL_EXPORTER_OTLP_ENDPOINT"),
        "{}",
        said(&output)
    );
}
