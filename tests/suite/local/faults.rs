//! What goes wrong with programs, and that nothing is left of them.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kaos_operator::local::{Limits, Stage, Together};
use kaos_tests::Folder;
use rustix::process::{Pid, Signal, kill_process};

use super::{LISTENS, free_port, gone, limits, pids, python, runs, shim, start};

#[test]
fn one_that_crashes_at_its_start_fails_after_three_tries_and_what_needs_it_never_starts() {
    let broken = python(
        "tools",
        "import sys\nprint('no such thing')\nsys.exit(2)",
        &[],
    );
    let needs = python("agent", LISTENS, &["tools"]);
    let (team, seen) = start(vec![broken, needs], limits());
    seen.until("tools failed: ended with code 2", 1);
    assert_eq!(team.together(), Together::Failed(vec!["tools".to_owned()]));
    let count = |line: &str| seen.all().iter().filter(|it| *it == line).count();
    assert_eq!(count("tools starting"), 3);
    assert_eq!(count("tools | no such thing"), 3);
    team.stop();
    assert_eq!(count("agent starting"), 0);
}

#[test]
fn a_team_is_not_ready_before_each_was_however_often_it_is_started_again() {
    let broken = python("tools", "import sys\nsys.exit(2)", &[]);
    let (team, _seen) = start(vec![broken], limits());
    loop {
        match team.together() {
            Together::Failed(names) => break assert_eq!(names, ["tools"]),
            together => assert_eq!(together, Together::Starting),
        }
        std::thread::yield_now();
    }
    team.stop();
}

#[test]
fn one_that_never_gets_ready_fails_and_is_ended() {
    let limits = Limits {
        ready: Duration::from_secs(2),
        ..limits()
    };
    let code = "import time\nprint('sits there')\ntime.sleep(1000)";
    let process = python("agent", code, &[]);
    let port = process.port;
    let (team, seen) = start(vec![process], limits);
    seen.until("agent | sits there", 1);
    let pid = pids(&team)[0];
    seen.until("agent failed: was not ready within 2s", 1);
    gone(pid, port);
    team.stop();
}

/// The number of a program's child, as it says it.
fn child(all: &[String]) -> u32 {
    let line = all.iter().find_map(|it| it.strip_prefix("agent | child "));
    line.unwrap_or_else(|| panic!("no child: {all:#?}"))
        .parse()
        .unwrap()
}

/// What ignores SIGTERM, and what that started, is killed once its time is over.
#[test]
fn one_that_does_not_end_is_killed_with_all_that_it_started() {
    let limits = Limits {
        stop: Duration::from_millis(300),
        ..limits()
    };
    let code = "
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])
print('child', child.pid)
"
    .to_owned()
        + &LISTENS.replace("signal.signal(signal.SIGTERM, end)", "");
    let process = python("agent", &code, &[]);
    let port = process.port;
    let (team, seen) = start(vec![process], limits);
    seen.until("agent ready", 1);
    let (pid, child) = (pids(&team)[0], child(&seen.all()));
    team.stop();
    seen.at("agent stopped: did not end in time, and was killed");
    gone(pid, port);
    gone(child, port);
}

#[test]
fn what_a_program_leaves_behind_is_killed_when_it_ends() {
    let code = "
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])
print('child', child.pid)
sys.exit(1)";
    let limits = Limits {
        attempts: 1,
        ..limits()
    };
    let (team, seen) = start(vec![python("agent", code, &[])], limits);
    seen.until("agent failed: ended with code 1", 1);
    gone(child(&seen.all()), free_port());
    drop(team);
}

#[test]
fn a_missing_program_fails_in_words() {
    let mut process = python("agent", "", &[]);
    process.program = "/no/such/program".into();
    let (team, seen) = start(vec![process], limits());
    seen.until("agent failed: could not be started", 1);
    seen.until("agent | /no/such/program: No such file or directory", 3);
    team.stop();
    let mut process = python("agent", LISTENS, &[]);
    process.folder = "/no/such/folder".into();
    let (team, seen) = start(vec![process], limits());
    seen.until("agent failed: could not be started: No such file", 1);
    team.stop();
}

/// Somebody else answers at the port: what would not listen there is not started.
#[test]
fn a_port_in_use_fails_the_program_and_spares_its_holder() {
    let mut process = python("agent", LISTENS, &[]);
    process.ready = kaos_operator::ProbeKind::Http("/ready");
    let holder = TcpListener::bind(("127.0.0.1", process.port)).unwrap();
    let (team, seen) = start(vec![process], limits());
    let at = holder.local_addr().unwrap();
    seen.until(
        &format!("agent failed: found somebody else listening at its port, {at}"),
        1,
    );
    let all = seen.all();
    assert!(!all.iter().any(|it| it == "agent starting"), "{all:#?}");
    assert!(matches!(team.together(), Together::Failed(_)));
    team.stop();
    drop(holder);
}

/// Who takes the port of one that has crashed is sent what its callers send: the team ends, and says why.
#[test]
fn who_takes_the_port_of_one_that_is_down_ends_the_team() {
    let waits = Limits {
        back_off: Duration::from_secs(1000),
        longest_back_off: Duration::from_secs(1000),
        ..limits()
    };
    let process = python("agent", LISTENS, &[]);
    let at = SocketAddr::from(([127, 0, 0, 1], process.port));
    let (team, seen) = start(vec![process], waits);
    seen.until("agent ready", 1);
    let pid = i32::try_from(pids(&team)[0]).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    // It tries as often as it can.
    let holder = loop {
        if let Ok(holder) = TcpListener::bind(at) {
            break holder;
        }
    };
    seen.until(
        &format!("agent failed: found somebody else listening at its port, {at}"),
        1,
    );
    assert!(matches!(team.together(), Together::Failed(_)));
    team.stop();
    drop(holder);
}

