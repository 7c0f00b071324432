//! When the writer writes: the more it gathers, the fewer times it waits for the disk.

use std::time::{Duration, Instant};

/// How long records that nobody waits for are gathered.
const GATHER: Duration = Duration::from_millis(40);
/// The longest that somebody who waits is held up for company, besides half the time of a write.
const COMPANY: Duration = Duration::from_millis(1);
/// For so long after a write the writer looks for events by itself: runs do not have to wake it.
const LINGER: Duration = Duration::from_secs(1);

/// What has come, and who waits for it.
#[derive(Default)]
pub(super) struct Pace {
    /// When the first of the events that wait came.
    since: Option<Instant>,
    /// How many wait for them to be safe.
    urges: usize,
    /// How many waited for those that are being written.
    taken_for: usize,
    taken_at: Option<Instant>,
    /// How many are likely to wait soon: those that do, and those whose records are safe now.
    company: usize,
    /// Until when they are waited for.
    company_until: Option<Instant>,
}

impl Pace {
    /// An event came.
    pub(super) fn came(&mut self) {
        if self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }

    /// Somebody waits for what has come; whether that changes for how long the writer should.
    pub(super) const fn urged(&mut self) -> bool {
        self.urges += 1;
        self.urges == 1 || self.urges == self.company
    }

    /// What had come is being written; there may be more.
    pub(super) fn taken(&mut self, more: bool) {
        let now = Instant::now();
        self.since = more.then_some(now);
        self.taken_for = std::mem::take(&mut self.urges);
        self.taken_at = Some(now);
    }

    /// What was taken is safe: turns that waited for it go on, and come back soon.
    pub(super) fn written(&mut self) {
        let now = Instant::now();
        let took = self.taken_at.map_or(Duration::ZERO, |at| now - at);
        self.company = self.urges + std::mem::take(&mut self.taken_for);
        self.company_until = Some(now + COMPANY.min(took / 2));
    }

    /// How long to wait for more; zero if that is enough, `None` if nothing is likely to come.
    pub(super) fn patience(&self) -> Option<Duration> {
        let now = Instant::now();
        match self.since {
            Some(_) if self.urges >= self.company.max(1) => Some(Duration::ZERO),
            Some(_) if self.urges > 0 => {
                let until = self.company_until.unwrap_or(now);
                Some(until.saturating_duration_since(now))
            }
            Some(since) => Some(GATHER.saturating_sub(now - since)),
            None => {
                let lingers = self.taken_at.is_some_and(|taken| now - taken < LINGER);
                lingers.then_some(GATHER)
            }
        }
    }
}
