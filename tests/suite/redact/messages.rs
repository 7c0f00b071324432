//! Messages leave as the policies say, whatever their shape.

use kaos_hooks::redact::{ContentPolicies, ContentPolicy, Field, HashKey, Redactor};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A secret that the redactor knows, so that it must go under every policy but `Full`.
const KNOWN: &str = "sk-ant-api03-aB3dE5fG7haB3dE5fG7haB3dE5fG7h";

/// Words that no rule finds: they leave under `Redacted`, and not under less.
const PLAIN: &str = "quince and medlar";

const FIELDS: [Field; 7] = [
    Field::Input,
    Field::Instructions,
    Field::Output,
    Field::Thinking,
    Field::Arguments,
    Field::Result,
    Field::Error,
];

fn policy() -> impl Strategy<Value = ContentPolicy> {
    prop_oneof![
        Just(ContentPolicy::None),
        Just(ContentPolicy::Hash(HashKey::new(vec![7; 32]).unwrap())),
        Just(ContentPolicy::Redacted),
        Just(ContentPolicy::Full),
    ]
}

/// Policies of every kind, and whether any of them is `Full`, and whether any is less than
/// `Redacted`.
fn policies() -> impl Strategy<Value = (ContentPolicies, Vec<ContentPolicy>)> {
    let fields = prop::collection::vec((0..FIELDS.len(), policy()), 0..4);
    let tools = prop::collection::vec((prop::sample::select(vec!["pay", "read"]), policy()), 0..3);
    let path = prop::option::of(policy());
    (policy(), fields, tools, path).prop_map(|(everything, fields, tools, path)| {
        let mut all = vec![everything.clone()];
        let mut policies = ContentPolicies::new(everything);
        for (field, policy) in fields {
            all.push(policy.clone());
            policies = policies.field(FIELDS[field], policy);
        }
        for (tool, policy) in tools {
            all.push(policy.clone());
            policies = policies.tool(tool, policy);
        }
        if let Some(policy) = path {
            all.push(policy.clone());
            policies = policies.tool_path("pay", "$.note".parse().unwrap(), policy);
        }
        (policies, all)
    })
}

/// A value of any type around the canary.
fn holding(canary: &'static str) -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(canary)),
        Just(json!([canary])),
        Just(json!({ "note": canary })),
        Just(json!({ canary: 1 })),
        Just(json!([[{ "a": [canary, 1, null] }]])),
        Just(json!({ "note": canary }).to_string().into()),
    ]
}

fn part(canary: &'static str) -> impl Strategy<Value = Value> {
    let keys = vec![
        "type",
        "content",
        "text",
        "name",
        "id",
        "arguments",
        "response",
        "result",
        "thinking",
        "extra",
        "url",
        KNOWN,
    ];
    let kinds = vec![
        "text",
        "reasoning",
        "tool_call",
        "tool_call_response",
        "blob",
        "thinking",
        "tool_use",
        "",
        KNOWN,
    ];
    let fields = prop::collection::vec((prop::sample::select(keys), holding(canary)), 0..5);
    let kind = prop::option::of(prop::sample::select(kinds));
    let tool = prop::option::of(prop::sample::select(vec!["pay", "read", "other"]));
    (fields, kind, tool, any::<bool>()).prop_map(move |(fields, kind, tool, is_object)| {
        if !is_object {
            return json!(canary);
        }
        let mut part: Map<String, Value> = fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        if let Some(kind) = kind {
            part.insert("type".to_owned(), kind.into());
        }
        if let Some(tool) = tool {
            part.insert("name".to_owned(), tool.into());
            part.insert("id".to_owned(), "call-1".into());
        }
        Value::Object(part)
    })
}

