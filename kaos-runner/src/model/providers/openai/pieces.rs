//! Fields whose texts go on in the next chunk.

use serde_json::Value;

/// Texts that go on in the next chunk.
const GOES_ON: [&str; 4] = ["text", "summary", "data", "thinking"];

/// Adds what a further chunk says of a field to what is known of it.
pub(super) fn add(before: &mut Value, more: Value) {
    match (before, more) {
        (Value::Array(before), Value::Array(more)) => {
            for item in more {
                match before.last_mut().filter(|last| is_continued(last, &item)) {
                    Some(last) => add(last, item),
                    None => before.push(item),
                }
            }
        }
        (Value::Object(before), Value::Object(more)) => {
            for (key, value) in more {
                match (before.get_mut(&key), value) {
                    (Some(Value::String(text)), Value::String(more))
                        if GOES_ON.contains(&key.as_str()) =>
                    {
                        text.push_str(&more);
                    }
                    (Some(known), value @ (Value::Object(_) | Value::Array(_))) => {
                        add(known, value);
                    }
                    (Some(_), Value::Null) => {}
                    (Some(Value::String(known)), Value::String(more))
                        if more.is_empty() && !known.is_empty() => {}
                    (_, value) => {
                        before.insert(key, value);
                    }
                }
            }
        }
        (before, more) => *before = more,
    }
}

/// Whether an item of a list goes on with the last one, which is not signed yet.
fn is_continued(last: &Value, item: &Value) -> bool {
    let same = |key: &str| last.get(key) == item.get(key);
    let signed = last
        .get("signature")
        .and_then(Value::as_str)
        .is_some_and(|it| !it.is_empty());
    item.is_object() && same("type") && same("index") && !signed
}
