use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use kaos_hooks::audit::{Filter, Record, Records, Trail};

use crate::output::{self, Failed, chain};

/// Which trail.
#[derive(Args)]
pub(super) struct Of {
    /// The trail's directory
    pub(super) trail: PathBuf,
}

/// Records as they are read: what cannot be read is said, and the reading goes on.
pub(super) struct Reading {
    records: Records,
    is_partial: bool,
}

impl Reading {
    /// Says how much was left out; the exit code is 1 if a file could not be read.
    pub(super) fn ended(&self) -> ExitCode {
        let lines = self.records.passed_over();
        if lines > 0 {
            output::say(&format!(
                "kaos: {lines} lines are no records of the trail, and are left out: `kaos audit verify` tells what they are"
            ));
        }
        ExitCode::from(u8::from(self.is_partial))
    }
}

impl Iterator for Reading {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            match self.records.next()? {
                Ok(record) => return Some(record),
                Err(error) => {
                    self.is_partial = true;
                    output::say(&format!(
                        "kaos: {}; the other files are read",
                        chain(&error)
                    ));
                }
            }
        }
    }
}

impl Of {
    /// Those that the filter lets through, of all files that can be read.
    pub(super) fn read(&self, filter: Filter) -> Result<Reading, Failed> {
        Ok(Reading {
            records: self.open()?.records(filter)?,
            is_partial: false,
        })
    }

    pub(super) fn open(&self) -> Result<Trail, Failed> {
        Ok(Trail::open_read(&self.trail)?)
    }
}
