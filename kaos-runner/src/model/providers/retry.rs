use std::time::Duration;

use super::error::Failed;

/// When a request is sent again: after 429, 408 and 5xx, and when there is no connection or it
/// breaks, but never once a piece of the answer was handed on.
///
/// # Example
///
/// ```
/// use kaos_runner::models::Retries;
///
/// let patient = Retries { attempts: 5, ..Retries::default() };
/// let once = Retries { attempts: 1, ..Retries::default() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    /// How often a request is sent, the first time included; at least 1. Default: 3.
    pub attempts: u32,
    /// The wait before the second attempt. It doubles with each, and between half and all of it is
    /// waited, by chance, so that many clients do not come back at once. Default: half a second.
    pub first_delay: Duration,
    /// The longest wait of one's own. Default: 8 seconds.
    pub longest_delay: Duration,
    /// The longest wait that the endpoint may ask for with `Retry-After`; the header, in seconds or as a date, is
    /// obeyed up to here, and beyond it the request fails at once. Default: 60 seconds.
    pub longest_retry_after: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(8),
            longest_retry_after: Duration::from_secs(60),
        }
    }
}

impl Retries {
    /// How long to wait after this attempt, from 1; `None` to give up.
    pub(super) fn delay(&self, attempt: u32, failed: &Failed) -> Option<Duration> {
        if !failed.passing || attempt >= self.attempts {
            return None;
        }
        if let Some(asked) = failed.retry_after {
            return (asked <= self.longest_retry_after).then_some(asked);
        }
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let delay = self.first_delay.saturating_mul(doubled);
        let delay = delay.min(self.longest_delay);
        Some(delay.mul_f64(0.5 + fastrand::f64() / 2.0))
    }
}
