//! Text of a limited length.

use std::borrow::Cow;
#[cfg(feature = "logs")]
use std::fmt::{self, Write as _};

/// What stands where text was cut off.
const MARK: char = '…';

/// At most `limit` characters of the text; where some are cut off, the last one is `…`.
///
/// Without a limit, and within it, it is the text itself. With a limit of 0 it is empty.
pub(crate) fn bounded(text: &str, limit: Option<usize>) -> Cow<'_, str> {
    let Some(limit) = limit else {
        return Cow::Borrowed(text);
    };
    // There are no more characters than bytes.
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let Some(kept) = limit.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut last = text.char_indices().skip(kept).map(|(at, _)| at);
    let cut = last.next().filter(|_| last.next().is_some());
    match cut.and_then(|at| text.get(..at)) {
        Some(head) => Cow::Owned([head, MARK.encode_utf8(&mut [0; 4])].concat()),
        None => Cow::Borrowed(text),
    }
}

/// As [`bounded`], for what is yet to be formatted: what is too long is not even made.
#[cfg(feature = "logs")]
pub(crate) fn formatted(text: fmt::Arguments<'_>, limit: Option<usize>) -> String {
    if let Some(text) = text.as_str() {
        return bounded(text, limit).into_owned();
    }
    let mut head = Head {
        text: String::new(),
        room: limit.map(|limit| limit.saturating_add(1)),
    };
    // An error says that there is no more room, or that a value cannot be formatted: either way
    // what there is stands.
    let _full: fmt::Result = head.write_fmt(text);
    match bounded(&head.text, limit) {
        Cow::Borrowed(text) if text.len() == head.text.len() => head.text,
        cut => cut.into_owned(),
    }
}

/// Takes a number of characters, and refuses the rest.
#[cfg(feature = "logs")]
struct Head {
    text: String,
    room: Option<usize>,
}

#[cfg(feature = "logs")]
impl fmt::Write for Head {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Some(room) = &mut self.room else {
            self.text.push_str(text);
            return Ok(());
        };
        let fits = if text.len() <= *room {
            *room -= text.chars().count();
            text
        } else {
            let end = text.char_indices().nth(*room).map(|(at, _)| at);
            *room -= text.chars().take(*room).count();
            end.and_then(|at| text.get(..at)).unwrap_or(text)
        };
        self.text.push_str(fits);
        if fits.len() == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

#[cfg(test)]
mod tests;
