//! Fields among their like: what stands around `name=value` says that it is no program.

use crate::redact::ascii::{self, BLANK, SPACE, WORD};
use crate::redact::lookahead::Lookahead;

/// How far before a name the bracket is looked for that its fields stand in, in bytes.
const REACH: usize = 128;

/// Whether `name=value` stands among its like with blanks between: `host=x password=y`.
pub(super) fn is_pair(bytes: &[u8], name: usize, end: usize) -> bool {
    let is_equation = |from: usize| {
        let key = ascii::short_run(bytes, from, WORD, 40);
        key > from
            && ascii::at(bytes, key) == b'='
            && !matches!(ascii::at(bytes, key + 1), b' ' | b'=' | b'>')
    };
    if ascii::at(bytes, end) == b' ' && is_equation(end + 1) {
        return true;
    }
    if ascii::before(bytes, name) != b' ' {
        return false;
    }
    let head = ascii::part(bytes, name.saturating_sub(80), name - 1);
    let word = head
        .iter()
        .rposition(|byte| ascii::is(*byte, BLANK | ascii::QUOTE) || *byte == b'(')
        .map_or(0, |index| index + 1);
    let from = name - 1 - head.len() + word;
    is_equation(from) && !matches!(ascii::at(bytes, name - 2), b',' | b';' | b'{' | b'(')
}

/// Whether a `;` or `&` and another parameter follow: `Password=x;Server=y`.
pub(super) fn is_first_parameter(bytes: &[u8], end: usize) -> bool {
    if !matches!(ascii::at(bytes, end), b';' | b'&') {
        return false;
    }
    let from = end + 1;
    let key = ascii::short_run(bytes, from, WORD | SPACE | ascii::DASH, 40);
    key > from + 1 && ascii::at(bytes, key) == b'=' && ascii::before(bytes, key) != b' '
}

/// Whether it is a field of a form whose names have brackets: `user[password]=x&user[name]=y`.
pub(super) fn is_form_field(bytes: &[u8], (start, end): (usize, usize), value_end: usize) -> bool {
    ascii::before(bytes, start) == b'['
        && ascii::is(ascii::before(bytes, start - 1), WORD)
        && ascii::part(bytes, end, end + 2) == b"]="
        && (matches!(ascii::at(bytes, value_end), 0 | b'&')
            || ascii::is(ascii::at(bytes, value_end), BLANK | ascii::QUOTE))
}

/// Whether it is one of the fields that a program shows of an object: `User{name=x, password=y}`,
/// `Credentials[user=x, password=y]`, and with blanks between `{Name:x Password:y}`, `map[a:x b:y]`.
///
/// One field alone is none: a program has braces around names, too.
pub(super) fn is_shown(
    bytes: &[u8],
    (start, end): (usize, usize),
    value_end: usize,
    ahead: &mut Lookahead,
) -> bool {
    let sign = ascii::at(bytes, end);
    let gap: &[u8] = match sign {
        b'=' => b", ",
        b':' => b" ",
        _ => return false,
    };
    let is_field = |from: usize| {
        let key = ascii::short_run(bytes, from, WORD, 40);
        key > from
            && ascii::at(bytes, key) == sign
            && !ascii::is(ascii::at(bytes, key + 1), BLANK | ascii::QUOTE)
            && !matches!(ascii::at(bytes, key + 1), b'=' | b'>' | b':' | b'/')
    };
    // The cheap questions come first: text may be made of nothing but names.
    if !matches!(ascii::before(bytes, start), b' ' | b'{' | b'[')
        || !matches!(ascii::at(bytes, value_end), b',' | b' ' | b'}' | b']')
        || ascii::is(ascii::at(bytes, end + 1), BLANK)
    {
        return false;
    }
    let open = ahead
        .bracket_before(bytes, start.saturating_sub(REACH), start)
        .filter(|open| matches!(ascii::at(bytes, *open), b'{' | b'['));
    let Some(open) = open else {
        return false;
    };
    let first = open + 1;
    let has_before = first < start
        && ascii::part(bytes, start.saturating_sub(gap.len()), start) == gap
        && is_field(first);
    let has_after = ascii::part(bytes, value_end, value_end + gap.len()) == gap
        && is_field(value_end + gap.len());
    let is_last = matches!(ascii::at(bytes, value_end), b'}' | b']');
    (has_before && (is_last || has_after)) || (first == start && has_after)
}
