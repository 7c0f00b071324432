use std::time::Duration;

use kaos_hooks::Str;

use super::RedisSessions;
use crate::SessionBounds;

impl RedisSessions {
    /// How much is kept. [`SessionBounds::bytes`] is the server's own `maxmemory`.
    #[must_use]
    pub fn bounds(mut self, bounds: SessionBounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// What all keys begin with. Default: `kaos:`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<Str>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a turn's lock lasts that is not renewed; from 100 milliseconds to a day. It is renewed after
    /// a third of that. Default: 15 seconds.
    ///
    /// Too short, and a turn whose process or server stands still for a moment loses its session; too
    /// long, and the session of a process that was killed is busy for so long.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.clamp(
            Duration::from_millis(100),
            Duration::from_secs(24 * 60 * 60),
        );
        self
    }

    /// How long a session is kept without a turn; from a second to ten years. Default: 30 days.
    #[must_use]
    pub fn idle(mut self, idle: Duration) -> Self {
        // Ten years, so that it is a time to the server, too.
        let longest = Duration::from_secs(10 * 365 * 24 * 60 * 60);
        self.idle = idle.clamp(Duration::from_secs(1), longest);
        self
    }
}
