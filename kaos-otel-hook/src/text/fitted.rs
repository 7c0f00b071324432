//! JSON of a limited length, which is JSON still.
//!
//! What is too long is cut inside: first its longest texts, down to [`READABLE`] characters each;
//! then the middle of its longest lists, and of its largest objects; then the texts again. Where a text was cut it
//! ends in `…`; where elements were left out stands how many, in an element like its neighbours.

use std::io;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use crate::text::bounded;

/// What stands where elements were left out.
const LEFT_OUT: &str = "kaos.truncated";

/// Texts of this length still say something: no shorter while elements can be left out.
const READABLE: usize = 256;

/// No object of the conventions has more fields: below this its meaning goes with them.
const FEW: usize = 8;

/// What says what the rest is, where it is short: never cut.
const NAMES: [&str; 5] = ["type", "role", "id", "name", "finish_reason"];
const MAX_NAME_LEN: usize = 64;

/// A JSON value of at most so many characters, as a view of the whole.
pub(crate) struct Fitted<'a> {
    value: &'a Value,
    cut: Option<Cut>,
}

/// How much there is at most: of a text in characters, of a list, of an object.
#[derive(Debug, Clone, Copy, Default)]
struct Cut {
    text: usize,
    list: usize,
    fields: usize,
}

impl<'a> Fitted<'a> {
    /// `None`: not even an empty one of its kind fits.
    pub(crate) fn new(value: &'a Value, limit: Option<usize>) -> Option<Self> {
        let whole = Self { value, cut: None };
        let Some(limit) = limit.filter(|limit| !whole.fits(*limit)) else {
            return Some(whole);
        };
        let of = |cut| Self {
            value,
            cut: Some(cut),
        };
        let longest = Longest::of(value);
        for Step {
            least,
            list,
            fields,
        } in longest.steps()
        {
            let of = |text| of(Cut { text, list, fields });
            let least = least.min(longest.text);
            if of(least).fits(limit) {
                let text = largest(least, longest.text, |text| of(text).fits(limit));
                return Some(of(text));
            }
        }
        let empty = of(Cut::default());
        empty.fits(limit).then_some(empty)
    }

    pub(crate) const fn is_cut(&self) -> bool {
        self.cut.is_some()
    }

    pub(crate) fn text(&self) -> String {
        // A JSON value can be written, and memory does not refuse it.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn fits(&self, limit: usize) -> bool {
        serde_json::to_writer(Room(limit), self).is_ok()
    }
}

impl Serialize for Fitted<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(cut) = self.cut else {
            return self.value.serialize(to);
        };
        let within = |value| Fitted {
            value,
            cut: Some(cut),
        };
        match self.value {
            Value::String(text) => to.serialize_str(&bounded(text, Some(cut.text))),
            Value::Array(list) => {
                let (before, left_out, behind) = middle(list.len(), cut.list);
                let mut to = to.serialize_seq(None)?;
                for value in list.iter().take(before) {
                    to.serialize_element(&within(value))?;
                }
                if left_out > 0 && cut.list > 0 {
                    to.serialize_element(&element(list.first(), left_out))?;
                }
                for value in list.iter().skip(list.len() - behind) {
                    to.serialize_element(&within(value))?;
                }
                to.end()
            }
            Value::Object(fields) => {
                let (before, left_out, behind) = middle(fields.len(), cut.fields);
                let mut to = to.serialize_map(None)?;
                for (at, (key, value)) in fields.iter().enumerate() {
                    if at < before || at >= fields.len() - behind {
                        match value {
                            Value::String(text) if is_name(key, text) => {
                                to.serialize_entry(key, text)?;
                            }
                            _ => to.serialize_entry(key, &within(value))?,
                        }
                    }
                }
                if left_out > 0 && cut.fields > 0 {
                    to.serialize_entry(LEFT_OUT, &left_out)?;
                }
                to.end()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => self.value.serialize(to),
        }
    }
}

fn is_name(key: &str, text: &str) -> bool {
    NAMES.contains(&key) && text.len() <= MAX_NAME_LEN
}

/// How many stand before what is left out, how many that is, and how many stand behind it.
const fn middle(len: usize, kept: usize) -> (usize, usize, usize) {
    if len <= kept {
        return (len, 0, 0);
    }
    // Of one, the last: it is the newest.
    let first = kept / 2;
    (first, len - kept, kept - first)
}

/// An element that stands for others: a message where they are messages, an object where they are
/// objects with a type.
fn element(of: Option<&Value>, left_out: usize) -> Value {
    let Some(Value::Object(fields)) = of else {
        return Value::from("…");
    };
    let typed = json!({ "type": LEFT_OUT, "count": left_out });
    if fields.contains_key("role") {
        json!({ "role": LEFT_OUT, "parts": [typed] })
    } else if fields.contains_key("name") {
        json!({ "type": LEFT_OUT, "name": LEFT_OUT, "count": left_out })
    } else {
        typed
    }
}

/// The largest number of the range for which it holds; for the first one it does.
fn largest(first: usize, last: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut good, mut bad) = (first, last.saturating_add(1));
    while bad - good > 1 {
        let between = good + (bad - good) / 2;
        if holds(between) {
            good = between;
        } else {
            bad = between;
        }
    }
    good
}

/// The longest text, in bytes, the longest list and the largest object.
struct Longest {
    text: usize,
    list: usize,
    fields: usize,
}

/// An attempt: so many elements and fields, and texts of at least so many characters.
struct Step {
    least: usize,
    list: usize,
    fields: usize,
}

impl Longest {
    fn of(value: &Value) -> Self {
        let mut longest = Self {
            text: 1,
            list: 1,
            fields: 1,
        };
        longest.look(value);
        longest
    }

    fn look(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text = self.text.max(text.len()),
            Value::Array(list) => {
                self.list = self.list.max(list.len());
                for value in list {
                    self.look(value);
                }
            }
            Value::Object(fields) => {
                self.fields = self.fields.max(fields.len());
                for value in fields.values() {
                    self.look(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Lists lose elements before objects lose fields, and both before texts are no longer readable.
    fn steps(&self) -> impl Iterator<Item = Step> {
        let step = |least| {
            move |(list, fields)| Step {
                least,
                list,
                fields,
            }
        };
        let halved = |all: usize| {
            std::iter::successors(Some(all), |it| it.checked_div(2)).take_while(|it| *it > 0)
        };
        let lists = move |all| halved(all).map(move |list| (list, self.fields));
        let objects = move || halved(self.fields).map(|fields| (1, fields));
        let readable = lists(self.list).chain(objects().take_while(|it| it.1 > FEW));
        let tiny = lists(self.list.min(2)).chain(objects());
        readable.map(step(READABLE)).chain(tiny.map(step(1)))
    }
}

/// Takes a number of characters, and refuses more.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // All but the bytes that continue a character.
        let characters = bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        self.0 = self
            .0
            .checked_sub(characters)
            .ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
