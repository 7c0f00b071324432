//! What the operator counts of itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::cache::locked;
use super::objects::ObjectKind;
use crate::resources::Kind;

/// Upper bounds of the durations, in seconds: a reconcile that writes nothing takes less than a millisecond, one that
/// waits for the API server some tens.
const BOUNDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// A reconcile that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconciled {
    /// Of what kind the resource is.
    pub kind: Kind,
    /// `ok`; `refused`, if somebody has to do something; `error`, if it is tried again.
    pub outcome: &'static str,
    /// How long it took.
    pub took: Duration,
}

/// What the operator counts of itself, and how it is.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use kaos_operator::kubernetes::{LeaseLost, Operator, OperatorMetrics, Reconciled};
///
/// async fn operate(operator: Operator, serve: impl FnOnce(Arc<OperatorMetrics>)) {
///     serve(operator.metrics()); // `/ready` is `is_ready()`, `/metrics` is `prometheus()`
///     let seen = |it: &Reconciled| println!("{} {} in {:?}", it.kind.as_str(), it.outcome, it.took);
///     let ended: Result<(), LeaseLost> = operator.observed_by(seen).run(std::future::pending()).await;
///     if ended.is_err() {
///         println!("another operator works now");
///     }
/// }
/// ```
#[derive(Debug, Default)]
pub struct OperatorMetrics {
    reconciles: Mutex<BTreeMap<(Kind, &'static str), Durations>>,
    writes: Mutex<BTreeMap<&'static str, u64>>,
    interrupted: AtomicU64,
    seen: AtomicBool,
    leads: AtomicBool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Durations {
    buckets: [u64; BOUNDS.len()],
    sum: f64,
    count: u64,
}

impl OperatorMetrics {
    pub(super) fn reconciled(&self, reconciled: &Reconciled) {
        let mut all = locked(&self.reconciles);
        let at = (reconciled.kind, reconciled.outcome);
        let durations = all.entry(at).or_default();
        let seconds = reconciled.took.as_secs_f64();
        for (bucket, bound) in durations.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        durations.sum += seconds;
        durations.count += 1;
    }

    pub(super) fn wrote(&self, made: ObjectKind) {
        self.wrote_other(made.names().1);
    }

    pub(super) fn wrote_other(&self, what: &'static str) {
        *locked(&self.writes).entry(what).or_default() += 1;
    }

    pub(super) fn leads(&self, leads: bool) {
        self.leads.store(leads, Ordering::Relaxed);
    }

    pub(super) fn interrupted(&self) {
        self.interrupted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn has_seen(&self) {
        self.seen.store(true, Ordering::Relaxed);
    }

    /// Whether it has seen all that is there, so that it works, or can as soon as it leads.
    pub fn is_ready(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    /// All of it as Prometheus reads it (text format 0.0.4), with OpenTelemetry's names as its specification of
    /// compatibility has them:
    ///
    /// | instrument | unit | labels |
    /// |---|---|---|
    /// | `kaos.operator.reconcile.duration` | s | `kaos_resource_kind`, `outcome`: `ok`, `refused`, `error` |
    /// | `kaos.operator.writes` | requests | `kind` of object |
    /// | `kaos.operator.watch.interruptions` | times | – |
    /// | `kaos.operator.leader` | 0 or 1 | – |
    #[must_use]
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        let name = "kaos_operator_reconcile_duration_seconds";
        head(
            &mut text,
            name,
            "histogram",
            "How long it took to look at a resource",
        );
        for ((kind, outcome), durations) in locked(&self.reconciles).iter() {
            let labels = format!(
                "kaos_resource_kind=\"{}\",outcome=\"{outcome}\"",
                kind.as_str()
            );
            for (bucket, bound) in durations.buckets.iter().zip(BOUNDS) {
                line(
                    &mut text,
                    format_args!("{name}_bucket{{{labels},le=\"{bound}\"}} {bucket}"),
                );
            }
            line(
                &mut text,
                format_args!("{name}_bucket{{{labels},le=\"+Inf\"}} {}", durations.count),
            );
            line(
                &mut text,
                format_args!("{name}_sum{{{labels}}} {}", durations.sum),
            );
            line(
                &mut text,
                format_args!("{name}_count{{{labels}}} {}", durations.count),
            );
        }
        let name = "kaos_operator_writes_total";
        head(&mut text, name, "counter", "Requests that write");
        for (what, count) in locked(&self.writes).iter() {
            line(&mut text, format_args!("{name}{{kind=\"{what}\"}} {count}"));
        }
        let name = "kaos_operator_watch_interruptions_total";
        head(&mut text, name, "counter", "Watches that broke off");
        line(
            &mut text,
            format_args!("{name} {}", self.interrupted.load(Ordering::Relaxed)),
        );
        let name = "kaos_operator_leader";
        head(
            &mut text,
            name,
            "gauge",
            "Whether this operator is the one that works",
        );
        line(
            &mut text,
            format_args!("{name} {}", u8::from(self.leads.load(Ordering::Relaxed))),
        );
        text
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} {kind}"));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // A text takes whatever it is given.
    let _written = writeln!(text, "{line}");
}
