use redis::Script;

/// What changes a session, each as one step on the server.
pub(super) struct Scripts {
    pub(super) lock: Script,
    pub(super) renew: Script,
    pub(super) release: Script,
    pub(super) append: Script,
    pub(super) forget: Script,
}

impl Scripts {
    pub(super) fn read() -> Self {
        Self {
            lock: Script::new(include_str!("lock.lua")),
            renew: Script::new(include_str!("renew.lua")),
            release: Script::new(include_str!("release.lua")),
            append: Script::new(include_str!("append.lua")),
            forget: Script::new(include_str!("forget.lua")),
        }
    }
}
