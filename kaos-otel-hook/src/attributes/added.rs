//! What users add to a span beyond its typed fields. A name is exported once, and a name of ours is
//! ours: what a user adds under it is left out.
//!
//! A provider keeps the attributes that come first and counts the others. So from the start on
//! users have the room that we shall not need, and what is left of theirs comes last of all.

use kaos_hooks::{Attributes, Outcome, Run, Subject};
use opentelemetry::KeyValue;

use super::kinds::{is_said_later, room};
use super::{Put, To};

/// Adds to what we say of the start, in a span that holds so many attributes.
#[inline]
pub(crate) fn at_start(
    subject: &Subject,
    list: &mut Vec<KeyValue>,
    limit: Option<usize>,
    holds: usize,
) {
    if !subject.attributes().is_empty() {
        add(subject, list, limit, holds);
    }
}

fn add(subject: &Subject, list: &mut Vec<KeyValue>, limit: Option<usize>, holds: usize) {
    let most = list.len().saturating_add(room(subject, holds));
    for (key, value) in subject.attributes().iter() {
        if list.len() == most {
            return;
        }
        if !has(list, key) && !is_said_later(subject, key) {
            To::new(limit, |attribute| list.push(attribute)).any(key, value);
        }
    }
}

/// Adds what had no room at the start, and what the end adds; what is said of the start stands, by
/// us or by the user.
pub(crate) fn at_end(
    subject: &Subject,
    run: &Run,
    outcome: Option<Outcome<'_>>,
    holds: usize,
    to: &mut To<impl Put>,
) {
    let added = outcome.map(Outcome::attributes);
    let added = added.filter(|added| !added.is_empty());
    if added.is_none() && subject.attributes().is_empty() {
        return;
    }
    let room = room(subject, holds);
    if added.is_none() && subject.attributes().iter().nth(room).is_none() {
        return;
    }
    let mut said = super::at_start(subject, run, Some(0), to.conventions());
    let until = said.len().saturating_add(room);
    at_start(subject, &mut said, to.limit(), usize::MAX);
    if let Some(late) = said.get(until..) {
        for attribute in late {
            to.again(attribute);
        }
    }
    for (key, value) in added.into_iter().flat_map(Attributes::iter) {
        if !has(&said, key) && !is_said_later(subject, key) {
            to.any(key, value);
        }
    }
}

fn has(list: &[KeyValue], key: &str) -> bool {
    list.iter().any(|known| known.key.as_str() == key)
}
