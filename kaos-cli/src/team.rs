//! Teams on this machine: `kaos up`, and what asks those that run.

pub(crate) mod down;
#[cfg(unix)]
mod environment;
pub(crate) mod invoke;
mod lines;
pub(crate) mod logs;
#[cfg(unix)]
mod show;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod up;

use clap::Args as ClapArgs;

/// The file of questions' trees, beside those of components.
const TRACES: &str = "traces";

/// Which team is meant.
#[derive(ClapArgs)]
pub(crate) struct Which {
    /// The team's name
    #[arg(long, default_value = "default")]
    pub(crate) name: String,
}