#[test]
fn stopping_interrupts_whatever_is_waited_for() {
    let waits = Limits {
        back_off: Duration::from_secs(1000),
        longest_back_off: Duration::from_secs(1000),
        ..limits()
    };
    let crashes = python("crashes", "import sys; sys.exit(1)", &[]);
    let slow = python("slow", "import time; time.sleep(1000)", &[]);
    let needs = python("needs", LISTENS, &["slow"]);
    let (team, seen) = start(vec![crashes, slow, needs], waits);
    seen.until("crashes restarting", 1);
    seen.until("slow starting", 1);
    let began = Instant::now();
    team.stop();
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    for name in ["crashes", "slow", "needs"] {
        seen.at(&format!("{name} {}", Stage::Stopped.as_str()));
    }
}

/// The shim is killed: whoever started it sees that, and ends the program.
#[test]
fn a_killed_shim_leaves_no_program() {
    let code = format!("import os\nprint('child', os.getppid())\n{LISTENS}");
    let process = python("agent", &code, &[]);
    let port = process.port;
    let (team, seen) = start(vec![process], limits());
    seen.until("agent ready", 1);
    let pid = pids(&team)[0];
    let shim = i32::try_from(child(&seen.all())).unwrap();
    kill_process(Pid::from_raw(shim).unwrap(), Signal::KILL).unwrap();
    seen.until("agent restarting: was killed by signal 9", 1);
    seen.until("agent ready", 2);
    assert!(!runs(pid));
    team.stop();
    gone(pid, port);
}

/// What a terminal signals is for the team, which ends them in order; it reaches neither the shim nor the program.
#[test]
fn a_shim_and_its_program_are_in_groups_of_their_own() {
    let code = "import os; print(os.getpgid(os.getppid()), os.getpgid(0), os.getpid())";
    let mut command = shim().command("M", Duration::from_secs(20), "python3");
    let child = command.args(["-c", code]).stdout(Stdio::piped()).spawn();
    let (mut child, ours) = (child.unwrap(), rustix::process::getpgrp());
    let open = child.stdin.take();
    let shim = child.id().to_string();
    let output = child.wait_with_output().unwrap();
    drop(open);
    let said = String::from_utf8(output.stdout).unwrap();
    let last = said.lines().last().unwrap();
    let groups: Vec<&str> = last.split_whitespace().collect();
    assert_eq!((groups[0], groups[1]), (&*shim, groups[2]), "{said}");
    let ours = ours.as_raw_nonzero().to_string();
    assert!(!groups.contains(&&*ours), "{said}");
}

/// Whoever has the other end of the pipe is gone, however it went: the shim ends the program.
#[test]
fn a_program_is_asked_to_end_when_the_other_end_of_the_pipe_is_closed() {
    let folder = Folder::new("local");
    let ended = folder.join("ended");
    let code = "
import os, signal, sys, time
def end(*_):
    open(os.environ['ENDED'], 'w').close(); sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('ready')
time.sleep(1000)";
    let shim = shim();
    let mut child = Command::new(shim.program)
        .args(shim.args)
        .args([
            "--mark",
            "M",
            "--seconds",
            "20",
            "--",
            "python3",
            "-u",
            "-c",
            code,
        ])
        .env("ENDED", &ended)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "ready" {}
    assert!(!ended.exists());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(ended.exists(), "it was asked to end, not killed");
    std::fs::remove_file(ended).unwrap();
}

/// Was ready once, and answers nothing more: ended, and started again.
#[test]
fn one_that_was_ready_and_hangs_is_ended_and_started_again() {
    let limits = Limits {
        hung: Duration::from_millis(600),
        stop: Duration::from_millis(100),
        ..limits()
    };
    let code = "
import http.server, os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Asked(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/health' and not os.path.exists(os.environ['ONCE']):
            open(os.environ['ONCE'], 'w').close()
            print('hangs'); time.sleep(1000)
        self.send_response(200); self.end_headers()
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Asked).serve_forever()
";
    let folder = Folder::new("local");
    let once = folder.join("once");
    let mut process = python("agent", code, &[]);
    process.ready = kaos_operator::ProbeKind::Http("/ready");
    process.alive = kaos_operator::ProbeKind::Http("/health");
    let path = kaos_operator::SecretText::new(once.display().to_string());
    process.env.push(("ONCE".to_owned(), path));
    let port = process.port;
    let (team, seen) = start(vec![process], limits);
    seen.until("agent ready", 1);
    let pid = pids(&team)[0];
    seen.until("agent | hangs", 1);
    seen.until(
        "agent restarting: did not answer for 600ms, and was ended",
        1,
    );
    assert!(!runs(pid));
    seen.until("agent ready", 2);
    let (_, standing) = team.standings().remove(0);
    assert_eq!((standing.stage, standing.restarts), (Stage::Ready, 1));
    team.stop();
    gone(pid, port);
    std::fs::remove_file(once).unwrap();
}