fn message(canary: &'static str) -> impl Strategy<Value = Value> {
    let parts = prop::collection::vec(part(canary), 0..4);
    let keys = vec![
        "role",
        "parts",
        "content",
        "name",
        "finish_reason",
        "tool_calls",
        "extra",
    ];
    let fields = prop::collection::vec((prop::sample::select(keys), holding(canary)), 0..3);
    (parts, fields, 0..4_u8).prop_map(move |(parts, fields, shape)| {
        let mut message = match shape {
            0 => return json!(canary),
            1 => json!({ "role": "user", "content": parts }),
            _ => json!({ "role": "assistant", "parts": parts }),
        };
        for (key, value) in fields {
            message[key] = value;
        }
        message
    })
}

fn messages(canary: &'static str) -> impl Strategy<Value = String> {
    (prop::collection::vec(message(canary), 1..4), 0..3_u8).prop_map(|(messages, shape)| {
        let whole = json!(messages).to_string();
        match shape {
            0 => messages[0].to_string(),
            1 => whole[..whole.len() - 1].to_owned(),
            _ => whole,
        }
    })
}

fn is_full(policy: &ContentPolicy) -> bool {
    matches!(policy, ContentPolicy::Full)
}

fn is_kept_in(policy: &ContentPolicy) -> bool {
    matches!(policy, ContentPolicy::None | ContentPolicy::Hash(_))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_known_secret_leaves_only_where_a_policy_says_full((policies, all) in policies(), text in messages(KNOWN), field in prop::sample::select(vec![Field::Input, Field::Output])) {
        let redactor = Redactor::new();
        let safe = policies.apply_to_messages(&redactor, field, &text);
        let out = safe.map(|safe| safe.as_str().to_owned()).unwrap_or_default();
        if !all.iter().any(is_full) {
            prop_assert!(!out.contains(KNOWN), "{text}\n{out}");
        }
    }

    #[test]
    fn private_words_leave_only_where_a_policy_lets_them((policies, all) in policies(), text in messages(PLAIN), field in prop::sample::select(vec![Field::Input, Field::Output])) {
        let redactor = Redactor::new();
        let safe = policies.apply_to_messages(&redactor, field, &text);
        let out = safe.map(|safe| safe.as_str().to_owned()).unwrap_or_default();
        // A path keeps in values, and leaves the keys around them.
        if all.iter().all(is_kept_in) && !text.contains(&format!("{{\"{PLAIN}\"")) && !text.contains("\\\"note") {
            prop_assert!(!out.contains(PLAIN), "{text}\n{out}");
        }
    }
}

/// Where one part's content may leave in full, everything else in its message may not.
#[test]
fn what_no_policy_names_is_never_full() {
    let redactor = Redactor::new();
    let policies = ContentPolicies::new(ContentPolicy::Redacted)
        .field(Field::Input, ContentPolicy::Full)
        .tool("read", ContentPolicy::Full);
    let row = |message: Value| {
        let text = json!([message]).to_string();
        let safe = policies.apply_to_messages(&redactor, Field::Input, &text);
        safe.map(|safe| safe.as_str().to_owned())
            .unwrap_or_default()
    };
    let text = |part: Value| json!({ "role": "user", "parts": [part] });
    for (message, leaves) in [
        (text(json!({"type": "text", "content": KNOWN})), true),
        (text(json!({"type": "text", "text": KNOWN})), false),
        (
            text(json!({"type": "text", "content": "x", "extra": {"a": [KNOWN]}})),
            false,
        ),
        (text(json!({"type": "reasoning", "content": KNOWN})), false),
        (text(json!({"type": "blob", "content": KNOWN})), false),
        (text(json!({"content": KNOWN})), false),
        (text(json!({"type": KNOWN})), false),
        (text(json!(KNOWN)), false),
        (
            text(json!({"type": "tool_call", "id": "1", "name": "read", "arguments": KNOWN})),
            true,
        ),
        (
            text(json!({"type": "tool_call", "id": "1", "name": ["read"], "arguments": KNOWN})),
            false,
        ),
        (
            text(json!({"type": "tool_call", "id": "1", "name": "pay", "arguments": KNOWN})),
            false,
        ),
        (
            text(json!({"type": "tool_call_response", "id": "1", "response": KNOWN})),
            false,
        ),
        (json!({"role": KNOWN, "parts": []}), false),
        (json!({"role": "user", "content": KNOWN}), true),
        (json!({"role": "user", "name": KNOWN, "parts": []}), false),
        (json!({"role": "user", "parts": {"a": KNOWN}}), false),
        (json!({"finish_reason": KNOWN, "parts": []}), false),
        (json!(KNOWN), false),
    ] {
        let out = row(message.clone());
        assert_eq!(out.contains(KNOWN), leaves, "{message} {out}");
    }
}

