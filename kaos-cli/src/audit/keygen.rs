//! `kaos audit keygen`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args as ClapArgs;
use kaos_hooks::audit::SigningKey;
use serde_json::json;

use crate::output::Failed;
use crate::terminal;

#[derive(ClapArgs)]
#[command(
    after_help = "The file is the secret half, for SigningKey::read. FILE.pub, also printed, is for auditors: kaos audit verify --key FILE.pub"
)]
pub(super) struct Args {
    /// Where the secret half goes; it must not exist
    file: PathBuf,
    /// What verifiers see of the key, for example acme-prod
    #[arg(long, default_value = "kaos-trail")]
    name: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let key = SigningKey::generate(&*args.name)?;
    let public = key.verifying_key().to_string();
    let mut public_file = args.file.clone().into_os_string();
    public_file.push(".pub");
    write_new(&args.file, &key.to_secret_text(), 0o600)?;
    write_new(&public_file.into(), &public, 0o644)?;
    let mut out = terminal::json_or_people(args.json);
    if args.json {
        writeln!(out, "{}", json!({ "key": public, "file": args.file }))?;
    } else {
        writeln!(out, "{public}")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn write_new(path: &PathBuf, text: &str, mode: u32) -> Result<(), Failed> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options
        .open(path)
        .and_then(|mut file| writeln!(file, "{text}"));
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()).into())
}
