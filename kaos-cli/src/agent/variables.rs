//! What `kaos agent serve` takes from the environment: one row for each variable.

mod table;
mod unused;
mod valid;
mod variable;

use std::fmt::Write as _;

pub(super) use self::valid::{Valid, flag, hosts, list};
pub(super) use self::variable::Effect;
use self::variable::{By, Variable};
use crate::output::Failed;

/// All of them.
fn all() -> impl Iterator<Item = &'static Variable> {
    table::VARIABLES.iter().chain(unused::VARIABLES)
}

/// Checks every variable that is set.
///
/// # Errors
///
/// What is wrong with the first that is, by its name.
pub(super) fn check(lookup: &impl Fn(&str) -> Option<String>) -> Result<(), Failed> {
    for variable in all() {
        if let Some(value) = lookup(variable.name) {
            variable.valid.check(variable.name, &value)?;
        }
    }
    Ok(())
}

/// The names of those that are set and have this effect.
pub(super) fn set_with(
    effect: Effect,
    lookup: &impl Fn(&str) -> Option<String>,
) -> Vec<&'static str> {
    let rows = all().filter(|row| row.effect == effect);
    let names = rows.map(|row| row.name);
    names.filter(|name| lookup(name).is_some()).collect()
}

/// All of them, as a table in Markdown.
pub(super) fn markdown() -> String {
    let mut text = String::from(
        "| variable | what it does | values | default | set by |\n|---|---|---|---|---|\n",
    );
    for row in all() {
        let (name, values) = (row.name, row.valid.words());
        let default = match row.default {
            "" => "–".to_owned(),
            default => format!("`{default}`"),
        };
        let by = match row.by {
            By::Operator => "operator",
            By::User => "user",
        };
        let effect = match row.effect {
            Effect::Taken => "",
            Effect::Harmless => "Accepted, without effect: ",
            Effect::Missed => "**Not done here**, and said at the start: ",
        };
        let does = row.does;
        let _infallible = writeln!(
            text,
            "| `{name}` | {effect}{does} | {values} | {default} | {by} |"
        );
    }
    text
}
