//! What reaches a terminal, wherever it came from.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use kaos_hooks::audit::AuditHook;
use kaos_hooks::{Hooks, Step, StepOutcome, ToolCall, ToolOutcome, Turn, TurnOutcome};
use kaos_runner::ModelReply;
use kaos_runner::testing::{Answer, Api, ModelServer};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;
use tokio::process::Command;

use super::kaos;
use crate::audit::Scratch;

/// Sets a window's title, by C0 and by C1; turns what follows; goes to the beginning of the line.
const EVIL: &str = "a\u{1b}]0;owned\u{7}b\u{9b}31mc\u{202e}d\re\u{7f}f";
/// As it is shown.
const SHOWN: &str = r"a\u{1b}]0;owned\u{7}b\u{9b}31mc\u{202e}d\re\u{7f}f";

/// Where the evil comes from: arguments and variables of the command, in a directory with a trail.
struct From {
    what: &'static str,
    arguments: Vec<String>,
    model: Option<ModelServer>,
}

impl From {
    fn arguments(what: &'static str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|it| (*it).to_owned()).collect();
        Self {
            what,
            arguments,
            model: None,
        }
    }

    async fn answers(what: &'static str, more: &[&str], answers: Vec<Answer>) -> Self {
        let model = Some(ModelServer::start(answers).await);
        let from = Self::arguments(what, &["run", "-q", "Hi!"]);
        let more = more.iter().map(|it| (*it).to_owned());
        let arguments = from.arguments.into_iter().chain(more).collect();
        Self {
            what,
            arguments,
            model,
        }
    }

    /// Not quiet.
    fn loud(&self, scratch: &Scratch) -> Command {
        let mut loud = kaos(&["run", "Hi!"]);
        for (name, value) in self.command(scratch).as_std().get_envs() {
            loud.env(name, value.unwrap());
        }
        loud.current_dir(scratch.path());
        loud
    }

    fn command(&self, scratch: &Scratch) -> Command {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut command = kaos(&arguments);
        command
            .current_dir(scratch.path())
            .env("HOME", scratch.path());
        if self.what.ends_with("on the console") {
            command
                .env_remove("OTEL_SDK_DISABLED")
                .env("OTEL_TRACES_EXPORTER", "console")
                .env("OTEL_METRICS_EXPORTER", "console")
                .env("OTEL_LOGS_EXPORTER", "console");
        }
        if let Some(model) = &self.model {
            // A tool's name is none of a tool that does not exist; a model's name is always told.
            let console = self.what.ends_with("on the console");
            command
                .env("MODEL_API_URL", model.url())
                .env("MODEL_NAME", if console { EVIL } else { "m" });
        }
        command
    }
}

fn says(text: &str) -> Answer {
    Api::ChatCompletions.answer(&ModelReply::text(text.to_owned()), true)
}

fn calls(name: &str) -> Answer {
    let reply = ModelReply::call("1", name.to_owned(), "{}");
    Api::ChatCompletions.answer(&reply, true)
}

async fn sources() -> Vec<From> {
    let refusal = json!({ "error": { "message": EVIL, "type": "invalid_request_error" } });
    let server = env!("CARGO_BIN_EXE_mcp_stdio_server");
    let complains = format!("{server} good complains");
    let answer = vec![says(EVIL)];
    vec![
        From::answers("the answer", &[], answer).await,
        From::answers(
            "an error of the model's endpoint",
            &[],
            vec![Answer::error("400 Bad Request", &refusal)],
        )
        .await,
        From::answers(
            "a server's standard error",
            &["--mcp", &complains],
            vec![says("done")],
        )
        .await,
        From::answers("a server's name", &["--mcp", EVIL], vec![says("done")]).await,
        From::answers(
            "spans and metrics on the console",
            &[],
            vec![calls(EVIL), says("done")],
        )
        .await,
        From::arguments("an option", &["run", "Hi!", &format!("--{EVIL}")]),
        From::arguments("a command", &[EVIL]),
        From::arguments("a file's name", &["run", "Hi!", "--config", EVIL]),
        From::arguments("a setting", &["run", "Hi!", "--config", "evil.toml"]),
        From::arguments("a file to trust", &["trust", "trusted-\u{1b}[31m.toml"]),
        From::arguments("a trail's directory", &["audit", "show", EVIL]),
        From::arguments("a record's texts", &["audit", "show", "trail"]),
        From::arguments("records, one a line", &["audit", "query", "trail"]),
        From::arguments("records, as JSON", &["audit", "query", "trail", "--json"]),
    ]
}

/// A trail with evil names, and a settings file.
async fn prepare(scratch: &Scratch) {
    std::fs::create_dir(scratch.path()).unwrap();
    let audit = AuditHook::builder(scratch.path().join("trail"))
        .open()
        .unwrap();
    let hooks = Hooks::new(audit.clone());
    let turn = hooks.turn(Turn::new(EVIL).session(EVIL));
    let step = turn.open(Step::new(1));
    step.open(ToolCall::new(EVIL))
        .complete(ToolOutcome::default());
    step.complete(StepOutcome::default());
    turn.complete(TurnOutcome::default());
    audit.shutdown().await.unwrap();
    let setting = "\"a\\u001b]0;owned\" = 1\n";
    std::fs::write(scratch.path().join("evil.toml"), setting).unwrap();
    let odd = scratch.path().join("trusted-\u{1b}[31m.toml");
    std::fs::write(odd, "instructions = \"a\"\n").unwrap();
}

