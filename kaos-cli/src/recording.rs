//! The audit trail that a command writes.

use kaos_hooks::audit::{AuditHook, SigningKey};

use crate::output::Failed;

/// Opens the trail of this directory, if one is named, signed with this key, if one is.
pub(crate) fn open(trail: Option<&str>, key: Option<&str>) -> Result<Option<AuditHook>, Failed> {
    let Some(trail) = trail else {
        return Ok(None);
    };
    let mut audit = AuditHook::builder(trail);
    if let Some(key) = key {
        audit = audit.signing_key(SigningKey::read(key)?);
    }
    Ok(Some(audit.open()?))
}
