//! Events into spans.

mod arises;
mod fail;
mod hook;
mod ids;
mod names;
mod notes;
mod observer;
mod room;

pub(crate) use arises::OfChildren;
pub(crate) use fail::tool_of;
pub use hook::OTelHook;
pub(crate) use hook::{SCOPE, scope};
pub use ids::EventIds;
pub use names::SpanNames;
