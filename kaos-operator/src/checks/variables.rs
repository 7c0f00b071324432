//! Variables are such that a process can have them.

use crate::component::Component;
use crate::finding::{Finding, Rule};
use crate::resources::EnvVar;

pub(super) fn check(components: &[Component<'_>], findings: &mut Vec<Finding>) {
    for component in components {
        match &component.own {
            Err((path, message)) => {
                findings.push(component.at.finding(Rule::Shape, path, message));
            }
            Ok(own) => {
                for var in own.env.iter().chain(own.pod_env.iter()) {
                    for (rule, message) in wrong(var) {
                        let path = component.variable(&var.name);
                        findings.push(component.at.finding(rule, &path, message));
                    }
                }
            }
        }
    }
}

fn wrong(var: &EnvVar) -> Vec<(Rule, String)> {
    let mut found = Vec::new();
    if !is_name(&var.name) {
        let message = "a variable's name has letters, digits, _, - and ., and no digit first";
        return vec![(Rule::Name, message.to_owned())];
    }
    let name = &var.name;
    let text = var.value.as_ref().map_or("", |it| it.expose());
    if text.contains('\0') {
        found.push((
            Rule::Shape,
            format!("{name}: no variable has the character NUL"),
        ));
    }
    let Some(source) = &var.value_from else {
        return found;
    };
    if !text.is_empty() {
        let message = format!("{name}: `value` and `valueFrom` are one too many");
        found.push((Rule::TwiceSaid, message));
    }
    let sources = [
        source.secret_key_ref.is_some(),
        source.config_map_key_ref.is_some(),
        source.field_ref.is_some(),
        source.resource_field_ref.is_some(),
    ];
    if sources.iter().filter(|it| **it).count() != 1 {
        let message = format!(
            "{name}: expected one of secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef"
        );
        found.push((Rule::Shape, message));
    }
    found
}

fn is_name(name: &str) -> bool {
    let ours = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
    !name.is_empty() && name.chars().all(ours) && !name.starts_with(|it: char| it.is_ascii_digit())
}
