//! A conversation as every model API accepts it, whatever it went through.
//!
//! Calls and their results never part: every call has one result, every result a call. Ids differ,
//! arguments are objects, nobody says nothing, and user and model take turns.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};
use std::iter::Peekable;
use std::slice::Iter;

use serde_json::Value;

use super::json;
use crate::{
    AssistantMessage, Content, Message, Part, ProviderData, Reasoning, ToolResult, ToolUse,
};

/// What stands for a message without text.
const NO_TEXT: &str = "(no text)";

/// What stands for a result that never came.
pub(super) const NO_RESULT: &str = "error: there is no result";

/// One side's turn to speak.
#[derive(Debug)]
pub(super) enum Side<'a> {
    User(Vec<Cow<'a, Content>>),
    Model(Vec<Spoken<'a>>),
}

/// A part of what a model said.
#[derive(Debug)]
pub(super) enum Spoken<'a> {
    Text(&'a str),
    Reasoning(&'a Reasoning),
    Call(Called<'a>),
    Provider(&'a ProviderData),
}

/// A call with its result.
#[derive(Debug)]
pub(super) struct Called<'a> {
    /// As the API has ids.
    pub(super) id: String,
    pub(super) name: &'a str,
    /// An object.
    pub(super) arguments: Cow<'a, str>,
    pub(super) provider: Option<&'a ProviderData>,
    pub(super) result: Option<&'a ToolResult>,
}

/// The conversation in turns, the first of them the user's. `id` makes an id as the API has them
/// from one of ours and a number that tells it from others.
pub(super) fn turns<'a>(
    messages: &'a [Message],
    id: impl Fn(&str, usize) -> String,
) -> Vec<Side<'a>> {
    let mut turns: Vec<Side<'a>> = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    // By the first id that is tried: the next number to try.
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut rest = messages.iter().peekable();
    while let Some(message) = rest.next() {
        match message {
            Message::User(content) => user(&mut turns, content),
            Message::Assistant(said) => {
                let results = results(&mut rest);
                let spoken = spoken(said, results, |own| {
                    let number = numbers.entry(id(own, 0)).or_default();
                    loop {
                        let free = id(own, *number);
                        *number += 1;
                        if taken.insert(free.clone()) {
                            return free;
                        }
                    }
                });
                model(&mut turns, spoken);
            }
            // Its call is not there any more.
            Message::Tool(_) => {}
        }
    }
    if !matches!(turns.first(), Some(Side::User(_))) {
        turns.insert(0, Side::User(vec![Cow::Owned(Content::text(NO_TEXT))]));
    }
    turns
}

fn user<'a>(turns: &mut Vec<Side<'a>>, content: &'a [Content]) {
    let is_blank =
        |content: &Content| matches!(content, Content::Text(text) if text.trim().is_empty());
    let some = content.iter().filter(|content| !is_blank(content));
    let mut some: Vec<Cow<'a, Content>> = some.map(Cow::Borrowed).collect();
    if some.is_empty() {
        some.push(Cow::Owned(Content::text(NO_TEXT)));
    }
    match turns.last_mut() {
        Some(Side::User(before)) => before.extend(some),
        _ => turns.push(Side::User(some)),
    }
}

fn model<'a>(turns: &mut Vec<Side<'a>>, spoken: Vec<Spoken<'a>>) {
    let says = |it: &Spoken<'_>| matches!(it, Spoken::Call(_) | Spoken::Text(_));
    if !spoken.iter().any(says) {
        return;
    }
    match turns.last_mut() {
        Some(Side::Model(before)) if !before.iter().any(|it| matches!(it, Spoken::Call(_))) => {
            before.extend(spoken);
        }
        _ => turns.push(Side::Model(spoken)),
    }
}

fn results<'a>(rest: &mut Peekable<Iter<'a, Message>>) -> VecDeque<&'a ToolResult> {
    let mut results = VecDeque::new();
    while let Some(Message::Tool(result)) = rest.peek() {
        results.push_back(result);
        rest.next();
    }
    results
}

fn spoken<'a>(
    said: &'a AssistantMessage,
    mut results: VecDeque<&'a ToolResult>,
    mut id: impl FnMut(&str) -> String,
) -> Vec<Spoken<'a>> {
    let mut spoken = Vec::new();
    for part in &said.parts {
        match part {
            Part::Text(text) if text.trim().is_empty() => {}
            Part::Text(text) => spoken.push(Spoken::Text(text)),
            Part::Reasoning(reasoning) => spoken.push(Spoken::Reasoning(reasoning)),
            Part::Provider(data) => spoken.push(Spoken::Provider(data)),
            Part::ToolCall(call) => {
                // Each result is of one call, even of two with one id.
                let at = results.iter().position(|result| result.call_id == call.id);
                let result = at.and_then(|at| results.remove(at));
                spoken.push(Spoken::Call(called(call, result, id(&call.id))));
            }
        }
    }
    spoken
}

fn called<'a>(call: &'a ToolUse, result: Option<&'a ToolResult>, id: String) -> Called<'a> {
    Called {
        id,
        name: &call.name,
        arguments: object(&call.arguments),
        provider: call.provider.as_deref(),
        result,
    }
}

/// Arguments as an object: mended where they are nearly one, else none, which the call's result
/// then complains about.
pub(super) fn object(arguments: &str) -> Cow<'_, str> {
    if serde_json::from_str::<Value>(arguments).is_ok_and(|value| value.is_object()) {
        return Cow::Borrowed(arguments);
    }
    match json::read(arguments.as_bytes()) {
        Ok(value @ Value::Object(_)) => Cow::Owned(value.to_string()),
        Ok(Value::String(inner)) if inner.trim_start().starts_with('{') => {
            Cow::Owned(object(&inner).into_owned())
        }
        _ => Cow::Borrowed("{}"),
    }
}

/// The id itself where it is of letters, digits, `_` and `-`, and at most 64 of them.
pub(super) fn plain_id(own: &str, number: usize) -> String {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let letters = own
        .chars()
        .map(|letter| if legal(letter) { letter } else { '_' });
    // Room for the number.
    let mut id: String = letters.take(if number == 0 { 64 } else { 48 }).collect();
    if id.is_empty() {
        "call".clone_into(&mut id);
    }
    if number > 0 {
        id = format!("{id}-{number}");
    }
    id
}

const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Nine letters and digits that are the same for the same id.
pub(super) fn nine_letters(own: &str, number: usize) -> String {
    let fits = own.len() == 9 && own.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits && number == 0 {
        return own.to_owned();
    }
    // FNV-1a, 64 bits.
    let mixed = own
        .bytes()
        .chain(number.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
    let letter = |at: u32| {
        let at = mixed / 36_u64.pow(at) % 36;
        usize::try_from(at)
            .ok()
            .and_then(|at| LETTERS.get(at))
            .map_or('0', |byte| char::from(*byte))
    };
    (0..9).map(letter).collect()
}
