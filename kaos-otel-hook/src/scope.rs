use opentelemetry::InstrumentationScope;

use crate::semconv;

/// Who makes our spans, metrics and records.
pub(crate) const SCOPE: &str = "kaos";

pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(SCOPE)
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(semconv::SCHEMA_URL)
        .build()
}
