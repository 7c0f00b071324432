//! `kaos trust`: shows what a settings file does, and trusts it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::plain;

use crate::config::Config;
use crate::output::Failed;
use crate::terminal;
use crate::trusted::{Store, place, read, unreadable};

#[derive(ClapArgs)]
#[command(
    after_help = "Shows what the file makes `kaos run` do, and remembers its path and the SHA-256 of its content in $XDG_STATE_HOME/kaos/trust, by default ~/.local/state/kaos/trust. A file that is changed, moved or reached by another path is no longer trusted; programs that it names are not looked at."
)]
pub(crate) struct Args {
    /// The file
    #[arg(default_value = "kaos.toml")]
    file: PathBuf,
    /// Trusts it no longer
    #[arg(long)]
    revoke: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let store = Store::of_the_user()?;
    let place = place(&args.file)?;
    let mut out = terminal::people();
    if args.revoke {
        let was = store.forget(&place)?;
        let said = if was {
            "no longer trusted"
        } else {
            "not trusted"
        };
        writeln!(out, "{said}: {}", shown(&place))?;
        out.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    let content = read(&args.file).map_err(|error| unreadable(&args.file, &error))?;
    let effects = Config::effects(&args.file, &content)?;
    store.remember(&place, &content)?;
    writeln!(out, "trusted: {}", shown(&place))?;
    for effect in effects {
        writeln!(out, "  {}", plain(&effect))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn shown(path: &Path) -> String {
    plain(&path.display().to_string())
}
