//! Remote agents from the environment.

use std::collections::BTreeMap;

use kaos_runner::RemoteAgent;
use kaos_runner::remote::RemoteVariableError;

fn of(variables: &[(&str, &str)]) -> Result<Vec<RemoteAgent>, RemoteVariableError> {
    let known: BTreeMap<&str, &str> = variables.iter().copied().collect();
    RemoteAgent::all_from_vars(|name| known.get(name).map(|it| (*it).to_owned()))
}

#[test]
fn agents_are_those_that_the_environment_names() {
    for (variables, expected) in [
        (&[][..], ""),
        (
            &[("AGENT_SUB_AGENTS", "a:http://h1:1, b:http://h2/x/y/")],
            "a http://h1:1;b http://h2",
        ),
        (
            &[
                ("AGENT_SUB_AGENTS", "[a:http://h1:1]"),
                ("PEER_AGENTS", "c"),
            ],
            "a http://h1:1",
        ),
        (&[("AGENT_SUB_AGENTS", " "), ("PEER_AGENTS", "")], ""),
        (
            &[
                ("PEER_AGENTS", "[web-researcher,]"),
                (
                    "PEER_AGENT_WEB_RESEARCHER_CARD_URL",
                    "http://w:8000/.well-known/agent.json",
                ),
            ],
            "web-researcher http://w:8000",
        ),
    ] {
        let agents = of(variables).unwrap();
        let told = agents.iter().map(|agent| {
            let text = format!("{agent:?}");
            let at = text.split('"').nth(3).unwrap().to_owned();
            format!("{} {at}", agent.called())
        });
        assert_eq!(
            told.collect::<Vec<_>>().join(";"),
            expected,
            "{variables:?}"
        );
    }
}

#[test]
fn what_cannot_be_used_is_refused_by_name_and_without_its_value() {
    for (variables, expected) in [
        (&[("AGENT_SUB_AGENTS", "a")][..], "AGENT_SUB_AGENTS"),
        (&[("AGENT_SUB_AGENTS", ":http://h")], "AGENT_SUB_AGENTS"),
        (&[("AGENT_SUB_AGENTS", "a:ftp://h")], "AGENT_SUB_AGENTS"),
        (
            &[("AGENT_SUB_AGENTS", "a:http://user:s3cret@h")],
            "AGENT_SUB_AGENTS",
        ),
        (&[("PEER_AGENTS", "a-b")], "PEER_AGENT_A_B_CARD_URL"),
        (
            &[("PEER_AGENTS", "a"), ("PEER_AGENT_A_CARD_URL", "s3cret")],
            "PEER_AGENT_A_CARD_URL",
        ),
    ] {
        let refused = of(variables).unwrap_err();
        assert_eq!(refused.variable, expected);
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
    }
}

/// A token is what stands between the brackets and the quotes, as everywhere in the environment.
#[tokio::test]
async fn lists_are_read_as_everywhere_in_the_environment() {
    let agents = of(&[
        ("PEER_AGENTS", "[\"a\", 'b']"),
        ("PEER_AGENT_A_CARD_URL", "http://h1"),
        ("PEER_AGENT_B_CARD_URL", "http://h2"),
    ]);
    let names: Vec<String> = agents
        .unwrap()
        .iter()
        .map(|it| it.called().to_owned())
        .collect();
    assert_eq!(names, ["a", "b"]);
    let list = "[\"shared-0123456789\",\"second-0123456789\"]";
    assert_eq!(token_of("127.0.0.1", false, list).await, Some("shared"));
}

/// Which of these tokens an agent at this address is asked with.
async fn token(host: &str, own: bool) -> Option<&'static str> {
    token_of(host, own, "shared-0123456789,second-0123456789").await
}

async fn token_of(host: &str, own: bool, list: &str) -> Option<&'static str> {
    use kaos_runner::{Agent, FunctionModel, ModelReply, Runner};
    use kaos_tests::peer::{Kind, Peer, completion};
    let peer = Peer::start(Kind::Second, "a", vec![completion("x")]).await;
    let port = peer.url.rsplit(':').next().unwrap();
    let url = format!("http://{host}:{port}");
    let mut variables = vec![
        ("PEER_AGENTS", "a"),
        ("PEER_AGENT_A_CARD_URL", url.as_str()),
        ("KAOS_API_TOKEN", list),
    ];
    if own {
        variables.push(("PEER_AGENT_A_TOKEN", "own-0123456789"));
    }
    let agents = of(&variables).unwrap();
    let replies = [
        ModelReply::call("1", "a", r#"{"task":"t"}"#),
        ModelReply::text("done"),
    ];
    let agent = agents.into_iter().fold(
        Agent::new("c", FunctionModel::script(replies)),
        Agent::subagent,
    );
    Runner::new(agent).turn("x", "").await.unwrap();
    let asked = peer.asked();
    match asked[0].header("authorization") {
        Some("Bearer shared-0123456789") => Some("shared"),
        Some("Bearer own-0123456789") => Some("own"),
        None => None,
        Some(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_agent_is_asked_with_its_own_token_else_on_this_machine_with_ours() {
    assert_eq!(token("127.0.0.1", false).await, Some("shared"));
    assert_eq!(token("localhost", false).await, Some("shared"));
    assert_eq!(token("127.0.0.1", true).await, Some("own"));
}
