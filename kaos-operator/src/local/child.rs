//! What stands between a team and each of its programs: a process that ends the program, and what that
//! started, when the team's end of its standard input closes. That it does however the team ends.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// Runs a program in a process group of its own until it ends, and gives the exit code for it: 128 and the
/// signal's number if one killed it, 127 if there is no such program.
///
/// When the standard input ends, the group gets SIGTERM, and after the limit SIGKILL. Once the program has ended, what is left of its group is killed.
/// Lines on the standard output that begin with `mark` tell the team of it: `pid 4711`, `killed`.
#[must_use = "it is the exit code"]
pub fn attend(mark: &str, limit: Duration, program: &OsString, args: &[OsString]) -> u8 {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let program = program.to_string_lossy();
            let _sent = writeln!(io::stderr(), "{program}: {error}");
            return 127;
        }
    };
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    tell(mark, &format!("pid {}", child.id()));
    let ended = Arc::new((Mutex::new(false), Condvar::new()));
    let of_thread = Arc::clone(&ended);
    let of_mark = mark.to_owned();
    let watch = move || {
        let mut nothing = [0; 64];
        // Whoever writes there says nothing by it; an error is an end, too.
        while matches!(io::stdin().read(&mut nothing), Ok(1..)) {}
        signal(group, Signal::TERM);
        let (ended, changed) = &*of_thread;
        let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(ended, limit, |ended| !*ended);
        let late = waited.map_or(true, |(ended, _)| !*ended);
        if late {
            tell(&of_mark, "killed");
            signal(group, Signal::KILL);
        }
    };
    if std::thread::Builder::new().spawn(watch).is_err() {
        signal(group, Signal::KILL);
    }
    let status = child.wait();
    *ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    ended.1.notify_all();
    signal(group, Signal::KILL);
    let code = status.map_or(255, |status| match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 255,
    });
    u8::try_from(code).unwrap_or(255)
}

fn tell(mark: &str, what: &str) {
    // If nobody reads it, nobody is there to be told.
    let _sent = writeln!(io::stdout(), "{mark} {what}");
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // Nobody may be left.
        let _sent = kill_process_group(group, signal).is_ok();
    }
}
