//! The command `kaos`, as a process.

mod cluster;
mod doctor;
mod model_serve;
mod render;
mod serve;
mod served;
mod servers;
mod signals;
mod team;
mod terminal;
mod trust;
mod ui;

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::process::Command;

/// The command with nothing of this process' environment that it looks at.
fn kaos(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaos_under_test"));
    command.args(arguments).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
        .env("OTEL_SDK_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Answers without a model.
fn answering(arguments: &[&str], within: &Path) -> Command {
    let mut command = kaos(arguments);
    command
        .env("DEBUG_MOCK_RESPONSES", r#"["Hello."]"#)
        .current_dir(within);
    command
}

/// Makes a program of a script. Another process writes it: a test beside this one that starts a program just then would hand
/// on the open file, and what somebody has open to write cannot be started.
fn program_at(path: &Path, script: &str) {
    let makes = r#"printf %s "$1" > "$0" && chmod 700 "$0""#;
    let mut shell = std::process::Command::new("sh");
    let made = shell.args(["-c", makes]).arg(path).arg(script).status();
    assert!(made.unwrap().success(), "{}", path.display());
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
