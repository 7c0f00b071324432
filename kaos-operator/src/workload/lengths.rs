//! What no program can be started with, because it is too long.

use super::parts::{Given, Origin, Workload};
use crate::finding::{Finding, Rule};
use crate::reading::Resources;

/// Bytes of a variable with its name and `=`, here as in a pod: `MAX_ARG_STRLEN` of Linux, without the zero at its end.
pub(crate) const MAX_BYTES: usize = 128 * 1024 - 1;

/// What is wrong with a variable that is so long.
pub(crate) fn too_long(name: &str, value: &str) -> Option<String> {
    let bytes = name.len() + 1 + value.len();
    let message = || {
        format!(
            "{bytes} bytes are too long: it is the variable {name}, and a program can be given {MAX_BYTES} in one"
        )
    };
    (bytes > MAX_BYTES).then(message)
}

/// Tells variables whose values are known, and too long.
pub(super) fn check(workloads: &[Workload], resources: &Resources, findings: &mut Vec<Finding>) {
    for of in workloads {
        for env in &of.env {
            let Given::Text(text) = &env.value else {
                continue;
            };
            let path = match env.origin {
                Origin::Field(path) => path,
                _ => "",
            };
            if let (Some(message), Some(at)) = (
                too_long(&env.name, text.expose()),
                resources.located(&of.identity),
            ) {
                findings.push(at.finding(Rule::TooLong, path, message));
            }
        }
    }
}
