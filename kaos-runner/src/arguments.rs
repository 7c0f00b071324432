//! Whether a tool's arguments fit its schema, and what to tell the model if not.

use std::fmt;
use std::sync::OnceLock;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use tracing::debug;

use crate::{ToolError, ToolSpec};

/// The most faults that the model is told at once, and the most characters of one.
const MOST_FAULTS: usize = 5;
const LONGEST_FAULT: usize = 300;

/// A tool's schema, compiled once; `None` lets everything through.
#[derive(Default)]
pub(crate) struct Form(OnceLock<Option<Box<Validator>>>);

impl Form {
    fn of(&self, spec: &ToolSpec) -> Option<&Validator> {
        let compiled = self.0.get_or_init(|| {
            // Without backtracking: a server's pattern cannot take forever.
            let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
            match options.build(&spec.schema) {
                Ok(compiled) => Some(Box::new(compiled)),
                Err(_content) => {
                    debug!(tool = spec.name.as_str(), "no usable argument schema");
                    None
                }
            }
        });
        compiled.as_deref()
    }
}

/// A copy's schema may be changed, so it is compiled anew.
impl Clone for Form {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Form {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").finish_non_exhaustive()
    }
}

/// Compiles a tool's schema, unless that was done.
pub(crate) fn prepare(spec: &ToolSpec) {
    spec.form.of(spec);
}

/// Checks the arguments of a call.
///
/// # Errors
///
/// Which fields are wrong and what was expected, for the model to correct.
pub(crate) fn check(spec: &ToolSpec, arguments: &str) -> Result<(), ToolError> {
    let value: Value = serde_json::from_str(arguments)
        .map_err(|error| ToolError::arguments(format!("the arguments are no JSON: {error}")))?;
    let Some(form) = spec.form.of(spec) else {
        return Ok(());
    };
    let mut faults = form.iter_errors(&value);
    let told: Vec<String> = faults
        .by_ref()
        .take(MOST_FAULTS)
        .map(|fault| {
            let place = fault.instance_path().to_string();
            let place = if place.is_empty() {
                "arguments"
            } else {
                &place
            };
            let what: String = fault.to_string().chars().take(LONGEST_FAULT).collect();
            format!("{place}: {what}")
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    let more = if faults.next().is_some() { "; …" } else { "" };
    let told = told.join("; ");
    Err(ToolError::arguments(format!(
        "the arguments do not fit the schema: {told}{more}"
    )))
}
