//! Which call a fragment of a stream belongs to: a table of streams that endpoints send.

use kaos_runner::Agent;
use kaos_runner::testing::{Answer, ModelServer, events};
use kaos_tests::agents::{Act, Scripted};
use kaos_tests::observed::Observed;
use serde_json::{Value, json};

use super::{Mode, builder, pieces, turn};

/// A row: what it is, the fragments, and the arguments that `a` and `b` are called with.
type Row = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

/// Of a fragment: its index, its id, its name, its arguments; `-` is missing, `""` empty, `~` a text
/// and `#` a number where one does not expect it.
const ROWS: &[Row] = &[
    (
        "as documented",
        &["0 x a ", r#"0 - - {"n""#, "1 y b ", "1 - - {}", "0 - - :1}"],
        &[r#"{"n":1}"#],
        &["{}"],
    ),
    (
        "all fields in every fragment",
        &[r#"0 x a {"n""#, "0 x a :1}", "1 y b {", "1 y b }"],
        &[r#"{"n":1}"#],
        &["{}"],
    ),
    (
        "a blank behind whole arguments, as llama-cpp-python sends it",
        &["0 x a {}", "0 x a  ", "0 x a "],
        &["{} "],
        &[],
    ),
    (
        "empty instead of missing",
        &[r#"0 x a {"n""#, r#"0 "" "" :1}"#],
        &[r#"{"n":1}"#],
        &[],
    ),
    (
        "no index",
        &["- x a {", "- - - }", "- y b {", "- - - }"],
        &["{}"],
        &["{}"],
    ),
    (
        "no index, interleaved by id",
        &["- x a {", "- y b {", "- x - }", "- y - }"],
        &["{}"],
        &["{}"],
    ),
    (
        "neither index nor id",
        &["- - a {", "- - - }", "- - b {}"],
        &["{}"],
        &["{}"],
    ),
    (
        "neither, and the name with every fragment",
        &["- - a ", r#"- - a {"n""#, "- - a :1}"],
        &[r#"{"n":1}"#],
        &[],
    ),
    (
        "one index for two ids",
        &["0 x a {}", "0 y b {}"],
        &["{}"],
        &["{}"],
    ),
    (
        "one index, no ids, two names",
        &["0 - a {}", "0 - b {", "0 - - }"],
        &["{}"],
        &["{}"],
    ),
    (
        "one index, no ids, the same tool twice",
        &[r#"0 - a {"n":1}"#, r#"0 - a {"n":2}"#],
        &[r#"{"n":1}"#, r#"{"n":2}"#],
        &[],
    ),
    (
        "one id for two indices",
        &[r#"0 x a {"n":1}"#, r#"1 x a {"n":2}"#],
        &[r#"{"n":1}"#, r#"{"n":2}"#],
        &[],
    ),
    (
        "one id for two indices, interleaved",
        &["0 x a ", "1 x b ", "0 - - {}", "1 - - {}"],
        &["{}"],
        &["{}"],
    ),
    (
        "one id and one index for two calls",
        &[r#"0 x a {"n":1}"#, r#"0 x a {"n":2}"#, "0 x b {}"],
        &[r#"{"n":1}"#, r#"{"n":2}"#],
        &["{}"],
    ),
    ("a late id", &["0 - a ", "0 x - {", "0 x - }"], &["{}"], &[]),
    (
        "an id later than arguments",
        &["0 - a {", "0 x - }"],
        &["{}"],
        &[],
    ),
    ("a late name", &["0 x - {", "0 - a }"], &["{}"], &[]),
    (
        "an index that counts fragments",
        &["0 x a {", r#"1 x - "n":"#, "2 x - 1}"],
        &[r#"{"n":1}"#],
        &[],
    ),
    (
        "numbers for ids and texts for indices",
        &["~0 #7 a {", "~0 - - }", "~1 #8 b {}"],
        &["{}"],
        &["{}"],
    ),
];

/// Streams the fragments; these calls come of them.
async fn check(row: &Row) {
    let (what, fragments, a, b) = row;
    let deltas = fragments.iter().map(|fragment| fragment_of(fragment));
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
    assert_eq!(tool_a.saw(), *a, "{what}: the calls of a");
    assert_eq!(tool_b.saw(), *b, "{what}: the calls of b");
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

fn fragment_of(fragment: &str) -> Value {
    let fields: Vec<&str> = fragment.splitn(4, ' ').collect();
    let value = |field: &str| match field.split_at(1) {
        ("-", _) => Value::Null,
        ("~", text) => json!(text),
        ("#", number) => json!(number.parse::<u64>().unwrap()),
        _ if field == "\"\"" => json!(""),
        _ => json!(field),
    };
    let index = fields[0]
        .parse::<u64>()
        .map_or_else(|_text| value(fields[0]), |number| json!(number));
    let function = json!({ "name": value(fields[2]), "arguments": fields[3] });
    let mut call = json!({ "type": "function", "function": function });
    for (key, value) in [("index", index), ("id", value(fields[1]))] {
        if !value.is_null() {
            call[key] = value;
        }
    }
    json!({ "tool_calls": [call] })
}

#[tokio::test]
async fn a_call_is_known_by_all_its_fields_together() {
    for row in ROWS {
        check(row).await;
    }
}
