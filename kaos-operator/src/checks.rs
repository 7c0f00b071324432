//! What can be known to be wrong before anything starts, all of it at once.

mod circles;
mod endpoints;
mod models;
mod names;
mod pods;
mod programs;
mod references;
mod secrets;
mod variables;

use crate::addresses::Addresses;
use crate::component::components;
use crate::defaults::Defaults;
use crate::finding::Finding;
use crate::reading::Resources;
use crate::words::Words;

/// Checks resources with each other and with what holds for all of them.
///
/// Findings are in the order of their places, so that they read as the files do.
pub(crate) fn check(
    resources: &Resources,
    defaults: &Defaults,
    addresses: &dyn Addresses,
    words: &Words,
) -> Vec<Finding> {
    let components = components(resources);
    let mut findings = Vec::new();
    names::check(&components, &mut findings);
    references::check(resources, addresses, &mut findings);
    circles::check(resources, &mut findings);
    models::check(resources, &mut findings);
    variables::check(&components, &mut findings);
    secrets::check(resources, &components, &mut findings);
    secrets::distinct(resources, words, &mut findings);
    endpoints::check(resources, &components, defaults, &mut findings);
    programs::check(resources, defaults, &mut findings);
    pods::check(resources, &mut findings);
    findings.sort();
    findings
}
