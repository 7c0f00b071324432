//! `kaos sessions`: the conversations of a store that processes share.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args as ClapArgs, Subcommand};
use kaos_runner::{Message, RedisSessions, SessionError, SessionStore as _, SessionSummary};

use kaos_hooks::plain;

use crate::output::{self, Failed};
use crate::terminal;

/// Names the store; a variable only, as its password does not belong into arguments or files.
const VARIABLE: &str = "KAOS_SESSIONS";

#[derive(ClapArgs)]
#[command(
    arg_required_else_help = true,
    after_help = "KAOS_SESSIONS names the store: redis://[user[:password]@]host[:port][/database], or rediss:// with TLS.
`kaos run --session NAME` continues a conversation that is kept there.

Exit codes: 0 done, 1 there is no such session or the store is not available, 2 the command or its configuration is wrong."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists sessions, the last used first
    List {
        /// How many at most
        #[arg(long, default_value_t = 100)]
        most: usize,
    },
    /// Shows what was said
    Show {
        /// The session's name
        session: String,
    },
    /// Forgets a session, also where a turn has it
    Forget {
        /// The session's name
        session: String,
    },
}

/// The store that the environment names, if it names one.
pub(crate) fn store() -> Result<Option<RedisSessions>, Failed> {
    let url = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    let store = url.map(|url| RedisSessions::open(&url));
    let store = store.transpose();
    store.map_err(|error| format!("{VARIABLE}: {error}").into())
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let store =
        store()?.ok_or_else(|| format!("{VARIABLE} names no store; see `kaos sessions --help`"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match &args.command {
            Command::List { most } => store.list(*most).await.map(|all| Some(table(&all))),
            Command::Show { session } => shown(&store, session).await,
            Command::Forget { session } => {
                let there = store.forget(session).await?;
                Ok(there.then(String::new))
            }
        }
    });
    match done {
        Ok(Some(text)) => {
            let mut out = terminal::people();
            out.print(&text)?;
            out.flush()?;
            Ok(ExitCode::SUCCESS)
        }
        Ok(None) => {
            output::failed(&"there is no session of this name".into());
            Ok(ExitCode::FAILURE)
        }
        Err(error) => {
            output::failed(&error.into());
            Ok(ExitCode::FAILURE)
        }
    }
}

fn table(all: &[SessionSummary]) -> String {
    let widest = all
        .iter()
        .map(|it| plain(&it.session).chars().count())
        .max();
    // A longer one stands out, and is whole.
    let width = widest.unwrap_or_default().clamp(7, 40);
    let mut text = format!(
        "{:<width$}  {:>6}  {:>8}  {:>9}  {:>10}\n",
        "session", "turns", "tokens", "bytes", "idle"
    );
    for it in all {
        let (name, idle) = (plain(&it.session), human(it.idle));
        let (turns, tokens, bytes) = (it.turns, it.tokens, it.bytes);
        let line = format!("{name:<width$}  {turns:>6}  {tokens:>8}  {bytes:>9}  {idle:>10}\n");
        text += &line;
    }
    text
}

/// How long ago, in the largest unit that fits.
fn human(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

async fn shown(store: &RedisSessions, session: &str) -> Result<Option<String>, SessionError> {
    let turns = store.load(session).await?;
    if turns.is_empty() {
        return Ok(None);
    }
    let mut text = String::new();
    for turn in turns {
        let (number, tokens) = (turn.number, turn.tokens);
        let _infallible = writeln!(text, "turn {number}, about {tokens} tokens");
        for message in &*turn.messages {
            let (who, calls) = match message {
                Message::User(_) => ("user", Vec::new()),
                Message::Assistant(said) => ("assistant", said.tool_calls().collect()),
                _ => ("tool", Vec::new()),
            };
            let said = message.text();
            if !said.is_empty() {
                let _infallible = writeln!(text, "  {who}: {}", lines(&said));
            }
            for call in calls {
                let called = format!("{} {}", call.name, call.arguments);
                let _infallible = writeln!(text, "  {who} calls {}", lines(&called));
            }
        }
    }
    Ok(Some(text))
}

/// A text's lines, those after the first under it, without what a terminal would obey.
fn lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(plain).collect();
    lines.join("\n    ")
}
