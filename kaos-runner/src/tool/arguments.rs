//! Whether a tool's arguments fit its schema, and what to tell the model if not.

use serde_json::Value;

use crate::{ToolError, ToolSpec};

/// The most faults that the model is told at once.
const MAX_FAULTS: usize = 5;

/// Compiles a tool's schema, unless that was done.
pub(crate) fn prepare(spec: &ToolSpec) {
    spec.compiled.of(&spec.name, &spec.schema);
}

/// Checks the arguments of a call.
///
/// # Errors
///
/// Which fields are wrong and what was expected, for the model to correct.
pub(crate) fn check(spec: &ToolSpec, arguments: &str) -> Result<(), ToolError> {
    wrong_with(spec, arguments)
        .map_err(|wrong| ToolError::arguments(format!("the arguments {wrong}")))
}

/// Checks JSON against a schema.
///
/// # Errors
///
/// What is wrong with it, to stand behind what it is.
pub(crate) fn wrong_with(spec: &ToolSpec, json: &str) -> Result<(), String> {
    let is_none = |error| format!("are no JSON: {error}");
    let value: Value = serde_json::from_str(json).map_err(is_none)?;
    let Some(form) = spec.compiled.of(&spec.name, &spec.schema) else {
        return Ok(());
    };
    let faults = form.faults(&value);
    if faults.is_empty() {
        return Ok(());
    }
    let more = if faults.len() > MAX_FAULTS {
        "; …"
    } else {
        ""
    };
    let shown: Vec<_> = faults.into_iter().take(MAX_FAULTS).collect();
    let shown = shown.join("; ");
    Err(format!("do not fit the schema: {shown}{more}"))
}
