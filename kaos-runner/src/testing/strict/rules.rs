//! What requests of both APIs must be.

use serde_json::Value;

use super::Strict;

impl Strict {
    /// That a list is no longer than the provider takes it.
    pub(super) fn not_too_long(&self, list: &[Value], what: &str) -> Result<(), String> {
        must(self.most.is_none_or(|most| list.len() <= most), || {
            format!("{what}: array too long, {}", list.len())
        })
    }
}

/// That this holds, or why the request is refused.
pub(super) fn must(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

pub(super) fn only(of: &Value, known: &[&str], what: &str) -> Result<(), String> {
    let fields = of
        .as_object()
        .ok_or_else(|| format!("{what} is no object"))?;
    for key in fields.keys() {
        must(known.contains(&key.as_str()), || {
            format!("{what} has an unknown field `{key}`")
        })?;
    }
    Ok(())
}

pub(super) fn text<'v>(of: &'v Value, key: &str, what: &str) -> Result<&'v str, String> {
    let text = of.get(key).and_then(Value::as_str);
    text.ok_or_else(|| format!("{what} has no text `{key}`"))
}

pub(super) fn tool_name(name: &str) -> Result<(), String> {
    let begins = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    let legal = name
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-');
    must(begins && legal && name.len() <= 64, || {
        format!("`{name}` is no name of a tool")
    })
}

pub(super) fn call_id(id: &str) -> Result<(), String> {
    let legal = id
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-');
    must(legal && !id.is_empty() && id.len() <= 64, || {
        format!("`{id}` is no id of a call")
    })
}
