//! What the user was told of failures, and when.

use std::time::{Duration, Instant};

/// A failure is told at once, and those that follow once a minute, with how much they lost.
#[derive(Debug, Default)]
pub(super) struct LossReports {
    last: Option<Instant>,
    /// Lost, and not yet told.
    lost: u64,
    reason: Option<String>,
}

/// How long is said nothing more.
const EVERY: Duration = Duration::from_secs(60);

impl LossReports {
    /// So many were lost for this reason: how many to tell of now, if it is time.
    pub(super) fn is_due(&mut self, lost: u64, why: &str, now: Instant) -> Option<u64> {
        self.lost = self.lost.saturating_add(lost);
        if lost > 0 {
            self.reason = Some(why.to_owned());
        }
        let due = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= EVERY);
        due.then(|| {
            self.last = Some(now);
            std::mem::take(&mut self.lost)
        })
    }

    /// Why something was lost last.
    pub(super) fn last_reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_reported_at_once_and_those_of_a_minute_together() {
        let mut loss_reports = LossReports::default();
        let began = Instant::now();
        let mut at =
            |seconds, lost| loss_reports.is_due(lost, "no", began + Duration::from_secs(seconds));
        assert_eq!(at(0, 3), Some(3));
        assert_eq!(at(1, 4), None);
        assert_eq!(at(59, 4), None);
        assert_eq!(at(60, 1), Some(9));
        assert_eq!(at(90, 7), None);
        assert_eq!(at(600, 1), Some(8));
        assert_eq!(at(700, 0), Some(0), "a warning without a loss");
        assert_eq!(loss_reports.last_reason(), Some("no"));
    }
}
