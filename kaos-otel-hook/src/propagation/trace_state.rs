//! The header `tracestate`: W3C Trace Context, section 3.3.

const MAX_MEMBERS: usize = 32;

/// The members of these values in order, as one value: empty when there are none, `None` when the
/// list must be discarded as a whole.
pub(crate) fn join<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let members: Vec<_> = members(values)?
        .into_iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Some(members.join(","))
}

/// The members of these values, in order.
pub(crate) fn members<'a>(
    values: impl IntoIterator<Item = &'a str>,
) -> Option<Vec<(&'a str, &'a str)>> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    let listed = values.into_iter().flat_map(|value| value.split(','));
    for member in listed.map(|member| member.trim_matches([' ', '\t'])) {
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        let repeated = members.iter().any(|(known, _)| *known == key);
        if repeated || members.len() == MAX_MEMBERS || !is_key(key) || !is_value(value) {
            return None;
        }
        members.push((key, value));
    }
    Some(members)
}

/// `key`, or `tenant@system`. A key may begin with a digit, as in level 2.
fn is_key(key: &str) -> bool {
    match key.split_once('@') {
        None => is_name(key, 256),
        Some((tenant, system)) => is_name(tenant, 241) && is_name(system, 14),
    }
}

fn is_name(name: &str, longest: usize) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= longest
        && name.bytes().next().is_some_and(first)
        && name
            .bytes()
            .all(|byte| first(byte) || b"_-*/".contains(&byte))
}

fn is_value(value: &str) -> bool {
    let printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    (1..=256).contains(&value.len())
        && value
            .bytes()
            .all(|byte| printable(byte) && !b",=".contains(&byte))
}
