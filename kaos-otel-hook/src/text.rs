//! Texts within a limit.

mod bounded;
mod fitted;

pub(crate) use bounded::bounded;
#[cfg(feature = "logs")]
pub(crate) use bounded::formatted;
pub(crate) use fitted::Fitted;

/// What Python KAOS takes for true and for false, in any case.
pub(crate) fn yes_or_no(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}
