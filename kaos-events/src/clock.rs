use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When an event happened, on both clocks.
///
/// Within a run neither ever goes backwards, and the difference between two events is the same
/// on both: a run reads the wall clock once, at its start, and the monotonic clock at each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time {
    /// Nanoseconds since the Unix epoch, UTC.
    pub unix_nanos: u64,
    /// Nanoseconds on a monotonic clock with an arbitrary origin.
    pub monotonic_nanos: u64,
}

impl Time {
    /// The wall time as the standard library has it.
    pub fn system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.unix_nanos)
    }

    /// Monotonic time passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.monotonic_nanos.saturating_sub(earlier.monotonic_nanos))
    }
}

/// Where time comes from. Implementations are called from many threads at once.
///
/// # Example
///
/// A machine whose clock is known to be late:
///
/// ```
/// use kaos_events::{Clock, Emitter, SystemClock};
///
/// struct Corrected { late_by: u64 }
///
/// impl Clock for Corrected {
///     fn unix_nanos(&self) -> u64 { SystemClock.unix_nanos() + self.late_by }
///     fn monotonic_nanos(&self) -> u64 { SystemClock.monotonic_nanos() }
/// }
///
/// let emitter = Emitter::new().with_clock(Corrected { late_by: 1_500_000_000 });
/// ```
pub trait Clock: Send + Sync + 'static {
    /// Nanoseconds since the Unix epoch, UTC. Read once per run.
    fn unix_nanos(&self) -> u64;

    /// Nanoseconds since an arbitrary origin, never going backwards. Read once per event.
    fn monotonic_nanos(&self) -> u64;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn unix_nanos(&self) -> u64 {
        (**self).unix_nanos()
    }

    fn monotonic_nanos(&self) -> u64 {
        (**self).monotonic_nanos()
    }
}

/// The machine's clocks. The default.
///
/// The monotonic origin is the first use in this process, which takes about a millisecond to
/// calibrate the processor's time stamp counter.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    fn unix_nanos(&self) -> u64 {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        whole_nanos(since_epoch)
    }

    fn monotonic_nanos(&self) -> u64 {
        // The processor's counter where it is steady, the operating system's clock elsewhere: a
        // turn reads it once per event, and it is less than half as expensive.
        static COUNTER: OnceLock<(quanta::Clock, u64)> = OnceLock::new();
        let (clock, origin) = COUNTER.get_or_init(|| {
            let clock = quanta::Clock::new();
            let origin = clock.raw();
            (clock, origin)
        });
        clock.delta_as_nanos(*origin, clock.raw())
    }
}

/// Nanoseconds of a duration, saturating after 584 years.
fn whole_nanos(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos().into())
}

/// A clock that a test moves by hand, or that moves by a fixed tick at each reading.
///
/// Clones share the same time.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use kaos_events::{Clock, ManualClock};
///
/// let clock = ManualClock::at_unix_nanos(1_700_000_000_000_000_000);
/// clock.advance(Duration::from_millis(5));
/// assert_eq!(clock.unix_nanos(), 1_700_000_000_005_000_000);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ManualClock {
    origin: u64,
    passed: Arc<AtomicU64>,
    tick: u64,
}

impl ManualClock {
    /// A clock that stands at this wall time; its monotonic time is zero.
    pub fn at_unix_nanos(unix_nanos: u64) -> Self {
        Self {
            origin: unix_nanos,
            ..Self::default()
        }
    }

    /// Moves by `tick` after each monotonic reading.
    #[must_use]
    pub fn ticking(mut self, tick: Duration) -> Self {
        self.tick = whole_nanos(tick);
        self
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.passed.fetch_add(whole_nanos(by), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn unix_nanos(&self) -> u64 {
        self.origin + self.passed.load(Ordering::Relaxed)
    }

    fn monotonic_nanos(&self) -> u64 {
        self.passed.fetch_add(self.tick, Ordering::Relaxed)
    }
}
