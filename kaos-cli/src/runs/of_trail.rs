use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::grouping::Grouping;
use super::run::Run;

/// What is known of one trail.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct OfTrail {
    pub(super) grouping: Grouping,
    /// By their numbers.
    pub(super) runs: BTreeMap<u64, Run>,
}
