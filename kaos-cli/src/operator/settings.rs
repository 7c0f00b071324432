//! What the operator's variables say.

use kaos_operator::kubernetes::OperatorSettings;

use crate::output::Failed;

/// What the operator's variables say. An empty one counts: it may be an image that there is not to be.
pub(super) fn settings() -> Result<OperatorSettings, Failed> {
    Ok(OperatorSettings::from_vars(|name| {
        std::env::var(name).ok()
    })?)
}
