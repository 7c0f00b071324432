//! An agent with a calculator: its answer as it is made, traced, measured and recorded.
//!
//! Offline, unless `KAOS_LEARN_LIVE` is set: then `MODEL_API_URL`, `MODEL_NAME` and, where one is
//! needed, `OPENAI_API_KEY` name the model; without the first two it is `anthropic:claude-haiku-4-5`,
//! with `ANTHROPIC_API_KEY`. The question is the first argument. `OTEL_…` say where
//! spans, metrics and logs go, `KAOS_TRAIL` is the directory of the audit trail.

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::sync::Arc;

use kaos_examples::calculator;
use kaos_hooks::audit::AuditHook;
use kaos_hooks::{BodyBuf, Session, Value};
use kaos_otel_hook::Telemetry;
use kaos_runner::models::{SetupError, model_by_name, model_from_env};
use kaos_runner::{Agent, FunctionModel, Model, ModelReply, Runner, Scripted};
use tokio_stream::StreamExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::from_env()?;
    let trail = env::var_os("KAOS_TRAIL");
    let audit = trail.map(AuditHook::open).transpose()?;

    let agent = Agent::new("assistant", model()?)
        .instructions("Answer in one sentence. Leave the calculating to the calculator.")
        .tool(calculator());
    let runner = Runner::new(agent).hooks((telemetry.hooks(), audit));

    let question = env::args().nth(1);
    let question = question.unwrap_or_else(|| "What is 6 * 7?".to_owned());
    let mut events = runner.run(question, Session::anonymous());
    while let Some(event) = events.next().await {
        if let BodyBuf::Value { value, .. } = event.body
            && let Value::TextDelta(piece) = value
        {
            write!(io::stdout(), "{}", piece.content)?;
            io::stdout().flush()?;
        }
    }
    let answered = events.into_reply().await;

    runner.observed_by().shutdown().await?; // the trail is sealed
    telemetry.shutdown().await; // what waits is sent
    let reply = answered?;
    writeln!(io::stdout(), "\n(trace {})", reply.trace_id())?;
    Ok(())
}

/// The one that the environment names, or one that knows just one question.
fn model() -> Result<Arc<dyn Model>, Box<dyn Error>> {
    if env::var_os("KAOS_LEARN_LIVE").is_some() {
        return Ok(live()?);
    }
    let calls = ModelReply::call("call-1", "calculator", r#"{"expression":"6*7"}"#).usage(40, 12);
    let says = Scripted::streamed(ModelReply::text("6 times 7 is 42.").usage(60, 8), 3);
    Ok(Arc::new(FunctionModel::script([calls.into(), says])))
}

fn live() -> Result<Arc<dyn Model>, SetupError> {
    let set = |name| env::var(name).is_ok_and(|value| !value.trim().is_empty());
    let named = ["DEBUG_MOCK_RESPONSES", "MODEL_API_URL", "MODEL_NAME"]
        .into_iter()
        .any(set);
    if named {
        model_from_env()
    } else {
        model_by_name("anthropic:claude-haiku-4-5")
    }
}
