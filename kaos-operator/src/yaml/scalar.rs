//! What a plain scalar means: the rules of go-yaml 2.4, `resolve.go`, which `kubectl` reads with.

use serde_json::Number;

use super::node::Value;

pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    match number(text) {
        Some(number) => Value::Number(number),
        None => Value::Text(text.to_owned()),
    }
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|it: char| it.is_ascii_digit() || "+-.".contains(it)) {
        return None;
    }
    let digits = text.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

fn integer(digits: &str) -> Option<Number> {
    let (negative, magnitude) = match digits.strip_prefix(['+', '-']) {
        Some(rest) => (digits.starts_with('-'), rest),
        None => (false, digits),
    };
    let lower = magnitude.to_ascii_lowercase();
    let (radix, magnitude) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, lower.get(2..)?),
        [b'0', b'o', ..] => (8, lower.get(2..)?),
        [b'0', b'b', ..] => (2, lower.get(2..)?),
        [b'0', _, ..] => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if magnitude.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(magnitude, radix).ok()?;
    if negative {
        let number = 0_i64.checked_sub_unsigned(magnitude)?;
        return Some(number.into());
    }
    Some(magnitude.into())
}

/// `[-+]?[0-9]*\.?[0-9]+([eE][-+][0-9]+)?`, or with digits before the point alone.
fn float(digits: &str) -> Option<Number> {
    let ours = |it: char| it.is_ascii_digit() || "+-.eE".contains(it);
    if !digits.chars().all(ours) || !digits.contains(|it: char| it.is_ascii_digit()) {
        return None;
    }
    // Infinity is no JSON.
    Number::from_f64(digits.parse().ok()?)
}
