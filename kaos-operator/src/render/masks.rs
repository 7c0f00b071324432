//! What is secret is not shown.

use std::fmt;

use crate::reading::Resources;
use crate::workload::{Env, Given, Origin, Workloads};

/// What stands for a secret.
pub(super) const MASK: &str = "[masked]";

/// A secret that is shorter than this is looked for as a whole text only: as a part of one it is anything.
const SHORT: usize = 6;

pub(super) struct Masks<'m> {
    /// The longest first, as one may begin with another.
    secrets: Vec<String>,
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
        let all = resources.secret_values().chain(named);
        // Whoever pipes a key into a file adds a line break.
        let all = all
            .flat_map(|it| [it, it.trim()])
            .filter(|it| !it.is_empty());
        let mut secrets: Vec<String> = all.map(str::to_owned).collect();
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self { secrets, redact }
    }

    /// What may be shown of a variable's text.
    pub(super) fn variable(&self, env: &Env, text: &str) -> Shown {
        if is_secret(env) && !text.is_empty() {
            return Shown::Masked(MASK.to_owned());
        }
        self.text(text)
    }

    /// What may be shown of a text.
    pub(super) fn text(&self, text: &str) -> Shown {
        let mut shown = text.to_owned();
        for secret in &self.secrets {
            if secret.len() < SHORT && shown == *secret {
                MASK.clone_into(&mut shown);
            } else if secret.len() >= SHORT && shown.contains(secret.as_str()) {
                shown = shown.replace(secret.as_str(), MASK);
            }
        }
        let shown = (self.redact)(&shown);
        if shown == text {
            Shown::Text(shown)
        } else {
            Shown::Masked(shown)
        }
    }
}

/// Whether a variable is secret by its name. Those that we derive ourselves are not, but for the provider's key.
fn is_secret(env: &Env) -> bool {
    let may = matches!(env.origin, Origin::User) || env.name == "PROXY_API_KEY";
    may && names_a_secret(&env.name)
}

/// Whether a name is that of a secret: one of its words is.
fn names_a_secret(name: &str) -> bool {
    const WITHIN: [&str; 9] = [
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "TOKEN",
        "APIKEY",
        "CREDENTIAL",
        "PRIVATE",
        "BEARER",
    ];
    const WORDS: [&str; 12] = [
        "KEY",
        "KEYS",
        "PASS",
        "PWD",
        "PW",
        "AUTH",
        "AUTHORIZATION",
        "COOKIE",
        "DSN",
        "HEADERS",
        "PAT",
        "PIN",
    ];
    let name = name.to_ascii_uppercase();
    let mut words = name.split(|it: char| !it.is_ascii_alphanumeric());
    WITHIN.iter().any(|it| name.contains(it))
        || words.any(|word| WORDS.contains(&word) || word.ends_with("KEY"))
}