/// What commands a terminal in these bytes, however it is written; the ends of lines do not.
fn commands(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    // Progress is drawn on a line that is cleared each time.
    let text = text.replace("\r\n", "\n").replace("\r\u{1b}[2K", "");
    let commands = text.chars().filter(|it| {
        let turns = matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        (it.is_control() && !matches!(it, '\n' | '\t')) || turns
    });
    commands.collect()
}

/// Runs the command with its outputs on a terminal, and gives what that was sent.
async fn on_a_terminal(mut command: Command) -> Vec<u8> {
    let (mut read, terminal) = terminal();
    command
        .stdout(Stdio::from(terminal.try_clone().unwrap()))
        .stderr(Stdio::from(terminal));
    let mut child = command.spawn().unwrap();
    // The other ends of the terminal.
    drop(command);
    let reading = tokio::task::spawn_blocking(move || {
        let (mut all, mut some) = (Vec::new(), [0; 4096]);
        // Linux says EIO when the last writer has gone.
        while let Ok(read @ 1..) = read.read(&mut some) {
            all.extend_from_slice(&some[..read]);
        }
        all
    });
    child.wait().await.unwrap();
    reading.await.unwrap()
}

/// A terminal: what reads what it is sent, and it.
fn terminal() -> (File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let its = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    (File::from(ours), OwnedFd::from(its))
}

#[tokio::test]
async fn nothing_that_the_command_was_told_commands_a_terminal() {
    let scratch = Scratch::new("terminal");
    prepare(&scratch).await;
    for from in sources().await {
        let bytes = on_a_terminal(from.command(&scratch)).await;
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(commands(&bytes), "", "{}: {shown}", from.what);
        assert!(
            // A server's name has no such characters in the first place.
            from.what == "a server's name"
                || ["u{1b}", "u001b", "x1b"]
                    .iter()
                    .any(|it| shown.contains(it)),
            "{} is not shown: {shown}",
            from.what
        );
    }
}

#[tokio::test]
async fn a_live_tree_moves_the_cursor_and_no_name_does() {
    let scratch = Scratch::new("terminal-tree");
    std::fs::create_dir(scratch.path()).unwrap();
    let answers = vec![calls(EVIL), says(EVIL)];
    let from = From::answers("a tree", &[], answers).await;
    let bytes = on_a_terminal(from.loud(&scratch)).await;
    let shown = String::from_utf8(bytes).unwrap();
    assert!(shown.contains("tool._OTHER"), "{shown}");
    assert!(shown.contains(SHOWN), "{shown}");
    for evil in ["\u{1b}]0", "\u{9b}", "\u{7}", "\u{202e}", "\u{7f}"] {
        assert!(!shown.contains(evil), "{evil:?}: {shown:?}");
    }
    // What is left are the library's own: the cursor goes up and down, and lines are cleared.
    let sequences = shown.split('\u{1b}').skip(1);
    for sequence in sequences {
        let end = sequence.find(|it: char| it.is_ascii_alphabetic()).unwrap();
        let own = sequence.starts_with('[') && "ABCDKJlh".contains(&sequence[end..=end]);
        assert!(own, "{sequence:?}");
    }
}

/// Terminals of the tests have 24 lines.
#[tokio::test]
async fn a_tree_that_is_higher_than_the_terminal_stands_there_whole_at_the_end() {
    let scratch = Scratch::new("terminal-high");
    std::fs::create_dir(scratch.path()).unwrap();
    let reply = (1..12).fold(ModelReply::call("0", "none", "{}"), |reply, number| {
        reply.and_call(number.to_string(), "none", "{}")
    });
    let many = || Api::ChatCompletions.answer(&reply, true);
    let answers = vec![many(), many(), many(), says("It is done.")];
    let from = From::answers("a high tree", &[], answers).await;
    let bytes = on_a_terminal(from.loud(&scratch)).await;
    let shown = String::from_utf8(bytes).unwrap();
    let (_, end) = shown.rsplit_once('\u{1b}').unwrap();
    let count = |what: &str| end.lines().filter(|line| line.contains(what)).count();
    assert_eq!(count("tool._OTHER"), 36, "{end}");
    assert_eq!(count("agent.step."), 4, "{end}");
    assert_eq!(count("model.inference"), 4, "{end}");
    assert!(end.find("agent.turn") < end.find("agent.step.1"), "{end}");
    assert_eq!(shown.matches("It is done.").count(), 1, "{shown}");
}

#[tokio::test]
async fn on_a_pipe_an_answer_is_byte_for_byte_and_all_else_is_safe() {
    let scratch = Scratch::new("terminal-pipe");
    prepare(&scratch).await;
    for from in sources().await {
        let output = from.command(&scratch).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(commands(&output.stderr), "", "{}: {said}", from.what);
        match from.what {
            "the answer" => assert_eq!(output.stdout, format!("{EVIL}\n").as_bytes()),
            // JSON escapes C0 itself, and is data.
            "records, as JSON" => assert!(output.stdout.contains(&b'\n')),
            what => assert_eq!(commands(&output.stdout), "", "{what}"),
        }
    }
}
