//! Whose turn it is.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::LeaseSpec;
use kaos_operator::kubernetes::{Turn, turn};

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
        (None, 0, Turn::Free),
        (Some(lease(None, Some(15))), 0, Turn::Free),
        (Some(lease(Some(""), Some(15))), 0, Turn::Free),
        (Some(lease(Some("us"), Some(15))), 0, Turn::Ours),
        (Some(lease(Some("us"), Some(15))), 900, Turn::Ours),
        (Some(lease(Some("them"), Some(15))), 14, Turn::Theirs),
        (Some(lease(Some("them"), Some(15))), 15, Turn::Free),
        // What is not said, or nonsense, is what we say ourselves.
        (Some(lease(Some("them"), None)), 14, Turn::Theirs),
        (Some(lease(Some("them"), Some(-1))), 14, Turn::Theirs),
        (Some(lease(Some("them"), Some(i32::MAX))), 900, Turn::Theirs),
    ] {
        assert_eq!(
            turn(spec.as_ref(), "us", seconds(unchanged)),
            whose,
            "{spec:?} {unchanged}"
        );
    }
}
