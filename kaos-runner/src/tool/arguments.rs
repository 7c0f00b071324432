//! Whether a tool's arguments fit its schema, and what to tell the model if not.

mod fault;
mod room;

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

use boon::{Compiler, SchemaIndex, Schemas, UrlLoader};
use serde_json::Value;
use tracing::debug;

use crate::{ToolError, ToolSpec};

/// The most faults that the model is told at once.
const MOST_FAULTS: usize = 5;

/// What a schema is called where its own `$ref`s are resolved; no such place exists.
const PLACE: &str = "kaos://tool/arguments";

/// A tool's schema, compiled once; `None` lets everything through.
#[derive(Default)]
pub(crate) struct Form(OnceLock<Option<Box<Compiled>>>);

struct Compiled {
    schemas: Schemas,
    root: SchemaIndex,
}

impl Form {
    fn of(&self, spec: &ToolSpec) -> Option<&Compiled> {
        let compiled = self.0.get_or_init(|| {
            let compiled = compile(&spec.schema);
            if compiled.is_none() {
                debug!(tool = spec.name.as_str(), "no usable argument schema");
            }
            compiled.map(Box::new)
        });
        compiled.as_deref()
    }
}

/// How many steps deep the check of a schema against its draft goes, for each level of the schema.
const STEPS_OF_A_LEVEL: usize = 16;

/// A schema comes from a server that may be anybody's: its patterns are searched without
/// backtracking, and it refers to nothing but itself and the JSON Schema drafts.
fn compile(schema: &Value) -> Option<Compiled> {
    let steps = room::depth(schema) * STEPS_OF_A_LEVEL;
    // A debug build of the compiler panics at a pattern that is too large to be compiled.
    let compiled = room::with_room(steps, || {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(Nothing));
        compiler.add_resource(PLACE, schema.clone()).ok()?;
        let root = compiler.compile(PLACE, &mut schemas).ok()?;
        Some(Compiled { schemas, root })
    });
    compiled.flatten()
}

impl Compiled {
    /// What is wrong with the arguments; also nothing where that cannot be found out.
    fn faults(&self, arguments: &Value) -> Vec<String> {
        // At one place of the arguments no part of the schema comes twice.
        let steps = self.schemas.size() * room::depth(arguments);
        let faults = room::with_room(steps, || {
            let checked = self.schemas.validate(arguments, self.root);
            checked.map_or_else(|error| fault::of(&error, arguments), |()| Vec::new())
        });
        faults.unwrap_or_default()
    }
}

/// Opens no file and no URL.
struct Nothing;

impl UrlLoader for Nothing {
    fn load(&self, _url: &str) -> Result<Value, Box<dyn Error>> {
        Err("a tool's schema may refer only to itself".into())
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
    let Some(form) = spec.form.of(spec) else {
        return Ok(());
    };
    let faults = form.faults(&value);
    if faults.is_empty() {
        return Ok(());
    }
    let more = if faults.len() > MOST_FAULTS {
        "; …"
    } else {
        ""
    };
    let told: Vec<_> = faults.into_iter().take(MOST_FAULTS).collect();
    let told = told.join("; ");
    Err(format!("do not fit the schema: {told}{more}"))
}
