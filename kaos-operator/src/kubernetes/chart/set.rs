//! What `--set` says, where there is no Helm.

use serde_json::{Map, Value};

use super::schema::ValuesCheck;
use super::values::ChartValues;

impl ChartValues {
    /// The values that `--set` makes of the defaults: `telemetry.enabled=true,logLevel=debug`, as Helm reads it, but for lists.
    ///
    /// # Errors
    ///
    /// What is refused, and why.
    pub fn set(said: &[String]) -> Result<Self, String> {
        let mut all = serde_json::to_value(Self::default()).map_err(|it| it.to_string())?;
        let schema = ValuesCheck::new()?;
        for pair in said.iter().flat_map(|it| split(it, ',')) {
            let (path, text) = pair
                .split_once('=')
                .ok_or_else(|| format!("--set {pair}: expected name=value"))?;
            if path.contains('[') || text.starts_with('{') {
                return Err(format!("--set {path}: lists need Helm"));
            }
            let keys: Vec<String> = split(path, '.')
                .into_iter()
                .map(|it| it.replace("\\.", "."))
                .collect();
            place(&mut all, &keys, typed(text)).map_err(|()| {
                format!("--set {path}: there is something else than a map on the way")
            })?;
            // Told of the one that is wrong.
            schema
                .check(&all)
                .map_err(|why| format!("--set {path}: {why}"))?;
        }
        serde_json::from_value(all).map_err(|it| it.to_string())
    }
}

/// What a text means, as Helm 4 has it: a number that begins with a zero is a text.
fn typed(text: &str) -> Value {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") || is("false") {
        return is("true").into();
    }
    if is("null") {
        return Value::Null;
    }
    let number = text.parse::<i64>().ok();
    let number = number.filter(|_| text == "0" || !text.starts_with('0'));
    number.map_or_else(|| text.replace("\\,", ",").into(), Value::from)
}

/// Parts of a text between separators that no backslash stands before.
fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut escaped) = (vec![String::new()], false);
    for letter in text.chars() {
        match parts.last_mut() {
            Some(last) if letter != separator || escaped => last.push(letter),
            _ => parts.push(String::new()),
        }
        escaped = letter == '\\' && !escaped;
    }
    parts
}

fn place(at: &mut Value, keys: &[String], value: Value) -> Result<(), ()> {
    let fields = at.as_object_mut().ok_or(())?;
    match keys {
        [] => Err(()),
        [last] if value.is_null() => {
            fields.remove(last);
            Ok(())
        }
        [last] => {
            fields.insert(last.clone(), value);
            Ok(())
        }
        [first, rest @ ..] => {
            let next = fields
                .entry(first.clone())
                .or_insert_with(|| Map::new().into());
            place(next, rest, value)
        }
    }
}
