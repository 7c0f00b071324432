//! The schema of the chart's values.

use boon::{Compiler, SchemaIndex, Schemas, ValidationError};
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::values::ChartValues;

/// The schema of the values, which Helm checks them with.
#[must_use]
pub fn values_schema() -> Value {
    let settings = SchemaSettings::draft07().with(|it| it.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<ChartValues>()
        .to_value();
    without_defaults(&mut schema);
    schema
}

/// `values.yaml` has the defaults; formats are numbers' of Rust.
fn without_defaults(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    for key in ["default", "format", "title"] {
        schema.remove(key);
    }
    if let Some(Value::Object(fields)) = schema.get_mut("properties") {
        fields.values_mut().for_each(without_defaults);
    }
}

/// What the schema is called while it is compiled; no such place exists.
const PLACE: &str = "kaos://chart/values";

/// The schema, to check values with where there is no Helm.
pub(super) struct ValuesCheck {
    schemas: Schemas,
    root: SchemaIndex,
}

impl ValuesCheck {
    pub(super) fn new() -> Result<Self, String> {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let added = compiler.add_resource(PLACE, values_schema());
        added.map_err(|it| it.to_string())?;
        let root = compiler.compile(PLACE, &mut schemas);
        let root = root.map_err(|it| it.to_string())?;
        Ok(Self { schemas, root })
    }

    /// # Errors
    ///
    /// All that is wrong, each with its place: `at '/telemetry/enabled': want boolean, but got string`.
    pub(super) fn check(&self, values: &Value) -> Result<(), String> {
        self.schemas.validate(values, self.root).map_err(|error| {
            let mut all = Vec::new();
            collect(&error, &mut all);
            all.join("; ")
        })
    }
}

fn collect(error: &ValidationError<'_, '_>, to: &mut Vec<String>) {
    if error.causes.is_empty() {
        to.push(format!("at '{}': {}", error.instance_location, error.kind));
    }
    for cause in &error.causes {
        collect(cause, to);
    }
}
