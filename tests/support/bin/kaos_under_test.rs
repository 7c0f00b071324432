//! The command, so that the suite can run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    kaos_cli::main()
}
