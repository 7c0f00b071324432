//! What the operator does, as metrics of OpenTelemetry.

use kaos_operator::kubernetes::Reconciled;
use kaos_otel_hook::Telemetry;
use kaos_otel_hook::sdk::opentelemetry::KeyValue;
use kaos_otel_hook::sdk::opentelemetry::metrics::MeterProvider as _;

/// Upper bounds of the durations, in seconds: those of the operator's own `/metrics`.
const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Counts each reconcile in `kaos.operator.reconcile.duration`, if metrics are on.
pub(super) fn reconciles(telemetry: &Telemetry) -> impl Fn(&Reconciled) + Send + Sync + 'static {
    let meter = telemetry
        .meter_provider()
        .map(|it| it.meter("kaos-operator"));
    let durations = meter.map(|meter| {
        meter
            .f64_histogram("kaos.operator.reconcile.duration")
            .with_unit("s")
            .with_description("How long it took to look at a resource")
            .with_boundaries(BOUNDS.into())
            .build()
    });
    move |reconciled| {
        if let Some(durations) = &durations {
            let attributes = [
                KeyValue::new("kaos.resource.kind", reconciled.kind.as_str()),
                KeyValue::new("outcome", reconciled.outcome),
            ];
            durations.record(reconciled.took.as_secs_f64(), &attributes);
        }
    }
}
