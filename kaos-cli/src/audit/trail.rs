use std::path::PathBuf;

use clap::Args;
use kaos_hooks::audit::Trail;

use crate::output::Failed;

/// Which trail.
#[derive(Args)]
pub(super) struct Of {
    /// The trail's directory
    pub(super) trail: PathBuf,
}

impl Of {
    pub(super) fn open(&self) -> Result<Trail, Failed> {
        Ok(Trail::open_read(&self.trail)?)
    }
}
