//! Whose token an agent elsewhere is shown, by its name in the network.

use kaos_tests::peer::{Kind, Peer, completion};
use serde_json::json;

use super::Served;

/// The bearer that an agent at this host is asked with. A proxy stands for all hosts.
async fn bearer(host: &str, more: &[(&str, &str)]) -> Option<String> {
    let proxy = Peer::start(Kind::Bare, "researcher", vec![completion("three")]).await;
    let url = format!("http://{host}:8000");
    let mut variables = vec![
        ("AGENT_NAME", "coordinator"),
        ("PEER_AGENTS", "researcher"),
        ("PEER_AGENT_RESEARCHER_CARD_URL", url.as_str()),
        (
            "KAOS_API_TOKEN",
            "[\"first-0123456789\", \"second-0123456789\"]",
        ),
        ("HTTP_PROXY", proxy.url.as_str()),
        ("http_proxy", proxy.url.as_str()),
        (
            "DEBUG_MOCK_RESPONSES",
            r#"[{"tool_calls":[{"name":"researcher","arguments":{"task":"count them"}}]},"Three."]"#,
        ),
    ];
    variables.extend(more);
    let served = Served::start(&variables).await;
    let body = json!({ "messages": [{ "role": "user", "content": "Count." }] }).to_string();
    let own = ("Authorization", "Bearer second-0123456789");
    let answer = served
        .ask("POST", super::CHAT, &[super::JSON, own], &body)
        .await;
    assert_eq!(
        answer.text().as_deref(),
        Some("Three."),
        "{host}: {answer:?}"
    );
    let asked = proxy.asked();
    assert_eq!(asked.len(), 1, "{host}");
    assert_eq!(asked[0].header("host"), Some(&*format!("{host}:8000")));
    asked[0].header("authorization").map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_all_goes_to_services_of_the_same_namespace_and_to_nobody_else() {
    let team = ("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=team");
    let ours = Some("Bearer first-0123456789".to_owned());
    for (host, more, expected) in [
        ("researcher.team.svc", &[team][..], ours.clone()),
        ("researcher.team.svc.cluster.local", &[team], ours),
        ("researcher.other.svc", &[team], None),
        ("researcher.team.svc.example.com", &[team], None),
        ("researcher.team.svc", &[], None),
        (
            "researcher.other.svc",
            &[team, ("PEER_AGENT_RESEARCHER_TOKEN", "own-0123456789")],
            Some("Bearer own-0123456789".to_owned()),
        ),
    ] {
        assert_eq!(bearer(host, more).await, expected, "{host}, {more:?}");
    }
}
