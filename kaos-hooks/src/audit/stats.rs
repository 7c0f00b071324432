/// What became of the events so far: `offered = recorded + waiting + lost`, at every moment.
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{AuditHook, AuditStats, Durability};
///
/// # let dir = std::env::temp_dir().join(format!("kaos-stats-doc-{}", std::process::id()));
/// let audit = AuditHook::builder(&dir).durability(Durability::Process).open()?;
/// // What an alert looks at: events that are in no trail, and a writer that does not keep up.
/// let stats: AuditStats = audit.stats();
/// assert_eq!(stats.lost, 0);
/// assert!(stats.waiting < 10_000);
/// # drop(audit);
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditStats {
    /// Events that came.
    pub offered: u64,
    /// Events that are in the trail, on the disk.
    pub recorded: u64,
    /// Events that wait to be written.
    pub waiting: u64,
    /// How many bytes they take. What lies around them takes up to as much again: memory for them
    /// grows by doubling.
    pub waiting_bytes: usize,
    /// The most they ever took: no more than 16 MiB, and what the runs emit between two calls of
    /// [`ready`](kaos_events::Scope::ready), of which each may emit so many events
    /// ([`with_unawaited_events`](kaos_events::Emitter::with_unawaited_events)) of about 100 bytes
    /// and their texts, at least 2 KiB in all; of all runs 256 MiB. While writing fails, runs do not
    /// wait, and it is 64 MiB; more is lost and counted. A single event is taken whole, whatever its
    /// size, where there is room for a byte.
    pub most_waiting_bytes: usize,
    /// Events that are in no trail: they came while nothing could be written and the queue was
    /// full, or after the shutdown. A gap record says so once something can be written.
    pub lost: u64,
    /// Tools that ran before their record was safe, under
    /// [`OnFailure::Degrade`](super::OnFailure::Degrade).
    pub unrecorded_effects: u64,
}
