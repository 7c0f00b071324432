//! The command `kaos`.

use std::process::ExitCode;

fn main() -> ExitCode {
    kaos_cli::main()
}
