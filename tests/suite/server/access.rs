//! Tokens.

use kaos_runner::server::{Access, Server};
use kaos_runner::{Agent, FunctionModel};
use serde_json::json;

use super::{Serving, question, watched};

#[tokio::test]
async fn with_a_token_nobody_gets_to_the_agent_without_one() {
    let (runner, seen) = watched(Agent::new("assistant", FunctionModel::answer("Hello.")));
    let access = Access::new().token("first").token("").token("zwölf-second");
    let server = Serving::start(Server::new(runner).access(access)).await;
    let body = question("Hi!", json!({}));
    for (given, status) in [
        (&[][..], 401),
        (&["Bearer first"][..], 200),
        (&["bearer zwölf-second"][..], 200),
        (&["BEARER  first "][..], 200),
        (&["Bearer firs"][..], 401),
        (&["Bearer first1"][..], 401),
        (&["Bearer"][..], 401),
        (&["Bearer "][..], 401),
        (&[""][..], 401),
        (&["Basic first"][..], 401),
        (&["first"][..], 401),
        (&["Bearer first", "Bearer first"][..], 401),
    ] {
        let headers: Vec<_> = given.iter().map(|it| ("Authorization", *it)).collect();
        let answer = server.chat_with(&headers, &body).await;
        assert_eq!(answer.status, status, "{given:?}: {}", answer.text());
        if status == 401 {
            assert_eq!(answer.error().1, "invalid_api_key");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(seen.runs().len(), 3);
    for (path, status) in [
        ("/health", 200),
        ("/ready", 200),
        ("/.well-known/agent", 200),
        ("/.well-known/agent.json", 200),
        ("/.well-known/agent-card.json", 200),
        ("/tools", 401),
        ("/v1/models", 401),
        ("/nothing", 404),
    ] {
        assert_eq!(server.get(path).await.status, status, "{path}");
    }
}

#[test]
fn tokens_are_not_shown() {
    let shown = format!("{:?}", Access::new().token("s3cret"));
    assert!(!shown.contains("s3cret"), "{shown}");
}
