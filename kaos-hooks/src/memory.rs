//! What an agent did of late, by conversation: the memory events of KAOS as one more projection of
//! the stream.
//!
//! - [`MemoryHook`] keeps them, within [`MemoryBounds`].
//! - A [`MemoryQuery`] finds them again: [`MemoryHook::find`].
//!
//! They are for people and dashboards that ask an agent what it did; nothing in the loop reads them.
//! Each has the ids of the span that it tells of. What is content leaves as the policies let it, by
//! default redacted. The page `docs/memory.md` of this crate has the types and their shapes.
//!
//! # Example
//!
//! ```
//! use kaos_hooks::memory::{MemoryHook, MemoryQuery};
//! use kaos_hooks::{Hooks, Turn, TurnOutcome};
//!
//! let memory = MemoryHook::new();
//! let hooks = Hooks::new(memory.clone());
//! let mut turn = Turn::new("assistant").session("session-1");
//! turn.input = Some("How long is the lease?".into());
//! hooks.turn(turn).complete(TurnOutcome {
//!     text: Some("Twelve months.".into()),
//!     ..TurnOutcome::default()
//! });
//!
//! let found = memory.find(&MemoryQuery::default());
//! assert_eq!(found.total, 2);
//! assert_eq!(found.events[1].content, "Twelve months.");
//! assert_eq!(memory.sessions(), ["session-1"]);
//! ```

mod bounds;
mod entry;
mod hook;
mod kept;
mod moment;
mod observer;
mod query;
mod reading;
mod store;

pub use bounds::{MemoryBounds, MemoryVariableError};
pub use entry::MemoryEventType;
pub use hook::MemoryHook;
pub use query::{MemoryQuery, MemoryQueryError};
pub use reading::{MemoryEvent, MemoryFound};
