//! Variables are such that a process can have them.

use crate::component::Component;
use crate::finding::{Finding, Rule};
use crate::reading::Located;
use crate::resources::{EnvVar, SecretText};

pub(super) fn check(components: &[Component<'_>], findings: &mut Vec<Finding>) {
    for Component { at, own, .. } in components {
        match own {
            Err((path, message)) => findings.push(at.finding(Rule::Shape, path, message)),
            Ok(own) => {
                for var in own.env.iter() {
                    variable(at, var, "spec.container.env", findings);
                }
                for var in own.pod_env.iter() {
                    variable(at, var, "spec.podSpec.containers", findings);
                }
            }
        }
    }
}

fn variable(at: &Located, var: &EnvVar, path: &str, findings: &mut Vec<Finding>) {
    if !is_name(&var.name) {
        let message = "a variable's name has letters, digits, _, - and ., and no digit first";
        findings.push(at.finding(Rule::Name, path, message));
        return;
    }
    let name = &var.name;
    if var
        .value
        .as_ref()
        .is_some_and(|it| it.expose().contains('\0'))
    {
        let message = format!("{name}: no variable has the character NUL");
        findings.push(at.finding(Rule::Shape, path, message));
    }
    let Some(source) = &var.value_from else {
        return;
    };
    if var
        .value
        .as_ref()
        .is_some_and(|it: &SecretText| !it.expose().is_empty())
    {
        let message = format!("{name}: `value` and `valueFrom` are one too many");
        findings.push(at.finding(Rule::TwiceSaid, path, message));
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
        findings.push(at.finding(Rule::Shape, path, message));
    }
}

fn is_name(name: &str) -> bool {
    let ours = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
    !name.is_empty() && name.chars().all(ours) && !name.starts_with(|it: char| it.is_ascii_digit())
}
