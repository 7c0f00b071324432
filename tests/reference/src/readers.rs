//! Those who read a turn's events later, on threads of their own.

use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use kaos_hooks::audit::{AuditBuilder, AuditHook, SigningKey};
use kaos_hooks::{Hooks, Later};
use kaos_otel_hook::MetricsHook;
use opentelemetry_sdk::trace::Sampler;
use tokio::runtime::{Builder, Runtime};

use crate::discard::{late_spans, metrics};
use crate::nowhere::Nowhere;

/// A trail that is signed, as usual.
///
/// # Panics
///
/// Never: the key has a good name.
pub fn signed(builder: AuditBuilder) -> AuditBuilder {
    let key = SigningKey::from_seed("bench", &[1; 32]).expect("a good name");
    builder.signing_key(key)
}

/// A signed trail whose disk costs nothing.
pub fn nowhere() -> AuditBuilder {
    signed(AuditHook::builder("unused")).storage(Nowhere)
}

/// Lets time pass, with the clock of the core up: one that slept would be measured as it wakes, with
/// cold caches.
pub fn awake(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Lets the trail's writer write all there is.
pub fn written(runtime: &Runtime, audit: &AuditHook) {
    let _timer = runtime.enter();
    let _urged = audit.force_flush().now_or_never();
    while audit.stats().waiting > 0 {
        awake(Duration::from_micros(50));
    }
}

/// Hooks for spans, metrics and a trail that read later, as `Telemetry` with an exporter and a trail
/// do.
#[derive(Debug)]
pub struct AllThree {
    /// The hooks.
    pub hooks: Hooks,
    later: Later,
    audit: AuditHook,
    runtime: Runtime,
}

impl AllThree {
    /// New ones, with threads of their own.
    ///
    /// # Panics
    ///
    /// If no thread can be started.
    pub fn new() -> Self {
        let later = Later::start("telemetry").expect("a thread");
        let audit = nowhere().open().expect("it opens");
        let spans = late_spans(Sampler::AlwaysOn, &later);
        let metrics = MetricsHook::with_provider(&metrics()).later(later.clone());
        let runtime = Builder::new_current_thread().enable_time().build();
        Self {
            hooks: Hooks::new((spans, metrics, audit.clone())),
            later,
            audit,
            runtime: runtime.expect("a runtime"),
        }
    }

    /// Lets them read all there is.
    ///
    /// # Panics
    ///
    /// If they have not in five seconds.
    pub fn rest(&self) {
        let limit = Duration::from_secs(5);
        self.later.flush_within(limit).expect("it reads");
        written(&self.runtime, &self.audit);
        // They let go of what they read.
        awake(Duration::from_micros(300));
    }
}

impl Default for AllThree {
    fn default() -> Self {
        Self::new()
    }
}
