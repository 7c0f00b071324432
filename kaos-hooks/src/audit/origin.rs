//! Where a trail comes from: its number, its host, and what decided what is in it.

use kaos_events::{IdSource as _, RandomIds, TraceId};

use super::Hash;
use crate::redact::{ContentPolicies, Redactor};

/// A hash of what decides which content is recorded: policies, rules, limits, and which key makes
/// tokens.
pub(super) fn fingerprint(policies: &ContentPolicies, redactor: &Redactor) -> String {
    let text = format!("{}\n{}", policies.described(), redactor.described());
    let mut hash = Hash::of(&[text.as_bytes()]).to_string();
    hash.truncate(16);
    hash
}

/// The number of a trail that is made now.
pub(super) fn new_trail() -> TraceId {
    loop {
        let bits = u128::from(RandomIds.next()) << 64 | u128::from(RandomIds.next());
        if let Some(trail) = TraceId::new(bits) {
            return trail;
        }
    }
}

#[cfg(unix)]
pub(super) fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
pub(super) fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
