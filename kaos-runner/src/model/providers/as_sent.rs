//! What spans say of a request whose fields the user replaced: what is sent in the end.

use kaos_hooks::{LlmParams, Str};
use serde_json::{Map, Value};

/// The model that a request names.
pub(super) fn model(named: &Str, fields: &Map<String, Value>) -> Str {
    match fields.get("model").and_then(Value::as_str) {
        Some(model) => Str::copied(model),
        None => named.clone(),
    }
}

/// The parameters that a request has. A field that is `null`, or not what the API has there, leaves
/// the endpoint its own.
pub(super) fn params(chosen: &LlmParams, fields: &Map<String, Value>) -> LlmParams {
    let mut sent = chosen.clone();
    for (name, value) in fields {
        match name.as_str() {
            "max_tokens" | "max_completion_tokens" => sent.max_tokens = value.as_u64(),
            "temperature" => sent.temperature = value.as_f64(),
            "top_p" => sent.top_p = value.as_f64(),
            "top_k" => sent.top_k = value.as_u64(),
            "frequency_penalty" => sent.frequency_penalty = value.as_f64(),
            "presence_penalty" => sent.presence_penalty = value.as_f64(),
            "stop" | "stop_sequences" => sent.stop_sequences = texts(value),
            "seed" => sent.seed = value.as_i64(),
            "n" => sent.choice_count = value.as_u64().and_then(|count| count.try_into().ok()),
            "response_format" => sent.output_type = output_type(value).map(Str::Static),
            _ => {}
        }
    }
    sent
}

/// One text, or a list of them.
fn texts(value: &Value) -> Vec<Str> {
    let one = value.as_str().into_iter();
    let many = value.as_array().into_iter().flatten();
    one.chain(many.filter_map(Value::as_str))
        .map(Str::copied)
        .collect()
}

/// The conventions' word for a format.
fn output_type(format: &Value) -> Option<&'static str> {
    match format.get("type")?.as_str()? {
        "json_object" | "json_schema" => Some("json"),
        "text" => Some("text"),
        _ => None,
    }
}
