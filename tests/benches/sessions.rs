//! Conversations that last: whether a turn's latency and the process' memory stay flat over 10 000 turns of one session,
//! and over 10 000 sessions.
//!
//! `cargo bench -p kaos-tests --bench sessions`; `-- --json` prints one JSON object a line.

#![expect(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures"
)]

use std::fs;
use std::time::Instant;

use kaos_runner::testing::{Answer, Api, ModelServer, Strict};
use kaos_runner::{
    Agent, FunctionModel, MemorySessions, ModelReply, OpenAiModel, Runner, SessionBounds,
    SessionStore as _,
};
use kaos_tests::agents::{Act, Scripted};

const TURNS: usize = 10_000;

/// A tool call, its result and an answer.
fn turns() -> Agent {
    let model = FunctionModel::new(|request| {
        let asked = request
            .messages
            .last()
            .map(|last| matches!(last, kaos_runner::Message::User(_)));
        Ok(match asked {
            Some(true) => ModelReply::call("call-1", "tool", "{}"),
            _ => ModelReply::text("The lease is for twelve months, and can be renewed once."),
        })
    });
    let tool = Scripted::new(
        "tool",
        Act::Give("clause 4: twelve months, clause 5: renewal"),
    );
    Agent::new("assistant", model).tool(tool)
}

/// What the process has in memory, in bytes.
fn resident() -> f64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    f64::from(pages.unwrap_or(0_u32)) * 4096.0
}

/// The median of a tenth of the turns.
fn median(micros: &[f64], tenth: usize) -> f64 {
    let size = micros.len() / 10;
    let mut part = micros[tenth * size..(tenth + 1) * size].to_vec();
    part.sort_by(f64::total_cmp);
    part[size / 2]
}

struct Row {
    name: &'static str,
    micros: Vec<f64>,
    /// After each tenth.
    memory: Vec<f64>,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            micros: Vec::with_capacity(2 * TURNS),
            memory: Vec::new(),
        }
    }

    fn turn(&mut self, of: usize, began: Instant) {
        self.micros
            .push(began.elapsed().as_nanos() as f64 / 1_000.0);
        if self.micros.len().is_multiple_of(of / 10) {
            self.memory.push(resident());
        }
    }

    /// Says how the last tenth compares with that one, and whether that is flat.
    fn say(&self, with: usize, json: bool) -> bool {
        let (early, late) = (median(&self.micros, with), median(&self.micros, 9));
        let (latency, memory) = (late / early, self.memory[9] / self.memory[with]);
        let flat = latency <= 1.25 && memory <= 1.1;
        let name = self.name;
        if json {
            println!(
                r#"{{"case":"{name}","micros":{late:.1},"latency":{latency:.3},"memory":{memory:.3},"flat":{flat}}}"#
            );
        } else {
            let megabytes = self.memory[9] / 1e6;
            let verdict = if flat { "kept" } else { "MISSED" };
            println!(
                "{name:<44} {late:>8.1} µs  x {latency:<5.2} must be <= 1.25   {megabytes:>6.1} MB  x {memory:<5.2} must be <= 1.10: {verdict}"
            );
        }
        flat
    }
}

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return };
    let flat = runtime.block_on(async {
        // Full after a tenth.
        let bounds = SessionBounds {
            session_tokens: 16_000,
            ..SessionBounds::default()
        };
        let one = one_session(bounds).await.say(2, json);
        let many = many_sessions().await.say(5, json);
        let strict = strict_endpoint().await.say(2, json);
        one && many && strict
    });
    if !flat {
        std::process::exit(1);
    }
}

async fn one_session(bounds: SessionBounds) -> Row {
    let mut row = Row::new("one session, 10 000 turns with a call");
    let store = MemorySessions::new(bounds.clone());
    let runner = Runner::new(turns()).sessions(store.clone());
    for number in 0..TURNS {
        let question = format!("Question {number}: how long is the lease of this flat?");
        let began = Instant::now();
        let reply = runner.turn(question, "s").await;
        row.turn(TURNS, began);
        assert!(reply.is_ok_and(|reply| reply.remembered().is_ok()));
    }
    let kept = store.list(1).await.unwrap_or_default();
    assert!(kept[0].tokens <= bounds.session_tokens, "{kept:?}");
    row
}

/// Twice as many sessions as are kept: from the middle on, each new one takes an old one's place.
async fn many_sessions() -> Row {
    let mut row = Row::new("20 000 sessions of which 10 000 are kept");
    let store = MemorySessions::default();
    let runner = Runner::new(turns()).sessions(store.clone());
    for number in 0..2 * TURNS {
        let began = Instant::now();
        let reply = runner
            .turn("How long is the lease?", format!("session-{number}"))
            .await;
        row.turn(2 * TURNS, began);
        assert!(reply.is_ok());
    }
    assert_eq!(store.list(2 * TURNS).await.map(|all| all.len()), Ok(TURNS));
    row
}

async fn strict_endpoint() -> Row {
    let mut row = Row::new("one session over HTTP, a strict endpoint");
    let api = Api::ChatCompletions;
    let answers = (0..TURNS).flat_map(|_| {
        let call = ModelReply::call("call_0", "tool", "{}").and_call("call_0", "tool", "{}");
        [call, ModelReply::text("Twelve months.")].map(|reply| api.answer(&reply, false))
    });
    let answers: Vec<Answer> = answers.collect();
    let server = ModelServer::strict(Strict::default(), answers).await;
    let Ok(model) = OpenAiModel::builder(server.url(), "m").build() else {
        return row;
    };
    let tool = Scripted::new("tool", Act::Give("clause 4"));
    let bounds = SessionBounds {
        session_tokens: 2_000,
        ..SessionBounds::default()
    };
    let runner = Runner::new(Agent::new("assistant", model).tool(tool));
    let runner = runner.sessions(MemorySessions::new(bounds));
    for number in 0..TURNS {
        let began = Instant::now();
        let reply = runner.turn(format!("Question {number}?"), "s").await;
        row.turn(TURNS, began);
        assert!(reply.is_ok(), "{reply:?}");
    }
    assert_eq!(server.refusals(), Vec::<String>::new());
    row
}
