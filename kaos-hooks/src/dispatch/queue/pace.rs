//! When the reader takes a batch that is not full: the more it gathers, the less often it works.

use std::time::{Duration, Instant};

/// For how long a batch that is not full is filled.
#[derive(Debug, Clone, Copy)]
pub struct Gathering {
    /// How long items that nobody waits for are gathered; zero takes what there is.
    pub longest: Duration,
    /// The longest that somebody who waits waits for others to share the batch, besides half the time of the
    /// work before.
    pub batch_wait: Duration,
    /// For so long after a batch the reader looks for items by itself: those who push do not have
    /// to wake it.
    pub linger: Duration,
}

/// What has come, and who waits for it.
pub(super) struct Pace {
    gathering: Gathering,
    /// Since when the first of the items that wait may be here.
    since: Option<Instant>,
    /// When the reader last found nothing.
    looked: Option<Instant>,
    /// How many wait for them to be done.
    urges: usize,
    /// How many waited for those that are being worked on.
    taken_for: usize,
    taken_at: Option<Instant>,
    /// Since when the reader works, unless it waits.
    working: Option<Instant>,
    /// How many are likely to wait soon: those that do, and those whose items are done now.
    batch_wait: usize,
    /// Until when they are waited for.
    batch_until: Option<Instant>,
    /// When those who have something were last asked for it.
    gathered: Option<Instant>,
}

impl Pace {
    pub(super) const fn new(gathering: Gathering) -> Self {
        Self {
            gathering,
            since: None,
            looked: None,
            urges: 0,
            taken_for: 0,
            taken_at: None,
            working: None,
            batch_wait: 0,
            batch_until: None,
            gathered: None,
        }
    }

    /// Somebody waits for what has come; whether that changes for how long the reader should.
    pub(super) const fn urged(&mut self) -> bool {
        self.urges += 1;
        self.urges == 1 || self.urges == self.batch_wait
    }

    /// The reader sees whether something waits.
    pub(super) fn looks(&mut self, any: bool, now: Instant) {
        if !any {
            self.since = None;
            self.looked = Some(now);
        } else if self.since.is_none() {
            // It came after the reader last looked, if the reader has looked by itself since.
            self.since = Some(self.looked.take().unwrap_or(now));
        }
    }

    /// Whether those who have something are to be asked for it; if so, they are now.
    pub(super) fn gathers(&mut self, nobody: bool, now: Instant) -> bool {
        let longest = self.gathering.longest;
        let is_due = |at: Instant| now.saturating_duration_since(at) >= longest;
        let due = self.gathered.is_none_or(is_due);
        if nobody || due {
            self.gathered = Some(now);
        }
        due && !nobody
    }

    /// How long until then.
    pub(super) fn until_gathers(&self, now: Instant) -> Duration {
        let since = self
            .gathered
            .map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.gathering.longest.saturating_sub(since)
    }

    /// The reader sleeps until something comes: when it wakes, that has just come.
    pub(super) const fn sleeps(&mut self) {
        self.looked = None;
        self.working = None;
    }

    /// The reader waits, and looks again by itself.
    pub(super) const fn waits(&mut self) {
        self.working = None;
    }

    /// The reader works from now on.
    pub(super) fn works(&mut self, now: Instant) {
        self.working = Some(now);
    }

    /// Whether the reader has worked on the same for so long.
    pub(super) fn works_since(&self, since: Instant) -> bool {
        self.working.is_some_and(|began| began <= since)
    }

    /// What had come is being worked on; there may be more.
    pub(super) fn taken(&mut self, more: bool, now: Instant) {
        self.since = more.then_some(now);
        self.looked = Some(now);
        self.taken_for = std::mem::take(&mut self.urges);
        self.taken_at = Some(now);
    }

    /// What was taken is done: those that waited for it go on, and come back soon.
    pub(super) fn done(&mut self, now: Instant) {
        let took = self.taken_at.map_or(Duration::ZERO, |at| now - at);
        self.batch_wait = self.urges + std::mem::take(&mut self.taken_for);
        self.batch_until = Some(now + self.gathering.batch_wait.min(took / 2));
    }

    /// How long to wait for more; zero if that is enough, `None` if nothing is likely to come.
    pub(super) fn patience(&self, now: Instant) -> Option<Duration> {
        let longest = self.gathering.longest;
        match self.since {
            Some(_) if self.urges >= self.batch_wait.max(1) => Some(Duration::ZERO),
            Some(_) if self.urges > 0 => {
                let until = self.batch_until.unwrap_or(now);
                Some(until.saturating_duration_since(now))
            }
            Some(since) => Some(longest.saturating_sub(now.saturating_duration_since(since))),
            None => {
                let linger = self.gathering.linger;
                let lingers = self
                    .taken_at
                    .is_some_and(|taken| now.saturating_duration_since(taken) < linger);
                lingers.then_some(longest)
            }
        }
    }
}
