//! The command `kaos`.

use std::process::ExitCode;

/// What a burst of large requests took is given back to the system, and meanwhile used again.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    kaos_cli::main()
}
