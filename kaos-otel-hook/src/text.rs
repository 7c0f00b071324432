//! Texts within a limit.

mod bounded;
mod fitted;

pub(crate) use bounded::bounded;
#[cfg(feature = "logs")]
pub(crate) use bounded::formatted;
pub(crate) use fitted::Fitted;
