//! Where older versions, and texts about them, had fields.

use super::found::Found;
use crate::finding::Rule;
use crate::resources::Kind;
use crate::yaml::{Entry, Mark, Node, Value};

/// Whether a version ever knew a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Age {
    /// A published version of the CRDs had it: it is taken without a word.
    Older,
    /// None had it, but it was written about: it is taken with a warning.
    Never,
}

/// A place where a field may stand besides its own.
///
/// # Example
///
/// ```
/// use kaos_operator::{ALIASES, Age, Alias};
///
/// /// Lines of a guide for whoever has files of an older version.
/// fn moved() -> impl Iterator<Item = String> {
///     let older = ALIASES.iter().filter(|Alias { age, .. }| *age == Age::Older);
///     older.map(|it| format!("{}: {} is {} now", it.kind.as_str(), it.from, it.to))
/// }
/// assert!(moved().any(|it| it == "Agent: spec.config.env is spec.container.env now"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alias {
    /// The kind of resource.
    pub kind: Kind,
    /// The other place.
    pub from: &'static str,
    /// The field's own.
    pub to: &'static str,
    /// Whether a version ever knew it.
    pub age: Age,
    /// Values that have another name now.
    pub values: &'static [(&'static str, &'static str)],
}

const fn older(kind: Kind, from: &'static str, to: &'static str) -> Alias {
    Alias {
        kind,
        from,
        to,
        age: Age::Older,
        values: &[],
    }
}

const fn never(kind: Kind, from: &'static str, to: &'static str) -> Alias {
    Alias {
        kind,
        from,
        to,
        age: Age::Never,
        values: &[],
    }
}

/// All places where a field may stand besides its own.
pub const ALIASES: &[Alias] = &[
    older(Kind::Agent, "spec.config.env", "spec.container.env"),
    never(Kind::Agent, "spec.telemetry", "spec.config.telemetry"),
    Alias {
        values: &[("python-runtime", "python-string")],
        ..older(Kind::McpServer, "spec.type", "spec.runtime")
    },
    older(
        Kind::McpServer,
        "spec.config.tools.fromString",
        "spec.params",
    ),
    older(Kind::McpServer, "spec.config.telemetry", "spec.telemetry"),
    older(Kind::McpServer, "spec.config.env", "spec.container.env"),
    older(Kind::ModelApi, "spec.proxyConfig.env", "spec.container.env"),
    older(
        Kind::ModelApi,
        "spec.hostedConfig.env",
        "spec.container.env",
    ),
    never(Kind::ModelApi, "spec.config.telemetry", "spec.telemetry"),
    never(
        Kind::ModelApi,
        "spec.proxyConfig.apiKeySecretRef",
        "spec.proxyConfig.apiKey.valueFrom.secretKeyRef",
    ),
];

/// Moves what stands at another place to its own.
pub(super) fn moved(kind: Kind, document: &mut Node, found: &mut Found<'_>) {
    for alias in ALIASES.iter().filter(|alias| alias.kind == kind) {
        let Some((mark, mut node)) = take(document, alias.from) else {
            continue;
        };
        if let Some(there) = document.at(alias.to) {
            let message = format!(
                "`{}` on line {} says the same; keep that",
                alias.to, there.mark.line
            );
            found.add(Rule::TwiceSaid, mark, alias.from, message);
            continue;
        }
        if alias.age == Age::Never {
            let message = format!(
                "no version of KAOS has this field; it is read as `{}`",
                alias.to
            );
            found.add(Rule::NeverExisted, mark, alias.from, message);
        }
        let renamed = alias
            .values
            .iter()
            .find(|(old, _)| node.text() == Some(old));
        if let Some((_, new)) = renamed {
            node.value = Value::Text((*new).to_owned());
        }
        put(document, alias.to, mark, node);
    }
    // Nothing may be left of what was only a way to a field that is elsewhere now.
    if let Some(spec) = entry(document, "spec") {
        let emptied = |it: &Entry| it.key == "config" && it.node.entries().is_empty();
        if let Value::Map(entries) = &mut spec.value {
            entries.retain(|it| kind != Kind::ModelApi || !emptied(it));
        }
    }
}

/// Takes the value at a path out, unless it is null or not there.
fn take(node: &mut Node, path: &str) -> Option<(Mark, Node)> {
    if let Some((key, rest)) = path.split_once('.') {
        return take(entry(node, key)?, rest);
    }
    let Value::Map(entries) = &mut node.value else {
        return None;
    };
    let at = entries
        .iter()
        .position(|it| it.key == path && !it.node.is_null())?;
    let Entry { mark, node, .. } = entries.remove(at);
    Some((mark, node))
}

/// Puts a value at a path, with the maps that lead there. What stands in the way is of a wrong type, which is
/// said elsewhere.
fn put(node: &mut Node, path: &str, mark: Mark, value: Node) {
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    let Value::Map(entries) = &mut node.value else {
        return;
    };
    let at = entries
        .iter()
        .position(|it| it.key == key)
        .unwrap_or_else(|| {
            let node = Node::null(mark);
            entries.push(Entry {
                key: key.to_owned(),
                mark,
                node,
            });
            entries.len() - 1
        });
    let Some(entry) = entries.get_mut(at) else {
        return;
    };
    if rest.is_empty() {
        entry.node = value;
        return;
    }
    if entry.node.is_null() {
        entry.node.value = Value::Map(Vec::new());
    }
    put(&mut entry.node, rest, mark, value);
}

fn entry<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    match &mut node.value {
        Value::Map(entries) => entries
            .iter_mut()
            .find(|it| it.key == key)
            .map(|it| &mut it.node),
        _ => None,
    }
}
