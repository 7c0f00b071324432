//! Fixtures of the suite and the benches.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "fixtures of tests assert"
)]

pub mod agents;
pub mod by_the_book;
pub mod collectors;
pub mod exported;
mod folder;
pub mod keep_alive;
pub mod mcp_server;
pub mod measured;
pub mod nobody;
pub mod observed;
pub mod peer;
pub mod receivers;
pub mod rogue;
pub mod served;
pub mod session_store;
pub mod sim_disk;
pub mod slow_disk;
mod stopped;
mod subscribed;
pub mod tool_client;
pub mod trails;

/// The README's code, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The guide's code, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/write-a-hook.md")]
struct WriteAHook;

/// The short answers' code, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/how-do-i.md")]
struct HowDoI;

/// The page's code, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/serve.md")]
struct Serve;

pub use folder::Folder;
pub use kaos_reference::{discard, interleaved, text, turn as reference};
pub use stopped::Stopped;
pub use subscribed::subscribed;
