//! The schema of the chart's values.

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
