//! What one verification of a trail says that another could not say of the same records.

use kaos_hooks::audit::{Finding, Problem, Verification};

/// Whether records that were there `then` must be others `now`. What was only added to the files is no reason: it may be wrong itself, and
/// lack a checkpoint. `came_uncovered`: it was seen that those without a checkpoint were added.
pub(super) fn between(then: &Verification, now: &Verification, came_uncovered: bool) -> bool {
    // Where no checkpoint counts, nobody says how many there were: all that is found may be about the older ones.
    let end = match then.newest {
        Some(_) => then.unsigned_from().saturating_add(then.unsigned_tail),
        None => u64::MAX,
    };
    let (had, found) = (lasting(&then.findings), lasting(&now.findings));
    let is_gone = had.iter().any(|it| !found.contains(it));
    let has_come = |it: &Finding| it.records().start < end && !had.contains(it);
    is_gone || found.iter().any(has_come) || is_other(then, now, came_uncovered)
}

/// What records without a checkpoint say.
fn is_other(then: &Verification, now: &Verification, came_uncovered: bool) -> bool {
    match (uncovered(then), uncovered(now)) {
        // They were covered.
        (_, Some(from)) if from < then.unsigned_from() => true,
        // Either a checkpoint came late, or they are others.
        (Some(_), None) => !came_uncovered,
        _ => false,
    }
}

/// Where records begin of which too many have no checkpoint.
pub(super) fn uncovered(of: &Verification) -> Option<u64> {
    of.findings.iter().find_map(|it| match it.problem {
        Problem::Uncovered { from, .. } => Some(from),
        _ => None,
    })
}

/// Findings as they stay when only more is added.
fn lasting(findings: &[Finding]) -> Vec<Finding> {
    let lasting = |it: &Finding| match &it.problem {
        Problem::Uncovered { .. } => None,
        Problem::NotTrusted { from, key, .. } => Some(Finding {
            segment: String::new(),
            offset: 0,
            seq: None,
            problem: Problem::NotTrusted {
                from: *from,
                to: from.saturating_add(1),
                key: key.clone(),
            },
        }),
        _ => Some(it.clone()),
    };
    findings.iter().filter_map(lasting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(problems: &[Problem]) -> Verification {
        let mut report = Verification::default();
        report.findings = problems
            .iter()
            .map(|it| Finding {
                segment: "seg".to_owned(),
                offset: 7,
                seq: Some(7),
                problem: it.clone(),
            })
            .collect();
        report
    }

    fn uncovered(from: u64, to: u64) -> Problem {
        Problem::Uncovered { from, to }
    }

    fn untrusted(to: u64) -> Problem {
        Problem::NotTrusted {
            from: 3,
            to,
            key: None,
        }
    }

    #[test]
    fn what_only_grows_is_contradicted_by_nothing() {
        for (then, now) in [
            (vec![], vec![]),
            (vec![], vec![uncovered(6001, 7025)]),
            (vec![uncovered(6001, 7025)], vec![uncovered(6001, 9000)]),
            (vec![uncovered(6001, 9000)], vec![]),
            (vec![untrusted(9)], vec![untrusted(20)]),
            (
                vec![untrusted(9), uncovered(3, 2000)],
                vec![uncovered(3, 4000), untrusted(4000)],
            ),
            (
                vec![Problem::BrokenChain],
                vec![Problem::BrokenChain, uncovered(90, 2000)],
            ),
        ] {
            assert!(
                !between(&report(&then), &report(&now), true),
                "{then:?} {now:?}"
            );
        }
    }

    #[test]
    fn what_is_wrong_with_records_that_were_fine_or_no_more_contradicts() {
        for (then, now) in [
            (vec![], vec![Problem::BrokenChain]),
            (vec![Problem::BrokenChain], vec![]),
            (vec![Problem::BrokenChain], vec![Problem::NoLine]),
            (vec![untrusted(9)], vec![]),
            // What was found first may have been made so.
            (vec![uncovered(6001, 9000)], vec![]),
        ] {
            assert!(
                between(&report(&then), &report(&now), false),
                "{then:?} {now:?}"
            );
        }
    }
}
