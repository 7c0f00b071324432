//! What comes before what.

use std::collections::BTreeSet;

use super::process::Process;
use crate::resources::Identity;
use crate::workload::Workload;

/// Whether an agent calls another one, by whatever way: neither may wait for the other then.
pub(super) fn reaches(workloads: &[Workload], from: &Identity, to: &Identity) -> bool {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(at) = waiting.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            let of = workloads.iter().find(|it| it.identity == *at);
            waiting.extend(of.iter().flat_map(|it| &it.peers));
        }
    }
    false
}

/// Whether there is an order in which they can start.
///
/// # Errors
///
/// Why there is no order in which they can start.
pub(super) fn in_order(processes: &[Process]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for process in processes {
        if !names.insert(process.name.as_str()) {
            return Err(format!("two are called {}", process.name));
        }
    }
    let mut started: BTreeSet<&str> = BTreeSet::new();
    while started.len() < processes.len() {
        let before = started.len();
        for process in processes {
            if process.after.iter().all(|it| started.contains(it.as_str())) {
                started.insert(&process.name);
            }
        }
        if started.len() == before {
            let left = processes
                .iter()
                .find(|it| !started.contains(it.name.as_str()));
            let name = left.map_or("", |it| &it.name);
            return Err(format!("{name} needs itself, or what is not there"));
        }
    }
    Ok(())
}
