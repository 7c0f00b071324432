//! The runs of trails: which record belongs to which, what is to be known of each at a glance, and which are asked for.
//!
//! The [`Index`] is for looking, never for judging: whether a trail is as it was written is told by verifying it.

mod folder;
mod grouping;
mod index;
mod kept;
mod names;
mod of_trail;
mod query;
mod read;
mod run;
mod unchanged;

pub(crate) use grouping::Grouping;
pub(crate) use index::{Entry, Index};
pub(crate) use kept::Kept;
pub(crate) use query::Query;
pub(crate) use read::{Recorded, events};
pub(crate) use run::{Call, CallKind, Run, State, about};
pub(crate) use unchanged::{Became, MOMENT, Same, Unchanged, stamps, young};
