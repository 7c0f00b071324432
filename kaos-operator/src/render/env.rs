//! Variables as a shell reads them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::interpolation::expanded;
use super::masks::{MASK, Masks};
use crate::reading::Resources;
use crate::workload::{Content, Given, Workload};

/// One block for each workload. Formatting into a text does not fail.
pub(super) fn shown(workloads: &[Workload], resources: &Resources, masks: &Masks<'_>) -> String {
    let mut out = String::new();
    for (index, workload) in workloads.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let _ = writeln!(
            out,
            "# {} ({}), port {}",
            workload.name, workload.identity, workload.port
        );
        for file in &workload.files {
            let what = match &file.content {
                Content::Text(_) => "has its configuration".to_owned(),
                Content::SecretKey(key) => {
                    format!("is the key {} of the Secret {}", key.key, key.name)
                }
            };
            let _ = writeln!(out, "# {}/{} {what}", file.folder, file.file);
        }
        variables(&mut out, workload, resources, masks);
    }
    out
}

fn variables(out: &mut String, workload: &Workload, resources: &Resources, masks: &Masks<'_>) {
    let mut before: BTreeMap<&str, String> = BTreeMap::new();
    for env in &workload.env {
        let (name, origin) = (&env.name, env.origin);
        let text = match &env.value {
            Given::Text(text) => Ok(text.expose().to_owned()),
            Given::SecretKey(key) => {
                Err(format!("is the key {} of the Secret {}", key.key, key.name))
            }
            Given::ConfigMapKey(key) => {
                let value =
                    resources.config_value(&workload.identity.namespace, &key.name, &key.key);
                value
                    .map(str::to_owned)
                    .ok_or_else(|| format!("is the key {} of the ConfigMap {}", key.key, key.name))
            }
            Given::Kubernetes(_) => Err("is what Kubernetes says".to_owned()),
        };
        let _ = match text {
            Err(what) => writeln!(out, "# {name} {}  # {origin}", one_line(&what)),
            Ok(text) => {
                let text = expanded(&text, &|name| before.get(name).cloned(), &str::to_owned);
                let shown = masks.variable(env, &text).into_text();
                let line = match shown.as_str() {
                    MASK => writeln!(out, "# {name} is masked  # {origin}"),
                    text => writeln!(out, "{name}={}  # {origin}", quoted(text)),
                };
                before.insert(name, shown);
                line
            }
        };
    }
}

/// What somebody else named stays in its line.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// As a POSIX shell reads it.
fn quoted(text: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "_-./:,=@%+".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
