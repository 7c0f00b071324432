//! Names of tools that every model API accepts, and the way back.

use std::collections::{HashMap, HashSet};

use kaos_hooks::Str;

use crate::{Message, ModelRequest};

/// The longest name that all APIs accept, in characters.
const MAX_LEN: usize = 64;

/// What the tools of one request are called in it.
///
/// A name of ASCII letters, digits, `_` and `-` that begins with a letter or `_` and has at most 64
/// characters stays as it is. Others are changed, each to a name that no other tool has.
#[derive(Debug, Default)]
pub(super) struct Names {
    sent: HashMap<String, String>,
    own: HashMap<String, Str>,
}

impl Names {
    /// The names of the request's tools, and of those that only its conversation mentions.
    pub(super) fn of(request: &ModelRequest<'_>) -> Self {
        let offered = request.tools.iter().map(|tool| &tool.name);
        let called = request.messages.iter().filter_map(|message| match message {
            Message::Assistant(called) => Some(called.tool_calls().map(|call| &call.name)),
            _ => None,
        });
        let all: Vec<&Str> = offered.chain(called.flatten()).collect();
        // Names that are legal are nobody else's, wherever they stand.
        let legal: HashSet<&str> = all
            .iter()
            .map(|name| name.as_str())
            .filter(|it| is_legal(it))
            .collect();
        let mut names = Self::default();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for own in all {
            if !is_legal(own) && !names.sent.contains_key(own.as_str()) {
                let taken = |it: &str| legal.contains(it) || names.own.contains_key(it);
                let sent = made_legal(own, taken, &mut numbers);
                names.own.insert(sent.clone(), own.clone());
                names.sent.insert(own.to_string(), sent);
            }
        }
        names
    }

    /// The name in the request of a tool of this name.
    pub(super) fn sent<'n>(&'n self, own: &'n str) -> &'n str {
        self.sent.get(own).map_or(own, String::as_str)
    }

    /// The name of the tool that the answer calls so.
    pub(super) fn own(&self, sent: &str) -> Str {
        self.own
            .get(sent)
            .cloned()
            .unwrap_or_else(|| Str::copied(sent))
    }
}

fn is_legal(name: &str) -> bool {
    let begins = |first: u8| first.is_ascii_alphabetic() || first == b'_';
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    name.len() <= MAX_LEN && name.bytes().next().is_some_and(begins) && name.bytes().all(goes_on)
}

/// `numbers` has the last number behind each name that was made before.
fn made_legal(
    name: &str,
    taken: impl Fn(&str) -> bool,
    numbers: &mut HashMap<String, usize>,
) -> String {
    let legal = |letter: char| match letter {
        '_' | '-' => letter,
        _ if letter.is_ascii_alphanumeric() => letter,
        _ => '_',
    };
    let mut made: String = name.chars().map(legal).take(MAX_LEN).collect();
    if !made.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        made.insert(0, '_');
    }
    made.truncate(MAX_LEN);
    let mut free = made.clone();
    let number = numbers.entry(made.clone()).or_insert(1);
    while taken(&free) {
        *number += 1;
        let behind = format!("_{number}");
        let kept = made.get(..made.len().min(MAX_LEN - behind.len()));
        free = kept.unwrap_or_default().to_owned() + &behind;
    }
    free
}
