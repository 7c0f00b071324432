//! Names, times and numbers as people read them.

use std::time::Duration;

use crate::plain;

/// The most characters that are shown of a name.
const MAX_NAME: usize = 80;

/// What is shown of a name.
pub(super) fn shown(name: &str) -> String {
    let end = name.char_indices().nth(MAX_NAME).map(|(at, _)| at);
    let mut shown = plain(name.get(..end.unwrap_or(name.len())).unwrap_or_default());
    if end.is_some() || shown.chars().count() > MAX_NAME {
        shown = shown.chars().take(MAX_NAME - 1).chain(['…']).collect();
    }
    shown
}

/// A duration with three digits at most, in the unit that fits.
pub(super) fn human(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let seconds = duration.as_secs_f64();
    match nanos {
        0..1_000_000 => format!("{:.1} µs", seconds * 1e6),
        1_000_000..1_000_000_000 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}

/// A number in groups of three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
