//! `$(NAME)` in a variable's value stands for a variable before it, as in Kubernetes; `$$(NAME)` for itself.

/// A value with what its references stand for. One that stands for nothing stays.
pub(crate) fn expanded(
    text: &str,
    value: &dyn Fn(&str) -> Option<String>,
    literal: &dyn Fn(&str) -> String,
) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        shown.push_str(&literal(before));
        if let Some(escaped) = from.strip_prefix("$$") {
            shown.push_str(&literal("$"));
            rest = escaped;
            // What follows a doubled sign is no reference.
            if let Some(open) = rest.strip_prefix('(') {
                shown.push_str(&literal("("));
                rest = open;
            }
            continue;
        }
        let name = from.strip_prefix("$(").and_then(|it| it.split_once(')'));
        if let Some((value, after)) = name.and_then(|(name, after)| Some((value(name)?, after))) {
            shown.push_str(&value);
            rest = after;
        } else {
            shown.push_str(&literal("$"));
            rest = from.get(1..).unwrap_or_default();
        }
    }
    shown.push_str(&literal(rest));
    shown
}
