//! x
#[cfg(feature = "redact")]
pub mod redact;
