//! What is secret is not shown.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use serde_json::Value;

use super::beside::{self, MASK, names_a_secret};
use crate::reading::Resources;
use crate::workload::{Env, Given, Origin, Workloads};

/// A secret that is shorter than this is looked for as a whole text only: as a part of one it is anything.
const SHORT: usize = 6;

pub(super) struct Masks<'m> {
    /// Those that are looked for everywhere; if there are more than can be, all texts are masked.
    long: Option<AhoCorasick>,
    short: HashSet<String>,
    redact: &'m dyn Fn(&str) -> String,
}

impl fmt::Debug for Masks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masks")
    }
}

/// What may be shown of a text.
pub(super) enum Shown {
    /// This.
    Text(String),
    /// This, with something secret taken out.
    Masked(String),
}

impl Shown {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Masked(text) => text,
        }
    }
}

impl<'m> Masks<'m> {
    pub(super) fn new(
        workloads: &Workloads,
        resources: &Resources,
        redact: &'m dyn Fn(&str) -> String,
    ) -> Self {
        let named = workloads
            .workloads
            .iter()
            .flat_map(|it| &it.env)
            .filter_map(|env| match &env.value {
                Given::Text(text) if is_secret(env) => Some(text.expose()),
                _ => None,
            });
        let of_documents = of_documents(resources);
        let of_documents = of_documents.iter().map(String::as_str);
        let all = resources.secret_values().chain(named).chain(of_documents);
        let all = all.flat_map(forms).filter(|it| !it.is_empty());
        let words = &workloads.words;
        // One that cannot be told from what is no secret would take that with it.
        let alone = |it: &String| it.len() < SHORT || words.have(it);
        let (short, long): (HashSet<_>, HashSet<_>) = all.partition(alone);
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest);
        let long = builder.build(long).ok();
        Self {
            long,
            short,
            redact,
        }
    }

    /// What may be shown of a variable's text.
    pub(super) fn variable(&self, env: &Env, text: &str) -> Shown {
        if is_secret(env) && !text.is_empty() {
            return Shown::Masked(MASK.to_owned());
        }
        self.text(text)
    }

    /// What may be shown of a text that somebody wrote: secrets that are known, and what stands beside the name of one.
    pub(super) fn text(&self, text: &str) -> Shown {
        match (beside::masked(text), self.known(text)) {
            (None, shown) => shown,
            (Some(masked), _) => Shown::Masked(self.known(&masked).into_text()),
        }
    }

    /// What may be shown of a program's arguments: what follows `--password` is one.
    pub(super) fn arguments(&self, arguments: &[String]) -> Vec<Shown> {
        let before = std::iter::once("").chain(arguments.iter().map(String::as_str));
        let shown = arguments.iter().zip(before).map(|(it, before)| {
            if beside::is_secret_flag(before) {
                return Shown::Masked(MASK.to_owned());
            }
            self.text(it)
        });
        shown.collect()
    }

    /// What may be shown of a part of a pod.
    pub(super) fn json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into_text().into(),
            Value::Array(list) if list.iter().all(Value::is_string) => {
                let texts = list.iter().filter_map(Value::as_str).map(str::to_owned);
                let shown = self.arguments(&texts.collect::<Vec<_>>());
                shown.into_iter().map(Shown::into_text).collect()
            }
            Value::Array(list) => list.iter().map(|it| self.json(it)).collect(),
            Value::Object(fields) => {
                let name = fields.get("name").and_then(Value::as_str);
                let secret = name.is_some_and(names_a_secret);
                let shown = fields.iter().map(|(key, value)| {
                    let value = if secret && key == "value" && value.is_string() {
                        MASK.into()
                    } else {
                        self.json(value)
                    };
                    (self.known(key).into_text(), value)
                });
                Value::Object(shown.collect())
            }
            other => other.clone(),
        }
    }

    /// What may be shown of a text of ours: without the secrets that are known.
    pub(super) fn known(&self, text: &str) -> Shown {
        let shown = match &self.long {
            _ if self.short.contains(text) => MASK.to_owned(),
            None => MASK.to_owned(),
            Some(long) if long.is_match(text) => {
                long.replace_all(text, &vec![MASK; long.patterns_len()])
            }
            _ => text.to_owned(),
        };
        let shown = (self.redact)(&shown);
        if shown == text {
            Shown::Text(shown)
        } else {
            Shown::Masked(shown)
        }
    }
}

/// What does not change in a URL (RFC 3986, 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How a secret may stand somewhere: as it is, each of its lines, in base64, in a URL.
fn forms(secret: &str) -> Vec<String> {
    // Whoever pipes a key into a file adds a line break.
    let mut forms = vec![secret.to_owned(), secret.trim().to_owned()];
    if secret.len() >= SHORT {
        let lines = secret.lines().map(str::trim);
        forms.extend(lines.filter(|it| it.len() >= SHORT).map(str::to_owned));
        forms.push(BASE64_STANDARD.encode(secret));
        forms.push(utf8_percent_encode(secret.trim(), RESERVED).to_string());
        forms.extend(escaped(secret.trim()));
    }
    forms
}

/// As programs write it in JSON, with letters as they are or all in ASCII, and as Python shows a text.
fn escaped(secret: &str) -> [String; 3] {
    let json = Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let mut ascii = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _infallible = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    [json, ascii, secret.replace('\\', "\\\\")]
}

/// Values beside names of secrets in documents, be anything made of these or not.
fn of_documents(resources: &Resources) -> Vec<String> {
    let agents = resources.agents.values().map(|it| &it.at);
    let servers = resources.mcp_servers.values().map(|it| &it.at);
    let models = resources.model_apis.values().map(|it| &it.at);
    let mut found = Vec::new();
    for at in agents.chain(servers).chain(models) {
        named_values(&at.document(), &mut found);
    }
    found
}

fn named_values(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if let (Some(name), Some(value)) = (text("name"), text("value"))
                && names_a_secret(name)
            {
                found.push(value.to_owned());
            }
            let key = fields.get("apiKey").and_then(|it| it.get("value"));
            found.extend(key.and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|it| named_values(it, found));
        }
        Value::Array(list) => list.iter().for_each(|it| named_values(it, found)),
        _ => {}
    }
}

/// Whether a variable is secret by its name. Those that we derive ourselves are not, but for the provider's key.
fn is_secret(env: &Env) -> bool {
    let may = matches!(env.origin, Origin::User) || env.name == "PROXY_API_KEY";
    may && names_a_secret(&env.name)
}
