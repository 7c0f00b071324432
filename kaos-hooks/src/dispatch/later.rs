//! Events packed once a run, for all who read them later.
//!
//! A run packs its events once, whoever listens and however many. When there are enough of them, when
//! somebody waits for them, when a reader asks or the run ends, that part goes into the queue of each
//! reader of the set ([`ReadsLater`]), shared and not copied, and the run begins another. Each queue has its own bound,
//! account and thread: who is slow or ends is so alone.

mod chunk;
mod filling;
mod handed_over;
mod log;
#[cfg_attr(
    not(feature = "audit"),
    expect(dead_code, reason = "a trail is all that keeps events")
)]
mod mark;
mod part;
mod pool;
mod readers;
mod run;
mod thread;

pub use thread::Later;

#[cfg(feature = "audit")]
pub(crate) use chunk::Chunks;
#[cfg(feature = "audit")]
pub(crate) use filling::FULL_BYTES;
pub(crate) use log::RunLog;
#[cfg(feature = "audit")]
pub(crate) use mark::Mark;
pub(crate) use readers::{Readers, ReadsLater};
pub(crate) use run::Pools;
