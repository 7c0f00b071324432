use serde_json::{Value, json};

use super::Fitted;

#[track_caller]
fn fitted(value: &Value, limit: usize) -> Option<Value> {
    let fitted = Fitted::new(value, Some(limit))?;
    let text = serde_json::to_string(&fitted).unwrap();
    assert!(text.chars().count() <= limit, "{limit}: {text}");
    let parsed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(fitted.is_cut(), parsed != *value, "{text}");
    Some(parsed)
}

fn user(text: &str) -> Value {
    json!({ "role": "user", "parts": [{ "type": "text", "content": text }] })
}

#[test]
fn what_fits_stays_as_it_is() {
    let value = json!([user("How long is the lease?")]);
    let length = value.to_string().chars().count();
    assert_eq!(fitted(&value, length), Some(value.clone()));
    assert_ne!(fitted(&value, length - 1), Some(value.clone()));
    assert!(Fitted::new(&value, None).is_some_and(|it| !it.is_cut()));
}

#[test]
fn the_longest_texts_are_cut_first_and_as_little_as_needed() {
    let value = json!([
        user("short"),
        user(&"ä".repeat(1000)),
        user(&"b".repeat(3000))
    ]);
    let cut = fitted(&value, 1000).unwrap();
    let text = |at: usize| cut[at]["parts"][0]["content"].as_str().unwrap();
    assert_eq!(cut[0], user("short"));
    assert!(text(1).ends_with('…') && text(2).ends_with('…'));
    assert_eq!(text(1).chars().count(), text(2).chars().count());
    assert!(serde_json::to_string(&cut).unwrap().chars().count() >= 998);
}

#[test]
fn the_middle_of_a_list_is_left_out_before_texts_say_nothing() {
    let messages: Vec<_> = (0..100)
        .map(|at| user(&format!("{at} ").repeat(200)))
        .collect();
    let cut = fitted(&json!(messages), 4000).unwrap();
    let cut = cut.as_array().unwrap();
    let content = |at: usize| cut[at]["parts"][0]["content"].as_str().unwrap();
    assert!(content(0).starts_with("0 ") && content(0).chars().count() >= 256);
    assert!(content(cut.len() - 1).starts_with("99 "));
    let left_out = 100 - (cut.len() - 1);
    let mark = json!({
        "role": "kaos.truncated",
        "parts": [{ "type": "kaos.truncated", "count": left_out }],
    });
    assert!(cut.contains(&mark), "{cut:?}");
}

#[test]
fn what_stands_for_others_is_like_them() {
    let tool = |at| json!({ "type": "function", "name": format!("tool{at}") });
    let tools: Vec<_> = (0..50).map(tool).collect();
    let cut = fitted(&json!(tools), 300).unwrap();
    let mark = cut
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["type"] == "kaos.truncated");
    assert_eq!(mark.unwrap()["name"], "kaos.truncated");
    let cut = fitted(&json!((0..1000).collect::<Vec<_>>()), 100).unwrap();
    assert!(cut.as_array().unwrap().contains(&json!("…")), "{cut}");
    let fields: serde_json::Map<_, _> = (0..99).map(|at| (format!("f{at}"), at.into())).collect();
    let cut = fitted(&Value::Object(fields), 200).unwrap();
    let left_out = cut["kaos.truncated"].as_u64().unwrap();
    assert_eq!(left_out, 99 - (cut.as_object().unwrap().len() as u64 - 1));
}

#[test]
fn roles_and_types_are_not_cut() {
    let value = json!([{ "role": "assistant", "parts": [
        { "type": "tool_call_response", "id": "call-1", "result": "x".repeat(500) },
    ] }]);
    let cut = fitted(&value, 120).unwrap();
    assert_eq!(cut[0]["role"], "assistant");
    assert_eq!(cut[0]["parts"][0]["type"], "tool_call_response");
    assert_eq!(cut[0]["parts"][0]["id"], "call-1");
}

#[test]
fn of_what_has_no_room_an_empty_one_is_left_or_nothing() {
    let list = json!([user("How long is the lease?")]);
    for (value, empty) in [
        (list, json!([])),
        (json!({ "query": "leases" }), json!({})),
        (json!("leases"), json!("")),
    ] {
        assert_eq!(fitted(&value, 2), Some(empty));
        assert_eq!(fitted(&value, 1), None);
        assert_eq!(fitted(&value, 0), None);
    }
    assert_eq!(fitted(&json!(123), 2), None);
}

#[test]
fn every_limit_is_kept() {
    let nested = json!({ "a": [1, [2, { "b": "\"\n\u{1}ä" }]], "c": [null, true, 1.5e300, "x"] });
    let long = json!([user(&"\"\\".repeat(400)), { "role": "tool", "parts": [] }, nested]);
    for value in [&nested, &long, &json!("ä\u{7f}\u{0}".repeat(9))] {
        for limit in 0..1000 {
            fitted(value, limit);
        }
    }
}
