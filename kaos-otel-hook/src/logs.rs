//! Log records of events, and of the program's own `tracing` events.

#[cfg(feature = "logs")]
mod current_span;
#[cfg(feature = "logs")]
mod fields;
#[cfg(feature = "logs")]
mod filter;
mod genai_events;
#[cfg(feature = "logs")]
mod layer;
#[cfg(feature = "logs")]
mod line;
#[cfg(feature = "logs")]
mod settings;
#[cfg(feature = "logs")]
mod timestamp;

pub use genai_events::GenAiEvents;
#[cfg(feature = "logs")]
pub use layer::LogLayer;
#[cfg(feature = "logs")]
pub use line::LogLine;
#[cfg(feature = "logs")]
pub use settings::{AlreadyInstalled, LogSettings};
