//! Events into spans.

mod arises;
mod beginning;
mod fail;
pub(crate) mod flags;
mod hook;
mod ids;
mod later;
mod names;
mod notes;
mod observer;
mod requests;
mod room;
mod settings;
mod shared;

pub(crate) use arises::OfChildren;
pub use hook::OTelHook;
pub use ids::EventIds;
pub use later::LateSpans;
pub use names::SpanNames;
