/// How much is remembered.
///
/// # Example
///
/// ```
/// use kaos_hooks::memory::MemoryBounds;
///
/// let small = |name: &str| (name == "MEMORY_MAX_SESSIONS").then(|| "20".to_owned());
/// let bounds = MemoryBounds::from_vars(small)?.expect("it is not switched off");
/// assert_eq!((bounds.sessions, bounds.session_events), (20, 500));
/// let off = |name: &str| (name == "MEMORY_ENABLED").then(|| "false".to_owned());
/// assert_eq!(MemoryBounds::from_vars(off)?, None);
/// # Ok::<(), kaos_hooks::memory::MemoryVariableError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryBounds {
    /// Conversations, at least 1. A new one beyond them makes the oldest tenth go. Default: 1000.
    pub sessions: usize,
    /// Events of one conversation, at least 1; the oldest go. Default: 500.
    pub session_events: usize,
    /// Bytes of all texts, about. The oldest conversations go, and of the last one its oldest events; a
    /// text that is larger by itself is not kept. Too small, and a few long results are all that is
    /// remembered; too large, and memory is what the process runs out of. Default: 64 MiB.
    pub bytes: usize,
}

impl Default for MemoryBounds {
    fn default() -> Self {
        Self {
            sessions: 1000,
            session_events: 500,
            bytes: 64 * 1024 * 1024,
        }
    }
}

/// A variable about memory cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is `{value}`; set it to {expected}")]
pub struct MemoryVariableError {
    /// Its name.
    pub variable: &'static str,
    /// What it says.
    pub value: String,
    /// What it may say.
    pub expected: &'static str,
}

impl MemoryBounds {
    /// What the variables of KAOS say: `MEMORY_ENABLED` (`None` where it is false),
    /// `MEMORY_MAX_SESSIONS` and `MEMORY_MAX_SESSION_EVENTS`. One that is empty is absent; others of
    /// the name `MEMORY_…` are for agents that remember in other ways, and say nothing here.
    ///
    /// # Errors
    ///
    /// A variable says neither yes nor no, or no number from 1.
    pub fn from_vars(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, MemoryVariableError> {
        let set = |variable: &str| {
            let value = lookup(variable)?;
            let value = value.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        let number = |variable: &'static str, default: usize| match set(variable) {
            None => Ok(default),
            Some(value) => match value.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(MemoryVariableError {
                    variable,
                    value,
                    expected: "a whole number from 1",
                }),
            },
        };
        let bounds = Self::default();
        let bounds = Self {
            sessions: number("MEMORY_MAX_SESSIONS", bounds.sessions)?,
            session_events: number("MEMORY_MAX_SESSION_EVENTS", bounds.session_events)?,
            ..bounds
        };
        let Some(value) = set("MEMORY_ENABLED") else {
            return Ok(Some(bounds));
        };
        match value.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Ok(Some(bounds)),
            "false" | "f" | "no" | "n" | "off" | "0" => Ok(None),
            _ => Err(MemoryVariableError {
                variable: "MEMORY_ENABLED",
                value,
                expected: "true or false",
            }),
        }
    }
}
