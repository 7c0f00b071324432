//! A tool call of a turn's summary as Python KAOS writes it: the numbers always, and nothing beyond
//! these fields, so what is unknown is named in the summary.

use std::collections::HashSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::decimal::Millis;
use crate::fields::Object;
use crate::{Str, ToolCallSummary, Usage};

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
pub(super) struct Called {
    tool_name: Str,
    call_id: Str,
    is_error: bool,
    /// Exact to the nanosecond, which a double is not.
    duration_ms: Option<Box<RawValue>>,
    cost_usd: f64,
    input_tokens: u64,
    output_tokens: u64,
    plan_id: Option<Str>,
    step_id: Option<Str>,
    #[serde(skip)]
    name_only: bool,
}

/// How the summary's `unknown` calls what is unknown of its `at`-th call.
fn name_of(at: usize, what: &str) -> Str {
    Str::from(format!("tool_calls.{at}.{what}"))
}

/// Calls as they are written; what is unknown of them is added to `names`.
pub(super) fn write(calls: Vec<ToolCallSummary>, names: &mut Vec<Str>) -> Vec<Called> {
    let each = calls.into_iter().enumerate();
    each.map(|(at, call)| {
        let cost_usd = call.cost_usd.filter(|cost| cost.is_finite());
        let absent = [
            ("duration_ms", call.duration.is_none()),
            ("usage", call.usage.is_none()),
            ("cost_usd", cost_usd.is_none()),
        ];
        let absent = absent.into_iter().filter(|(_, is)| *is);
        names.extend(absent.map(|(what, _)| name_of(at, what)));
        let tokens = call.usage.unwrap_or_default();
        let millis = Millis::of(call.duration.unwrap_or_default()).to_string();
        Called {
            tool_name: call.tool,
            call_id: call.call_id,
            is_error: call.is_error,
            duration_ms: RawValue::from_string(millis).ok(),
            cost_usd: cost_usd.unwrap_or_default(),
            input_tokens: tokens.input_tokens,
            output_tokens: tokens.output_tokens,
            plan_id: call.plan_id,
            step_id: call.step_id,
            name_only: false,
        }
    })
    .collect()
}

/// Calls as they were before they were written.
pub(super) fn read(calls: Vec<Called>, unknown: &[Str]) -> Vec<ToolCallSummary> {
    let unknown: HashSet<&str> = unknown.iter().map(Str::as_str).collect();
    let each = calls.into_iter().enumerate();
    each.map(|(at, call)| {
        let knows = |what| !call.name_only && !unknown.contains(name_of(at, what).as_str());
        let millis = call.duration_ms.as_deref();
        let millis = millis.and_then(|raw| Millis::parse(raw.get()));
        ToolCallSummary {
            duration: millis
                .filter(|_| knows("duration_ms"))
                .map(Millis::duration),
            usage: knows("usage").then(|| Usage::new(call.input_tokens, call.output_tokens)),
            cost_usd: knows("cost_usd").then_some(call.cost_usd),
            tool: call.tool_name,
            call_id: call.call_id,
            is_error: call.is_error,
            plan_id: call.plan_id,
            step_id: call.step_id,
        }
    })
    .collect()
}

/// Reads calls. Our first lines had their names alone, so that nothing else is known of them.
pub(super) fn calls<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Called>>, D::Error> {
    let calls = Option::<Vec<Box<RawValue>>>::deserialize(from)?;
    let call = |raw: Box<RawValue>| match serde_json::from_str(raw.get()) {
        Ok(tool_name) => Ok(Called {
            tool_name,
            name_only: true,
            ..Called::default()
        }),
        Err(_no_text) => serde_json::from_str(raw.get()).map(|Object(call)| call),
    };
    calls
        .map(|calls| calls.into_iter().map(call).collect())
        .transpose()
        .map_err(D::Error::custom)
}
