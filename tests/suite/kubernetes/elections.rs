//! Whose turn it is.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use kaos_operator::kubernetes::{LeaseState, lease_state};

fn lease(holder: Option<&str>, seconds: Option<i32>) -> LeaseSpec {
    LeaseSpec {
        holder_identity: holder.map(str::to_owned),
        lease_duration_seconds: seconds,
        ..LeaseSpec::default()
    }
}

#[test]
fn a_lease_is_free_when_nobody_holds_it_or_its_holder_is_silent_for_as_long_as_it_is_good() {
    let seconds = Duration::from_secs;
    for (spec, unchanged, whose) in [
        (None, 0, LeaseState::Free),
        (Some(lease(None, Some(15))), 0, LeaseState::Free),
        (Some(lease(Some(""), Some(15))), 0, LeaseState::Free),
        (Some(lease(Some("us"), Some(15))), 0, LeaseState::Held),
        (Some(lease(Some("us"), Some(15))), 900, LeaseState::Held),
        (
            Some(lease(Some("them"), Some(15))),
            14,
            LeaseState::HeldByAnother,
        ),
        (Some(lease(Some("them"), Some(15))), 15, LeaseState::Free),
        // What is not said, or nonsense, is what we say ourselves.
        (
            Some(lease(Some("them"), None)),
            14,
            LeaseState::HeldByAnother,
        ),
        (
            Some(lease(Some("them"), Some(-1))),
            14,
            LeaseState::HeldByAnother,
        ),
        (
            Some(lease(Some("them"), Some(i32::MAX))),
            900,
            LeaseState::HeldByAnother,
        ),
    ] {
        assert_eq!(
            lease_state(spec.as_ref(), "us", seconds(unchanged)),
            whose,
            "{spec:?} {unchanged}"
        );
    }
}
