//! When an agent is not asked: one that does not answer costs one turn its wait, once.

use std::time::Duration;

use kaos_hooks::Str;
use tokio::time::Instant;

/// Failures in a row, of those that the next call may not have, after which an agent is not asked.
const MAX_FAILURES: u32 = 3;

/// The first time that it is not asked; it doubles with each further failure, up to the longest.
const FIRST: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A circuit breaker. While it is open nobody asks the agent for an answer; its card is asked for in
/// the background, and who gives that is asked again.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// Failures in a row.
    failures: u32,
    open: Option<OpenCircuit>,
}

#[derive(Debug)]
struct OpenCircuit {
    since: Instant,
    /// When its card may be asked for.
    until: Instant,
    why: Failure,
}

/// Why an agent gave no answer.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: Str,
    pub(super) message: Str,
}

impl Failure {
    pub(super) fn new(kind: impl Into<Str>, message: impl Into<Str>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
        }
    }
}

/// The agent is not to be asked now.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) why: Failure,
    /// How long ago that was.
    pub(super) ago: Duration,
}

impl Breaker {
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether it is time to ask for the card of one that is not asked otherwise.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.open.as_ref().is_some_and(|open| now >= open.until)
    }

    pub(super) fn admit(&self, now: Instant) -> Result<(), Refused> {
        self.open.as_ref().map_or(Ok(()), |open| {
            Err(Refused {
                why: open.why.clone(),
                ago: now.saturating_duration_since(open.since),
            })
        })
    }

    /// It answered.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// It gave its card. Whether it answers is not known by that: the failures stay.
    pub(super) fn shown(&mut self) {
        self.open = None;
    }

    /// It failed; `out` where the next call would wait as long, or as little help.
    pub(super) fn failed(&mut self, now: Instant, out: bool, why: Failure) {
        self.failures = self.failures.saturating_add(1);
        if out || self.failures >= MAX_FAILURES {
            let times = if out {
                self.failures
            } else {
                self.failures - MAX_FAILURES + 1
            };
            let doubled = 2_u32.saturating_pow(times.saturating_sub(1));
            let pause = FIRST.saturating_mul(doubled).min(MAX_PAUSE);
            self.open = Some(OpenCircuit {
                since: now,
                until: now + pause,
                why,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure::new("server_error", "500")
    }

    #[test]
    fn one_that_is_out_is_left_alone_longer_each_time() {
        let (mut breaker, mut now) = (Breaker::default(), Instant::now());
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert!(breaker.admit(now).is_ok());
            breaker.failed(now, true, failure());
            assert!(breaker.admit(now).is_err());
            let almost = now + Duration::from_secs(seconds) - Duration::from_millis(1);
            assert!(!breaker.is_due(almost), "{seconds}");
            now += Duration::from_secs(seconds);
            assert!(breaker.is_due(now), "{seconds}");
            breaker.shown();
        }
        breaker.answered();
        breaker.failed(now, true, failure());
        assert!(breaker.is_due(now + FIRST));
    }

    #[test]
    fn one_that_fails_is_asked_thrice_and_an_answer_forgives() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..2 {
            breaker.failed(now, false, failure());
            assert!(breaker.admit(now).is_ok());
        }
        breaker.answered();
        for _ in 0..3 {
            assert!(breaker.admit(now).is_ok());
            breaker.failed(now, false, failure());
        }
        assert_eq!(breaker.admit(now).unwrap_err().why.kind, "server_error");
        breaker.shown();
        assert!(breaker.admit(now).is_ok());
        breaker.failed(now, false, failure());
        assert!(!breaker.is_due(now + FIRST) && breaker.is_due(now + FIRST * 2));
    }
}
