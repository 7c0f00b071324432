//! Programs as a team on this machine: in order, ready, again, and without anything left behind.

mod faults;
mod hangs;
mod plan;

use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use kaos_operator::local::{Limits, News, Process, Shim, Stage, Team};
use kaos_operator::{ProbeKind, SecretText};
use kaos_tests::Folder;
use kaos_tests::nobody::free_port;

fn shim() -> Shim {
    Shim {
        program: env!("CARGO_BIN_EXE_kaos_under_test").into(),
        args: vec!["attend".to_owned()],
    }
}

fn limits() -> Limits {
    Limits {
        ready: Duration::from_secs(20),
        stop: Duration::from_secs(20),
        hung: Duration::from_secs(30),
        attempts: 3,
        back_off: Duration::from_millis(10),
        longest_back_off: Duration::from_secs(30),
    }
}

/// A program that python3 runs; `PORT` is where it is to listen.
fn python(name: &str, code: &str, after: &[&str]) -> Process {
    let port = free_port();
    Process {
        name: name.to_owned(),
        program: "/bin/sh".into(),
        args: ["-c", "exec python3 -u -c \"$CODE\""]
            .map(str::to_owned)
            .into(),
        env: [
            ("PATH", std::env::var("PATH").unwrap()),
            ("CODE", code.to_owned()),
            ("PORT", port.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), SecretText::new(value)))
        .into(),
        folder: std::env::temp_dir(),
        port,
        ready: ProbeKind::Tcp,
        alive: ProbeKind::Tcp,
        reports: false,
        after: after.iter().map(|it| (*it).to_owned()).collect(),
    }
}

/// Listens, says so, and ends when it is asked to.
const LISTENS: &str = "
import os, signal, socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
def end(*_):
    print('asked to end'); sys.exit(0)
signal.signal(signal.SIGTERM, end)
s.bind(('127.0.0.1', int(os.environ['PORT']))); s.listen()
print('listens')
while True:
    s.accept()[0].close()
";

