//! What is sampled, and how much of it is kept.

use opentelemetry_sdk::trace::{Sampler, SpanLimits};

use super::vars::Vars;
use crate::OTelHook;
use crate::attributes::MAX_ATTRIBUTES;

/// How long attribute values may be.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::Limits;
///
/// assert_eq!(Limits::default().value_length, Some(32_768));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of spans and their events, in characters; `None`: any length. Default: 32 768.
    pub value_length: Option<usize>,
    /// Of log records, in characters; `None`: any length. Default: 32 768.
    pub log_value_length: Option<usize>,
}

const VALUE_LENGTH: usize = OTelHook::DEFAULT_VALUE_LENGTH;

impl Default for Limits {
    fn default() -> Self {
        Self {
            value_length: Some(VALUE_LENGTH),
            log_value_length: Some(VALUE_LENGTH),
        }
    }
}

impl Limits {
    pub(super) fn of(vars: &Vars<'_>) -> Self {
        let all = vars.number("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 0, VALUE_LENGTH);
        let own = |name| Some(vars.number(name, 0, all));
        Self {
            value_length: own("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
            log_value_length: own("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
        }
    }
}

/// How many attributes, events and links a span has at most.
pub(super) fn span_limits(vars: &Vars<'_>) -> SpanLimits {
    let defaults = SpanLimits::default();
    let all = vars.number(
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        0,
        defaults.max_attributes_per_span,
    );
    let own = |name, default| vars.number(name, 0, default);
    let limits = SpanLimits {
        max_attributes_per_span: own("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", all),
        max_events_per_span: own("OTEL_SPAN_EVENT_COUNT_LIMIT", defaults.max_events_per_span),
        max_links_per_span: own("OTEL_SPAN_LINK_COUNT_LIMIT", defaults.max_links_per_span),
        max_attributes_per_event: own("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", all),
        max_attributes_per_link: own("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", all),
    };
    let (asked, holds) = (
        limits.max_attributes_per_span,
        with_room(limits).max_attributes_per_span,
    );
    if asked < holds {
        vars.warn(format!(
            "spans may have {asked} attributes, but KAOS says up to {holds} of one itself; using \
             {holds}"
        ));
    }
    limits
}

/// These limits, with room for what we say ourselves.
pub(super) fn with_room(limits: SpanLimits) -> SpanLimits {
    let ours = u32::try_from(MAX_ATTRIBUTES).unwrap_or(u32::MAX);
    SpanLimits {
        max_attributes_per_span: limits.max_attributes_per_span.max(ours),
        ..limits
    }
}

pub(super) fn sampler(vars: &Vars<'_>) -> Sampler {
    const NAME: &str = "OTEL_TRACES_SAMPLER";
    let by_parent = |root| Sampler::ParentBased(Box::new(root));
    let Some(value) = vars.get(NAME) else {
        return by_parent(Sampler::AlwaysOn);
    };
    match value.to_ascii_lowercase().as_str() {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => by_ratio(vars),
        "parentbased_always_on" => by_parent(Sampler::AlwaysOn),
        "parentbased_always_off" => by_parent(Sampler::AlwaysOff),
        "parentbased_traceidratio" => by_parent(by_ratio(vars)),
        _ => {
            let expected = "always_on, always_off, traceidratio or one of these after parentbased_";
            vars.bad(NAME, &value, expected, "parentbased_always_on");
            by_parent(Sampler::AlwaysOn)
        }
    }
}

fn by_ratio(vars: &Vars<'_>) -> Sampler {
    const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
    let Some(value) = vars.get(NAME) else {
        return Sampler::TraceIdRatioBased(1.0);
    };
    let ratio = value.parse().ok().filter(|it| (0.0..=1.0).contains(it));
    Sampler::TraceIdRatioBased(ratio.unwrap_or_else(|| {
        vars.bad(NAME, &value, "a number from 0 to 1", "1.0");
        1.0
    }))
}