#[test]
fn a_response_whose_call_is_lost_obeys_the_strictest_tool() {
    let redactor = Redactor::new();
    let policies = ContentPolicies::new(ContentPolicy::Full).tool("pay", ContentPolicy::None);
    let text = json!([{ "role": "tool", "parts": [
        {"type": "tool_call_response", "id": "9", "response": PLAIN},
        {"type": "tool_call", "id": "1", "name": "read", "arguments": "a"},
        {"type": "tool_call", "id": "1", "name": "pay", "arguments": "b"},
        {"type": "tool_call_response", "id": "1", "response": PLAIN},
    ]}])
    .to_string();
    let safe = policies
        .apply_to_messages(&redactor, Field::Input, &text)
        .unwrap();
    assert!(!safe.as_str().contains(PLAIN), "{safe}");
    assert!(safe.as_str().contains("read"), "{safe}");
}

#[test]
fn structure_stays_under_every_policy() {
    let redactor = Redactor::new();
    let text =
        r#"[{"role":"user","parts":[{"type":"text","content":"hello"}],"finish_reason":"stop"}]"#;
    let none = ContentPolicies::new(ContentPolicy::None);
    let safe = none
        .apply_to_messages(&redactor, Field::Input, text)
        .unwrap();
    assert_eq!(
        safe.as_str(),
        r#"[{"finish_reason":"stop","parts":[],"role":"user"}]"#
    );
    let some =
        ContentPolicies::new(ContentPolicy::Redacted).field(Field::Result, ContentPolicy::None);
    let safe = some
        .apply_to_messages(&redactor, Field::Input, text)
        .unwrap();
    let out: Value = serde_json::from_str(safe.as_str()).unwrap();
    assert_eq!(out, serde_json::from_str::<Value>(text).unwrap());
}

/// Policies that keep one kind of content in, and let the others leave.
fn keeping_in() -> Vec<ContentPolicies> {
    let hash = || ContentPolicy::Hash(HashKey::new(vec![7; 32]).unwrap());
    let kept = [Field::Arguments, Field::Result, Field::Thinking];
    let but = |everything, policy: fn() -> ContentPolicy| {
        kept.iter()
            .fold(ContentPolicies::new(everything), |all, field| {
                all.field(*field, policy())
            })
    };
    vec![
        but(ContentPolicy::Redacted, || ContentPolicy::None),
        but(ContentPolicy::Full, || ContentPolicy::None),
        but(ContentPolicy::Full, || {
            ContentPolicy::Hash(HashKey::new(vec![7; 32]).unwrap())
        }),
        but(ContentPolicy::Redacted, || ContentPolicy::None).field(Field::Input, hash()),
        but(ContentPolicy::Redacted, || ContentPolicy::None).tool("bank", ContentPolicy::None),
    ]
}

fn left_of(policies: &ContentPolicies, text: &str) -> String {
    let safe = policies.apply_to_messages(&Redactor::new(), Field::Input, text);
    safe.map(|safe| safe.as_str().to_owned())
        .unwrap_or_default()
}

