//! Variables as a shell reads them.

use std::collections::BTreeMap;

use super::interpolation::expanded;
use super::masks::{MASK, Masks};
use crate::reading::Resources;
use crate::resources::KeySelector;
use crate::workload::{FileContent, Given, Workload};

/// One block for each workload.
pub(super) fn shown(workloads: &[Workload], resources: &Resources, masks: &Masks<'_>) -> String {
    let mut lines = Vec::new();
    for workload in workloads {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let Workload {
            name,
            identity,
            port,
            ..
        } = workload;
        let safe = |text: &str| masks.text(text).into_text();
        lines.push(safe(&format!("# {name} ({identity}), port {port}")));
        for file in &workload.files {
            let what = match &file.content {
                FileContent::Text(_) => "has its configuration".to_owned(),
                FileContent::SecretKey(key) => of_key("Secret", key),
            };
            lines.push(format!(
                "# {}/{} {}",
                file.folder,
                file.file,
                one_line(&what)
            ));
        }
        variables(&mut lines, workload, resources, masks);
    }
    lines.push(String::new());
    lines.join("\n")
}

fn variables(
    lines: &mut Vec<String>,
    workload: &Workload,
    resources: &Resources,
    masks: &Masks<'_>,
) {
    let mut before: BTreeMap<&str, String> = BTreeMap::new();
    for env in &workload.env {
        let (name, origin) = (&env.name, env.origin);
        let text = match &env.value {
            Given::Text(text) => Ok(text.expose()),
            Given::SecretKey(key) => Err(of_key("Secret", key)),
            Given::ConfigMapKey(key) => {
                let value =
                    resources.config_value(&workload.identity.namespace, &key.name, &key.key);
                value.ok_or_else(|| of_key("ConfigMap", key))
            }
            Given::Kubernetes(_) => Err("is what Kubernetes says".to_owned()),
        };
        let text = match text {
            Ok(text) => text,
            Err(what) => {
                lines.push(format!("# {name} {}  # {origin}", one_line(&what)));
                continue;
            }
        };
        let text = expanded(text, &|name| before.get(name).cloned(), &str::to_owned);
        let shown = masks.variable(env, &text).into_text();
        lines.push(match shown.as_str() {
            MASK => format!("# {name} is masked  # {origin}"),
            text if is_name(name) => format!("{name}={}  # {origin}", quoted(text)),
            // A shell would run it as a command.
            text => format!(
                "# {name}={}  # {origin}; a shell has no variable of this name",
                one_line(&quoted(text))
            ),
        });
        before.insert(name, shown);
    }
}

fn of_key(kind: &str, key: &KeySelector) -> String {
    format!("is the key {} of the {kind} {}", key.key, key.name)
}

/// What somebody else named stays in its line.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Whether a shell has variables of this name (POSIX.1-2024, 3.216).
fn is_name(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
    name.chars().all(plain) && !name.starts_with(|it: char| it.is_ascii_digit())
}

/// As a POSIX shell reads it.
fn quoted(text: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "_-./:,=@%+".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
