//! A schema, compiled once, and what does not fit it.

mod fault;
mod room;

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

use boon::{Compiler, SchemaIndex, Schemas, UrlLoader};
use serde_json::Value;
use tracing::debug;

/// What a schema is called where its own `$ref`s are resolved; no such place exists.
const PLACE: &str = "kaos://tool/arguments";

/// A tool's schema, compiled once; `None` lets everything through.
#[derive(Default)]
pub(crate) struct CompiledSchema(OnceLock<Option<Box<Compiled>>>);

pub(crate) struct Compiled {
    schemas: Schemas,
    root: SchemaIndex,
}

impl CompiledSchema {
    /// This schema, of the tool with this name; compiled when it is first asked for.
    pub(super) fn of(&self, tool: &str, schema: &Value) -> Option<&Compiled> {
        let compiled = self.0.get_or_init(|| {
            let compiled = compile(schema);
            if compiled.is_none() {
                debug!(tool, "no usable argument schema");
            }
            compiled.map(Box::new)
        });
        compiled.as_deref()
    }
}

/// Whether something can be held to this schema: it is one, and refers to nothing but itself and the drafts.
#[cfg(feature = "server")]
pub(crate) fn is_usable(schema: &Value) -> bool {
    compile(schema).is_some()
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
    pub(super) fn faults(&self, arguments: &Value) -> Vec<String> {
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
impl Clone for CompiledSchema {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for CompiledSchema {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl fmt::Debug for CompiledSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledSchema").finish_non_exhaustive()
    }
}