/// What happened, in order.
#[derive(Clone, Default)]
struct Seen(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Seen {
    fn news(&self) -> impl Fn(&News<'_>) + Send + Sync + 'static + use<> {
        let seen = self.clone();
        move |news| {
            let line = match news {
                // The same stage, whose program is known by now.
                News::Stage { standing, .. }
                    if standing.stage == Stage::Starting && standing.pid.is_some() =>
                {
                    return;
                }
                News::Stage { name, standing } => {
                    let why = standing
                        .why
                        .as_ref()
                        .map_or(String::new(), |why| format!(": {why}"));
                    let stage = standing.stage.as_str();
                    format!("{name} {stage}{why}")
                }
                News::Line { name, text } => format!("{name} | {text}"),
                _ => return,
            };
            seen.0.0.lock().unwrap().push(line);
            seen.0.1.notify_all();
        }
    }

    fn all(&self) -> Vec<String> {
        self.0.0.lock().unwrap().clone()
    }

    /// Waits until something was seen so often.
    #[track_caller]
    fn until(&self, line: &str, times: usize) {
        let count = |all: &Vec<String>| all.iter().filter(|it| it.starts_with(line)).count();
        let until = Instant::now() + Duration::from_secs(30);
        let mut all = self.0.0.lock().unwrap();
        while count(&all) < times {
            assert!(Instant::now() < until, "no {line}: {all:#?}");
            all = self
                .0
                .1
                .wait_timeout(all, Duration::from_millis(100))
                .unwrap()
                .0;
        }
    }

    #[track_caller]
    fn at(&self, line: &str) -> usize {
        let all = self.all();
        let at = all.iter().position(|it| it.starts_with(line));
        at.unwrap_or_else(|| panic!("no {line}: {all:#?}"))
    }
}

fn start(processes: Vec<Process>, limits: Limits) -> (Team, Seen) {
    let seen = Seen::default();
    (
        Team::start(processes, limits, shim(), seen.news()).unwrap(),
        seen,
    )
}

/// Whether a process runs, as far as it is more than an entry that nobody has waited for.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().unwrap_or_default();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

#[track_caller]
pub(crate) fn gone(pid: u32, port: u16) {
    let until = Instant::now() + Duration::from_secs(20);
    while runs(pid) {
        assert!(Instant::now() < until, "{pid} still runs");
        std::thread::yield_now();
    }
    assert!(
        TcpListener::bind(("127.0.0.1", port)).is_ok(),
        "{port} is still in use"
    );
}

fn pids(team: &Team) -> Vec<u32> {
    team.standings()
        .iter()
        .filter_map(|(_, it)| it.pid)
        .collect()
}

#[test]
fn each_starts_once_what_it_needs_is_ready_and_stops_before_it() {
    let folder = Folder::new("local");
    let may_listen = folder.join("may-listen");
    let when_it_may = format!(
        "print('waits', flush=True)\nwhile not os.path.exists({may_listen:?}): pass\ns.bind("
    );
    let all = [
        python("model", LISTENS, &[]),
        python("tools", LISTENS, &[]),
        python(
            "agent",
            &LISTENS.replace("s.bind(", &when_it_may),
            &["model", "tools"],
        ),
    ];
    let ports = all.each_ref().map(|it| it.port);
    let (team, seen) = start(all.into(), limits());
    seen.until("agent | waits", 1);
    assert!(!seen.all().contains(&"agent ready".to_owned()));
    std::fs::write(&may_listen, "").unwrap();
    seen.until("agent ready", 1);
    let pids = pids(&team);
    assert_eq!(pids.len(), 3);
    team.stop();
    for (before, after) in [
        ("model ready", "agent starting"),
        ("tools ready", "agent starting"),
        ("agent | waits", "agent ready"),
        ("agent stopping", "agent | asked to end"),
        ("agent stopped", "model stopping"),
        ("agent stopped", "tools stopping"),
    ] {
        assert!(
            seen.at(before) < seen.at(after),
            "{before}, {after}: {:#?}",
            seen.all()
        );
    }
    for (pid, port) in pids.into_iter().zip(ports) {
        gone(pid, port);
    }
}

#[test]
fn what_ends_by_itself_is_started_again() {
    let folder = Folder::new("local");
    let once = folder.join("once");
    let code = LISTENS.replace(
        "print('listens')",
        "
print('listens')
import threading
if not os.path.exists(os.environ['ONCE']):
    open(os.environ['ONCE'], 'w').close()
    threading.Timer(0.5, lambda: os._exit(3)).start()
",
    );
    let mut process = python("agent", &code, &[]);
    let path = once.display().to_string();
    process.env.push(("ONCE".to_owned(), SecretText::new(path)));
    let (team, seen) = start(vec![process], limits());
    seen.until("agent restarting: ended with code 3", 1);
    seen.until("agent ready", 2);
    let (_, standing) = team.standings().remove(0);
    assert_eq!((standing.stage, standing.restarts), (Stage::Ready, 1));
    team.stop();
}

/// An environment that nobody wrote does not reach a program, and one that somebody did is not printed.
#[test]
fn a_program_has_the_variables_that_it_was_given_and_no_other() {
    let code = format!("import os\nprint(sorted(os.environ))\n{LISTENS}");
    let process = python("agent", &code, &[]);
    assert!(
        !format!("{process:?}").contains("import os"),
        "values are not shown"
    );
    let (team, seen) = start(vec![process], limits());
    seen.until("agent ready", 1);
    team.stop();
    let all = seen.all();
    let line = all.iter().find(|it| it.contains("'PORT'")).unwrap();
    for name in ["'HOME'", "'CARGO", "'RUST"] {
        assert!(!line.contains(name), "{line}");
    }
}

#[test]
fn a_team_without_an_order_is_refused() {
    let refused = |all: Vec<Process>| {
        Team::start(all, limits(), shim(), |_| ())
            .unwrap_err()
            .to_string()
    };
    let (a, b) = (python("a", LISTENS, &["b"]), python("b", LISTENS, &["a"]));
    assert_eq!(
        refused(vec![a.clone(), b]),
        "a needs itself, or what is not there"
    );
    assert_eq!(
        refused(vec![a.clone()]),
        "a needs itself, or what is not there"
    );
    assert_eq!(refused(vec![a.clone(), a]), "two are called a");
}
