//! `kaos up` and what asks its teams, as processes: the research team, and what goes wrong.

mod faults;
mod litellm;
#[cfg(target_os = "linux")]
mod page;
mod recorded;
mod strangers;
mod traced;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Output;

use kaos_tests::Folder;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::{kaos, said};

const SCRIPTED: &str = include_str!("../../../examples/research-team/scripted.yaml");
const QUESTION: &str = "What does the lease cost in all?";

/// A folder of a test's own, where its teams are remembered, too.
struct Home(Folder);

impl Home {
    fn new(name: &str) -> Self {
        Self(Folder::new(name))
    }

    fn file(&self, text: &str) -> String {
        let path = self.0.join("team.yaml");
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn kaos(&self, arguments: &[&str]) -> Command {
        let mut command = kaos(arguments);
        command
            .env("XDG_STATE_HOME", &*self.0)
            .env_remove("OTEL_SDK_DISABLED");
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        self.kaos(arguments).output().await.unwrap()
    }

    fn state(&self) -> PathBuf {
        self.0.join("kaos/up/default")
    }

    /// What is known of the team: processes and ports.
    fn processes(&self) -> Vec<(u32, u16)> {
        let record = std::fs::read(self.state().join("state.json")).unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        let all = record["components"].as_array().unwrap().iter();
        let number = |it: &Value| it.as_u64().unwrap();
        all.map(|it| {
            let pid = u32::try_from(number(&it["pid"])).unwrap();
            (pid, u16::try_from(number(&it["port"])).unwrap())
        })
        .collect()
    }
}

/// A team that runs in the foreground.
struct Up {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    shown: Vec<String>,
}

impl Up {
    fn start(mut command: Command) -> Self {
        // A shell starts what runs behind it with SIGINT ignored; what is caught here is not ignored in what is started here.
        let _caught = signal(SignalKind::interrupt()).unwrap();
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            shown: Vec::new(),
        }
    }

    async fn until(&mut self, what: &str) {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            let found = line.contains(what);
            self.shown.push(line);
            if found {
                return;
            }
        }
        panic!("no {what}: {:#?}", self.shown);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// What it has shown, and its exit code.
    async fn end(mut self) -> (Vec<String>, Option<i32>) {
        while let Some(line) = self.lines.next_line().await.unwrap() {
            self.shown.push(line);
        }
        let code = self.child.wait().await.unwrap().code();
        (self.shown, code)
    }
}

/// Nothing of it runs, and nobody listens where it did.
#[track_caller]
fn all_gone(processes: &[(u32, u16)]) {
    for (pid, port) in processes {
        crate::local::gone(*pid, *port);
    }
}

#[tokio::test]
async fn a_team_is_asked_shown_and_stopped() {
    let home = Home::new("asked");
    let file = home.file(SCRIPTED);
    let mut up = Up::start(home.kaos(&["up", "-f", &file]));
    up.until("All 6 are ready after").await;
    up.until("kaos invoke coordinator").await;
    let processes = home.processes();
    assert_eq!(processes.len(), 6);
    for arguments in [
        &["invoke", "coordinator", QUESTION] as &[_],
        &["invoke", "--stream", "coordinator", QUESTION],
        &["invoke", "--session", "s-1", "agent-coordinator", QUESTION],
    ] {
        let asked = home.run(arguments).await;
        let text = String::from_utf8(asked.stdout).unwrap();
        assert_eq!(text, "The lease costs 45000 in all: 36 months at 1250.\n");
        let beside = String::from_utf8(asked.stderr).unwrap();
        assert!(beside.starts_with("530 + 101 tokens\ntrace "), "{beside}");
        assert_eq!(asked.status.code(), Some(0));
    }
    let unknown = home.run(&["invoke", "nobody", "?"]).await;
    assert_eq!(unknown.status.code(), Some(2));
    let names = "there is no agent nobody; there are analyst, coordinator, researcher";
    assert!(said(&unknown).contains(names), "{}", said(&unknown));
    let status = home.run(&["status"]).await;
    assert_eq!(status.status.code(), Some(0), "{}", said(&status));
    let table = said(&status);
    assert_eq!(table.matches("  ready  ").count(), 6, "{table}");
    assert!(table.lines().all(|it| it.chars().count() <= 80), "{table}");
    let json = home.run(&["status", "--json"]).await;
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let mut tokens = json["components"].as_array().unwrap().iter();
    assert!(tokens.all(|it| it["token"].is_null()));
    let logs = home.run(&["logs", "analyst"]).await;
    assert!(
        said(&logs).contains("the agent analyst listens at"),
        "{}",
        said(&logs)
    );
    // Another one of that name is refused.
    let twice = home.run(&["up", "-f", &file]).await;
    assert_eq!(twice.status.code(), Some(2));
    assert!(
        said(&twice).contains("a team called default runs already"),
        "{}",
        said(&twice)
    );
    // Nobody else reads what is known of it.
    for name in [
        "state.json",
        "lock",
        "logs/agent-analyst.log",
        "modelapi-llm-config.yaml",
    ] {
        let file = std::fs::metadata(home.state().join(name)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
    }
    up.signal(Signal::INT);
    let (shown, code) = up.end().await;
    assert_eq!(code, Some(0), "{shown:#?}");
    let last = shown.last().unwrap();
    assert!(last.starts_with("all 6 have ended in order"), "{shown:#?}");
    assert!(!shown.concat().contains('\u{1b}'), "a pipe has no colours");
    all_gone(&processes);
    let status = home.run(&["status"]).await;
    assert_eq!(status.status.code(), Some(1));
    assert!(said(&status).contains("the last one has ended as it was asked to"));
}

#[tokio::test]
async fn a_team_goes_on_in_the_background_until_it_is_told() {
    let home = Home::new("detached");
    let file = home.file(SCRIPTED);
    let mut up = home.kaos(&["up", "-d", "-f", &file]);
    let up = up.output().await.unwrap();
    assert_eq!(up.status.code(), Some(0), "{}", said(&up));
    assert!(said(&up).starts_with("ready: 6 of 6"), "{}", said(&up));
    let processes = home.processes();
    let asked = home.run(&["invoke", "analyst", "36 times 1250?"]).await;
    assert_eq!(String::from_utf8(asked.stdout).unwrap(), "45000.\n");
    let down = home.run(&["down"]).await;
    assert_eq!(down.status.code(), Some(0), "{}", said(&down));
    all_gone(&processes);
    let again = home.run(&["down"]).await;
    assert_eq!(again.status.code(), Some(2));
    assert!(
        said(&again).contains("no team called default runs"),
        "{}",
        said(&again)
    );
}
