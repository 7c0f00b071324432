//! Variables of the shell that have what a Compose file does not show.

use std::collections::BTreeMap;

use crate::resources::KeySelector;

/// Which variable has what: each secret has one of its own.
#[derive(Debug, Default)]
pub(super) struct Shell(BTreeMap<String, Vec<String>>);

impl Shell {
    /// A key's value, without which Compose says what is missing, unless it may be missing.
    pub(super) fn of_key(&mut self, kind: &str, key: &KeySelector) -> String {
        let name = self.name(kind, &[&key.name, &key.key]);
        match key.optional {
            Some(true) => format!("${{{name}-}}"),
            _ => required(
                &name,
                &format!("the key {} of the {kind} {}", key.key, key.name),
            ),
        }
    }

    /// The value of a variable of a workload's own.
    pub(super) fn of_variable(&mut self, workload: &str, variable: &str) -> String {
        let name = self.name("variable", &[workload, variable]);
        required(&name, &format!("{variable} of {workload}"))
    }

    /// The name of the variable: what it has in capitals; with a number where another has that name.
    pub(super) fn name(&mut self, kind: &str, parts: &[&str]) -> String {
        let mut of = vec![kind.to_owned()];
        of.extend(parts.iter().map(|it| (*it).to_owned()));
        let plain = in_capitals(&parts.join("_"));
        let mut name = plain.clone();
        let mut number = 2;
        while self.0.get(&name).is_some_and(|taken| *taken != of) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        self.0.insert(name.clone(), of);
        name
    }
}

fn in_capitals(text: &str) -> String {
    let ours = |it: char| {
        if it.is_ascii_alphanumeric() {
            it.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let name: String = text.chars().map(ours).collect();
    if name.starts_with(|it: char| it.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

/// A value from a variable, without which Compose says what is missing.
fn required(name: &str, what: &str) -> String {
    let what = what.replace(|it: char| it.is_control() || "{}$".contains(it), "_");
    format!("${{{name}:?{what}}}")
}
