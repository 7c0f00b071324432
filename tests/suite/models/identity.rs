//! Which call a fragment of a stream belongs to: a table of streams that endpoints send.

use kaos_runner::Agent;
use kaos_runner::testing::{Answer, ModelServer, events};
use kaos_tests::agents::{Act, Scripted};
use kaos_tests::observed::Observed;
use serde_json::{Value, json};

use super::{Mode, builder, pieces, turn};

/// A fragment: index, id, name, arguments, each as the endpoint has it.
type Fragment = (Value, Value, Value, &'static str);

/// Streams these fragments; so many calls come of them, of `a` and `b` with these arguments, in this
/// order of tools.
async fn check(what: &str, fragments: &[Fragment], a: &[&str], b: &[&str]) {
    let deltas = fragments.iter().map(|(index, id, name, arguments)| {
        let function = json!({ "name": name, "arguments": arguments });
        let mut call = json!({ "type": "function", "function": function });
        for (key, value) in [("index", index), ("id", id)] {
            if !value.is_null() {
                call[key] = value.clone();
            }
        }
        json!({ "tool_calls": [call] })
    });
    let done = Answer::stream(events([json!({ "content": "Done." })], "stop"));
    let server = ModelServer::start([Answer::stream(events(deltas, "tool_calls")), done]).await;
    let (tool_a, tool_b) = (
        Scripted::new("a", Act::Give("1")),
        Scripted::new("b", Act::Give("2")),
    );
    let model = builder(&server).build().unwrap();
    let agent = Agent::new("assistant", model)
        .tool(tool_a.clone())
        .tool(tool_b.clone());
    let observed = Observed::new(agent);
    assert_eq!(
        turn(&observed, Mode::Streamed).await.unwrap().text(),
        "Done.",
        "{what}"
    );
    assert_eq!(tool_a.saw(), a, "{what}: the calls of a");
    assert_eq!(tool_b.saw(), b, "{what}: the calls of b");
    // What was handed on by id makes the arguments of that id's call.
    let sent = server.requests()[1].body["messages"].clone();
    let calls = sent[1]["tool_calls"].as_array().unwrap().clone();
    for call in calls {
        let handed: String = pieces(&observed.recorder.events())
            .arguments
            .into_iter()
            .filter(|(id, _)| call["id"] == id.as_str())
            .map(|(_, piece)| piece)
            .collect();
        let arguments = call["function"]["arguments"].as_str().unwrap();
        assert!(
            handed == arguments || (handed.is_empty() && arguments == "{}"),
            "{what}: {handed} for {arguments}"
        );
    }
}

#[tokio::test]
async fn a_call_is_known_by_all_its_fields_together() {
    let none = || Value::Null;
    let n = |n: u64| json!(n);
    let s = |s: &str| json!(s);
    check(
        "as documented",
        &[
            (n(0), s("x"), s("a"), ""),
            (n(0), none(), none(), r#"{"n""#),
            (n(1), s("y"), s("b"), ""),
            (n(1), none(), none(), "{}"),
            (n(0), none(), none(), ":1}"),
        ],
        &[r#"{"n":1}"#],
        &["{}"],
    )
    .await;
    check(
        "all fields in every fragment",
        &[
            (n(0), s("x"), s("a"), r#"{"n""#),
            (n(0), s("x"), s("a"), ":1}"),
            (n(1), s("y"), s("b"), "{"),
            (n(1), s("y"), s("b"), "}"),
        ],
        &[r#"{"n":1}"#],
        &["{}"],
    )
    .await;
    check(
        "empty instead of missing",
        &[
            (n(0), s("x"), s("a"), r#"{"n""#),
            (n(0), s(""), s(""), ":1}"),
        ],
        &[r#"{"n":1}"#],
        &[],
    )
    .await;
    check(
        "no index",
        &[
            (none(), s("x"), s("a"), "{"),
            (none(), none(), none(), "}"),
            (none(), s("y"), s("b"), "{"),
            (none(), none(), none(), "}"),
        ],
        &["{}"],
        &["{}"],
    )
    .await;
    check(
        "no index, interleaved by id",
        &[
            (none(), s("x"), s("a"), "{"),
            (none(), s("y"), s("b"), "{"),
            (none(), s("x"), none(), "}"),
            (none(), s("y"), none(), "}"),
        ],
        &["{}"],
        &["{}"],
    )
    .await;
    check(
        "neither index nor id",
        &[
            (none(), none(), s("a"), "{"),
            (none(), none(), none(), "}"),
            (none(), none(), s("b"), "{}"),
        ],
        &["{}"],
        &["{}"],
    )
    .await;
    check(
        "neither, and the name with every fragment",
        &[
            (none(), none(), s("a"), ""),
            (none(), none(), s("a"), r#"{"n""#),
            (none(), none(), s("a"), ":1}"),
        ],
        &[r#"{"n":1}"#],
        &[],
    )
    .await;
    check(
        "one index for two ids",
        &[(n(0), s("x"), s("a"), "{}"), (n(0), s("y"), s("b"), "{}")],
        &["{}"],
        &["{}"],
    )
    .await;
    check(
        "one index, no ids, two names",
        &[
            (n(0), none(), s("a"), "{}"),
            (n(0), none(), s("b"), "{"),
            (n(0), none(), none(), "}"),
        ],
        &["{}"],
        &["{}"],
    )
    .await;
    check(
        "one index, no ids, the same tool twice",
        &[
            (n(0), none(), s("a"), r#"{"n":1}"#),
            (n(0), none(), s("a"), r#"{"n":2}"#),
        ],
        &[r#"{"n":1}"#, r#"{"n":2}"#],
        &[],
    )
    .await;
    check(
        "one id for two indices",
        &[
            (n(0), s("x"), s("a"), r#"{"n":1}"#),
            (n(1), s("x"), s("a"), r#"{"n":2}"#),
        ],
        &[r#"{"n":1}"#, r#"{"n":2}"#],
        &[],
    )
    .await;
    check(
        "one id for two indices, interleaved",
        &[
            (n(0), s("x"), s("a"), ""),
            (n(1), s("x"), s("b"), ""),
            (n(0), none(), none(), "{}"),
            (n(1), none(), none(), "{}"),
        ],
        &["{}"],
        &["{}"],
    )
    .await;
    check(
        "one id and one index for two calls",
        &[
            (n(0), s("x"), s("a"), r#"{"n":1}"#),
            (n(0), s("x"), s("a"), r#"{"n":2}"#),
            (n(0), s("x"), s("b"), "{}"),
        ],
        &[r#"{"n":1}"#, r#"{"n":2}"#],
        &["{}"],
    )
    .await;
    check(
        "a late id",
        &[
            (n(0), none(), s("a"), ""),
            (n(0), s("x"), none(), "{"),
            (n(0), s("x"), none(), "}"),
        ],
        &["{}"],
        &[],
    )
    .await;
    check(
        "an id later than arguments",
        &[(n(0), none(), s("a"), "{"), (n(0), s("x"), none(), "}")],
        &["{}"],
        &[],
    )
    .await;
    check(
        "a late name",
        &[(n(0), s("x"), none(), "{"), (n(0), none(), s("a"), "}")],
        &["{}"],
        &[],
    )
    .await;
    check(
        "an index that counts fragments",
        &[
            (n(0), s("x"), s("a"), "{"),
            (n(1), s("x"), none(), "\"n\":"),
            (n(2), s("x"), none(), "1}"),
        ],
        &[r#"{"n":1}"#],
        &[],
    )
    .await;
    check(
        "numbers for ids and texts for indices",
        &[
            (s("0"), n(7), s("a"), "{"),
            (s("0"), none(), none(), "}"),
            (s("1"), n(8), s("b"), "{}"),
        ],
        &["{}"],
        &["{}"],
    )
    .await;
}
