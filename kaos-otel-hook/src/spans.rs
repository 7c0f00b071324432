//! Events into spans.

mod arises;
mod fail;
pub(crate) mod flags;
mod hook;
mod ids;
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
pub use names::SpanNames;
