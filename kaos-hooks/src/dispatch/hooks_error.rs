use std::fmt;

use kaos_events::Str;

use crate::HookError;

/// Some hooks could not hand on what they had.
#[derive(Debug)]
pub struct HooksError(Vec<(Str, HookError)>);

impl HooksError {
    pub(crate) fn of(failed: Vec<(Str, HookError)>) -> Result<(), Self> {
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Self(failed))
        }
    }

    /// The hooks that failed, by name, and why.
    pub fn failed(&self) -> impl Iterator<Item = (&Str, &HookError)> {
        self.0.iter().map(|(name, error)| (name, error))
    }
}

impl fmt::Display for HooksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, error)) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}hook {name}: {error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for HooksError {}
