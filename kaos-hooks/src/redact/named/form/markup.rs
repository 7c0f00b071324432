//! Names and values between tags.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::redact::ascii::{self, BLANK, SPACE, WORD};
use crate::redact::named::join::{Join, Joint};

/// Made once: every tag of a text may ask.
static FIND_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("</"));

/// `<name>` with an end tag behind its value, or a value on the next line.
pub(super) fn is_element(bytes: &[u8], start: usize, closed: usize) -> bool {
    matches!(ascii::before(bytes, start), b'<' | b':') && {
        let window = ascii::part(bytes, closed, closed + 512);
        let line = memchr::memchr(b'\n', window).unwrap_or(window.len());
        let line = ascii::part(window, 0, line);
        line.trim_ascii() == b">" || FIND_END.find(line).is_some()
    }
}

/// Where the tag ends whose name starts at `start` and whose attributes start at `attributes`.
pub(super) fn tag_end(bytes: &[u8], start: usize, attributes: usize) -> Option<usize> {
    if ascii::before(bytes, start) != b'<' {
        return None;
    }
    let window = ascii::part(bytes, attributes, attributes + 256);
    let end = window
        .iter()
        .position(|byte| matches!(byte, b'<' | b'>' | b'\n'))?;
    let has_content = ascii::at(window, end) == b'>' && ascii::before(window, end) != b'/';
    (has_content && window.contains(&b'=')).then_some(attributes + end)
}

/// `<td>name</td> <td>value</td>`, and a property list's `<key>name</key> <string>value</string>`.
pub(super) fn next_element(bytes: &[u8], start: usize, closed: usize) -> Option<Join> {
    if ascii::before(bytes, start) != b'>' || ascii::at(bytes, closed + 1) != b'/' {
        return None;
    }
    let tag = ascii::short_run(bytes, closed + 2, WORD, 16);
    let line = ascii::short_run(bytes, tag + 1, SPACE, 64);
    let is_key = ascii::has(bytes, closed + 2, "key>") || ascii::has(bytes, closed + 2, "name>");
    let next = ascii::short_run(bytes, tag + 1, BLANK, 64);
    let open = ascii::short_run(bytes, next + 1, WORD, 16);
    let is_tag = ascii::at(bytes, tag) == b'>'
        && ascii::at(bytes, next) == b'<'
        && open > next + 1
        && ascii::at(bytes, open) == b'>';
    let form = if is_key { Joint::Element } else { Joint::Cell };
    let is_below = matches!(ascii::at(bytes, line), b'\n' | b'\r' | 0);
    (is_tag || is_below).then_some(Join {
        form,
        // The value may be on the next line, which may not be there yet.
        value: if is_tag { open + 1 } else { line },
    })
}
