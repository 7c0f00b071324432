//! Names become names of Services and labels: RFC 1035 labels of at most 63 letters, with what is put before.

use crate::component::Component;
use crate::finding::{Finding, Rule};

/// A label's letters: RFC 1035, section 2.3.4.
const LABEL: usize = 63;

pub(super) fn check(components: &[Component<'_>], findings: &mut Vec<Finding>) {
    for Component { at, .. } in components {
        let identity = &at.identity;
        // With its prefix it begins with a letter, whatever it begins with itself.
        if let Some(why) = wrong(&identity.name, LABEL - identity.kind.prefix().len() - 1) {
            let why = format!(
                "{why}: its Service is called `{}-…`",
                identity.kind.prefix()
            );
            findings.push(at.finding(Rule::Name, "metadata.name", why));
        }
        if let Some(why) = wrong(&identity.namespace, LABEL) {
            findings.push(at.finding(Rule::Name, "metadata.namespace", why));
        }
    }
}

fn wrong(name: &str, most: usize) -> Option<String> {
    let ours = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let edge = name.starts_with('-') || name.ends_with('-');
    if name.is_empty() || edge || !name.chars().all(ours) {
        return Some("expected lower-case letters, digits and -, not - first or last".to_owned());
    }
    (name.len() > most).then(|| format!("has {} letters; at most {most} fit", name.len()))
}
