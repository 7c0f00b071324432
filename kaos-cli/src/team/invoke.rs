//! `kaos invoke`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args as ClapArgs;
use reqwest::{Response, Url};
use serde_json::{Value, json};

use super::TRACES;
use super::Which;
use super::lines::Tail;
use super::state::Place;
use crate::output::{self, Failed};
use crate::terminal;

/// The answer was cut: by a limit of the model's, or by a filter.
const NOT_WHOLE: u8 = 3;

/// What is said of a 200 without an answer.
const NO_ANSWER: &str = "it says that it answers, and there is no answer";

/// How long a trace's tree is waited for: agents whose programs are not ours tell nothing of it.
const TREE: Duration = Duration::from_secs(2);

/// How often one looks for it.
const LOOK: Duration = Duration::from_millis(20);

#[derive(ClapArgs)]
#[command(
    after_help = "The answer goes to the standard output, everything else to the standard error.

Exit codes: 0 there is an answer, 1 there is none, 2 the command is wrong or no such team runs, 3 the answer is not whole."
)]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// The agent
    agent: String,
    /// What it is asked
    question: String,
    /// Shows the answer as it is made
    #[arg(long)]
    stream: bool,
    /// Shows its trace as a tree, as on a terminal
    #[arg(long)]
    trace: bool,
    /// The conversation that it belongs to
    #[arg(long)]
    session: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let place = Place::of(&args.which.name)?;
    let record = place.running(&args.which.name)?;
    let agent = record.agent(&args.agent)?;
    let url = format!("http://127.0.0.1:{}/v1/chat/completions", agent.port);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut traces = Tail::at_end(place.log(TRACES));
    let (code, trace) = runtime.block_on(ask(args, &url, agent.token.as_deref()))?;
    if let Some(trace) = trace.filter(|_| args.trace || terminal::has_person()) {
        show(&mut traces, &trace)?;
    }
    Ok(code)
}

/// The tree of a trace, once the team has written it.
fn show(traces: &mut Tail, trace: &str) -> Result<(), Failed> {
    let head = format!("trace {trace}\n");
    let until = Instant::now() + TREE;
    let mut text = String::new();
    while Instant::now() < until {
        text += &traces.more()?;
        let rest = text.split_once(&head).map(|(_, rest)| rest);
        if let Some((tree, _)) = rest.and_then(|it| it.split_once("\n\n")) {
            output::say(tree);
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Asks, and gives the exit code and the trace's id.
async fn ask(
    args: &Args,
    url: &str,
    token: Option<&str>,
) -> Result<(ExitCode, Option<String>), Failed> {
    let client = kaos_runner::http_client(&Url::parse(url)?, Duration::from_secs(5))?;
    let body = json!({
        "model": args.agent,
        "messages": [{"role": "user", "content": args.question}],
        "stream": args.stream,
        "stream_options": args.stream.then(|| json!({"include_usage": true})),
    });
    let mut request = client
        .post(url)
        .header("Content-Type", "application/json")
        .body(body.to_string());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(session) = &args.session {
        request = request.header("X-Session-ID", session);
    }
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            let why = if error.is_connect() {
                "does not answer; kaos status says how it is"
            } else {
                "has not answered"
            };
            output::say(&format!("kaos: {} {why}", args.agent));
            return Ok((ExitCode::FAILURE, None));
        }
    };
    let trace = response.headers().get("x-trace-id");
    let trace = trace.and_then(|it| it.to_str().ok()).map(str::to_owned);
    let said = if args.stream && response.status().is_success() {
        streamed(response).await?
    } else {
        whole(response).await?
    };
    if let Some(usage) = &said.usage {
        let tokens = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (to, from) = (tokens("prompt_tokens"), tokens("completion_tokens"));
        output::say(&format!("{to} + {from} tokens"));
    }
    if let Some(trace) = &trace {
        output::say(&format!("trace {trace}"));
    }
    if let Some(error) = said.error {
        output::say(&format!("kaos: {}: {error}", args.agent));
        return Ok((ExitCode::FAILURE, trace));
    }
    let cut = said.finish.filter(|it| it != "stop");
    let code = match cut {
        None => ExitCode::SUCCESS,
        Some(why) => {
            output::say(&format!(
                "kaos: the answer is not whole: it stopped with `{why}`"
            ));
            ExitCode::from(NOT_WHOLE)
        }
    };
    Ok((code, trace))
}

/// What came besides the answer, which is shown by then.
#[derive(Default)]
struct Said {
    error: Option<String>,
    finish: Option<String>,
    usage: Option<Value>,
}

impl Said {
    /// Takes a frame, and gives its text.
    fn take(&mut self, frame: &Value) -> String {
        if let Some(error) = frame.get("error") {
            let message = error.get("message").and_then(Value::as_str);
            self.error = Some(
                message
                    .unwrap_or("it says no more than that it failed")
                    .to_owned(),
            );
        }
        if let Some(usage) = frame.get("usage").filter(|it| it.is_object()) {
            self.usage = Some(usage.clone());
        }
        let Some(choice) = frame.get("choices").and_then(|it| it.get(0)) else {
            return String::new();
        };
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(finish.to_owned());
        }
        let message = choice.get("delta").or_else(|| choice.get("message"));
        let text = message
            .and_then(|it| it.get("content"))
            .and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    }
}

async fn whole(response: Response) -> Result<Said, Failed> {
    let status = response.status();
    let mut said = Said::default();
    let text = response.text().await?;
    match serde_json::from_str::<Value>(&text) {
        Ok(frame) => {
            let text = said.take(&frame);
            if said.error.is_none() {
                let mut out = terminal::data();
                writeln!(out, "{text}")?;
                out.flush()?;
            }
            if said.finish.is_none() && said.error.is_none() {
                said.error = Some(NO_ANSWER.to_owned());
            }
        }
        Err(_no_json) => said.error = Some(format!("it answers with {status}, and no JSON")),
    }
    Ok(said)
}

async fn streamed(mut response: Response) -> Result<Said, Failed> {
    let mut said = Said::default();
    let mut out = terminal::data();
    let mut waiting = Vec::new();
    let mut done = false;
    while let Some(bytes) = response.chunk().await? {
        waiting.extend_from_slice(&bytes);
        while let Some(end) = waiting.iter().position(|it| *it == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let Some(data) = line.trim_end().strip_prefix("data:").map(str::trim) else {
                continue;
            };
            done |= data == "[DONE]";
            if let Ok(frame) = serde_json::from_str(data) {
                out.print(&said.take(&frame))?;
                out.flush()?;
            }
        }
    }
    writeln!(out)?;
    out.flush()?;
    if !done && said.error.is_none() {
        said.error = Some("the connection has ended before the answer has".to_owned());
    }
    if said.finish.is_none() && said.error.is_none() {
        said.error = Some(NO_ANSWER.to_owned());
    }
    Ok(said)
}
