//! An agent with a calculator: its answer as it is made, traced, measured and recorded.
//!
//! Offline, unless `KAOS_LEARN_LIVE` is set: then `MODEL_API_URL`, `MODEL_NAME` and, where it is
//! needed, `OPENAI_API_KEY` name the model. `OTEL_*` say where spans and metrics go, `KAOS_TRAIL`
//! is a directory for the audit trail. The question is the first argument.

use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;

use kaos_hooks::audit::AuditHook;
use kaos_hooks::{BodyBuf, Session, Value};
use kaos_otel_hook::Telemetry;
use kaos_runner::openai::model_from_env;
use kaos_runner::{
    Agent, FunctionModel, FunctionTool, Model, ModelReply, Runner, Scripted, ToolError,
};
use tokio_stream::StreamExt as _;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Calculate {
    left: i64,
    operator: Operator,
    right: i64,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Operator {
    Plus,
    Minus,
    Times,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::from_env()?; // spans and metrics; flushes when dropped
    let trail = std::env::var_os("KAOS_TRAIL");
    let audit = trail.map(AuditHook::open).transpose()?;

    let what = "Calculates with two whole numbers.";
    let calculator = FunctionTool::new("calculator", what, |call: Calculate| async move {
        let result = match call.operator {
            Operator::Plus => call.left.checked_add(call.right),
            Operator::Minus => call.left.checked_sub(call.right),
            Operator::Times => call.left.checked_mul(call.right),
        };
        result
            .map(|result| result.to_string())
            .ok_or_else(|| ToolError::new("too large"))
    });
    let agent = Agent::new("assistant", model()?)
        .instructions("Answer in one sentence. Calculate with the calculator.")
        .tool(calculator.read_only());
    let runner = Runner::new(agent).hooks((telemetry.hooks(), audit));

    let question = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "What is 6 * 7?".to_owned());
    let mut out = std::io::stdout().lock();
    let mut events = runner.run(question, Session::anonymous());
    while let Some(event) = events.next().await {
        if let BodyBuf::Value {
            value: Value::TextDelta(piece),
            ..
        } = event.body
        {
            write!(out, "{}", piece.content)?;
            out.flush()?;
        }
    }
    let reply = events.into_reply().await?;
    writeln!(out, "\n(trace {})", reply.trace_id())?;
    Ok(())
}

fn model() -> Result<Arc<dyn Model>, Box<dyn Error>> {
    if std::env::var_os("KAOS_LEARN_LIVE").is_some() {
        return Ok(model_from_env()?);
    }
    let call = ModelReply::call(
        "call-1",
        "calculator",
        r#"{"left":6,"operator":"times","right":7}"#,
    );
    let answer = Scripted::streamed(ModelReply::text("6 times 7 is 42.").usage(60, 8), 3);
    Ok(Arc::new(FunctionModel::script([
        call.usage(40, 12).into(),
        answer,
    ])))
}
