//! What a machine has besides its disk: a clock, and a place elsewhere.

use std::io;

use kaos_events::Clock;
use kaos_hooks::audit::Anchor;

use super::SimDisk;

/// Wall time when a simulated machine begins.
const BEGAN: u64 = 1_700_000_000_000_000_000;
const MILLISECOND: u64 = 1_000_000;

pub(super) struct SimClock(pub(super) SimDisk);

impl Clock for SimClock {
    fn unix_nanos(&self) -> u64 {
        BEGAN + self.monotonic_nanos()
    }

    fn monotonic_nanos(&self) -> u64 {
        let mut inner = self.0.lock_inner();
        inner.state.nanos += MILLISECOND;
        inner.state.nanos
    }
}

pub(super) struct SimAnchor(pub(super) SimDisk);

impl Anchor for SimAnchor {
    fn publish(&mut self, checkpoint: &str) -> io::Result<()> {
        self.0.lock_inner().state.anchor = Some(checkpoint.to_owned());
        Ok(())
    }

    fn newest(&self) -> io::Result<Option<String>> {
        Ok(self.0.lock_inner().state.anchor.clone())
    }
}