const RESULTS: &[&str] = &[
    r#"[{"role":"tool","tool_call_id":"c1","content":"RESSEC"}]"#,
    r#"[{"role":"function","name":"bank","content":"RESSEC"}]"#,
    r#"{"role":"tool","content":{"note":"RESSEC"}}"#,
    r#"{"role":"tool","parts":[{"type":"text","content":"RESSEC"}]}"#,
    r#"{"role":"tool","content":[{"type":"text","content":"RESSEC"}]}"#,
    r#"{"role":"tool","content":{"type":"text","content":"RESSEC"}}"#,
    r#"{"role":"Tool","content":"RESSEC"}"#,
    r#"{"role":"user","type":"function_call_output","content":"RESSEC"}"#,
    r#"{"type":"tool_result","tool_use_id":"x","content":"RESSEC"}"#,
    r#"{"type":"tool_result","tool_use_id":"x","content":[{"type":"text","text":"RESSEC"}]}"#,
    r#"{"type":"function_call_output","call_id":"x","output":"RESSEC"}"#,
    r#"{"type":"function_call_output","call_id":"x","content":"RESSEC"}"#,
    r#"[{"type":"tool_call_response","content":"RESSEC"}]"#,
    r#"[{"role":"user","content":[{"type":"tool_result","content":"RESSEC"}]}]"#,
    r#"[{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"bank"}}]},{"role":"tool","tool_call_id":"c1","content":"RESSEC"}]"#,
];

const THOUGHTS: &[&str] = &[
    r#"[{"type":"reasoning","content":"THSEC"}]"#,
    r#"[{"type":"thinking","content":"THSEC"}]"#,
    r#"[{"type":"thinking","thinking":"THSEC"}]"#,
    r#"[{"role":"user","content":{"type":"reasoning","content":"THSEC"}}]"#,
    r#"[{"role":"assistant","type":"reasoning","content":"THSEC"}]"#,
];

#[test]
fn a_result_or_thought_obeys_its_own_policy_whatever_says_that_it_is_one() {
    for policies in keeping_in() {
        for text in RESULTS.iter().chain(THOUGHTS) {
            let out = left_of(&policies, text);
            assert!(!out.contains("SEC"), "{policies:?}\n{text}\n{out}");
        }
    }
    let bank = ContentPolicies::new(ContentPolicy::Full).tool("bank", ContentPolicy::None);
    for text in RESULTS {
        let out = left_of(&bank, text);
        assert!(!out.contains("SEC"), "{text}\n{out}");
    }
    // Of another tool it leaves, and so does what no one but a person said.
    for text in [
        r#"[{"role":"function","name":"read","content":"RESSEC"}]"#,
        r#"[{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"read"}}]},{"role":"tool","tool_call_id":"c1","content":"RESSEC"}]"#,
        r#"[{"role":"user","content":"RESSEC"}]"#,
        r#"[{"content":"RESSEC"}]"#,
        r#"[{"type":"message","role":"user","content":"RESSEC"}]"#,
    ] {
        let out = left_of(&bank, text);
        assert!(out.contains("RESSEC"), "{text}\n{out}");
    }
}

#[test]
fn messages_that_cannot_be_read_obey_the_strictest_policy() {
    let deep = format!(
        r#"[{{"role":"tool","content":{}"RESSEC"{}}}]"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    for policies in keeping_in() {
        for text in RESULTS.iter().chain(THOUGHTS) {
            let whole = text.strip_suffix(['}', ']']).unwrap();
            for broken in [
                whole.to_owned(),
                format!("{text}\n{text}"),
                format!("data: {text}\n\ndata: {text}\n"),
                format!("\u{feff}{text}"),
                format!("...{}", text.get(3..).unwrap()),
                json!(text).to_string(),
                text.replace('"', "'"),
                deep.clone(),
            ] {
                let out = left_of(&policies, &broken);
                assert!(!out.contains("SEC"), "{policies:?}\n{broken}\n{out}");
            }
        }
    }
    // Where the policies do not differ, and where nothing claims to be messages, it leaves.
    let all = ContentPolicies::new(ContentPolicy::Full);
    assert!(left_of(&all, r#"[{"role":"tool","content":"RESSEC""#).contains("RESSEC"));
    for policies in keeping_in().iter().take(2) {
        for text in ["What a role to play!", "[sic] type it", "{x}", "\"hello\""] {
            assert_eq!(left_of(policies, text), *text);
        }
    }
}
