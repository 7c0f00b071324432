//! A turn against a real endpoint, and what everybody says of it, as one JSON object: `events`,
//! exported `spans`, `metrics`, the tokens of each of the `responses`, the `replies`, and the trail's
//! `key`.
//!
//! The environment names the model as it does for `OpenAiModel::from_env`. `--trail DIR` is where the
//! audit trail goes, `--stream` reads the answer as it is made, `--intent` first asks in a turn of its
//! own what the message asks for, `--calculate` makes the model call the calculator.

use std::error::Error;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kaos_hooks::audit::{AuditHook, SigningKey};
use kaos_hooks::{Event, Hooks, LlmCall, LlmParams, Session, Str, Usage, codec};
use kaos_otel_hook::{Memory, Telemetry};
use kaos_runner::models::{OpenAiBuilder, SetupError};
use kaos_runner::{
    Agent, Deltas, FunctionTool, Message, Model, ModelError, ModelReply, ModelRequest, OpenAiModel,
    Reply, Runner, ToolError, TurnError,
};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use serde_json::{Map, Value, json};

const QUESTION: &str = "What is 6 times 7?";
const CLASSIFY: &str = "Say what the message asks for, as JSON: intent, confidence from 0 to 1.";

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Multiply {
    left: i64,
    right: i64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| options.iter().any(|option| option == flag);
    let mut trail = options.iter().skip_while(|option| *option != "--trail");
    let trail = trail.nth(1).ok_or("--trail DIR is missing")?;

    let (telemetry, memory) = Telemetry::in_memory();
    let key = SigningKey::generate("real-input")?;
    let audit = AuditHook::builder(trail).signing_key(key.clone()).open()?;
    let events = Arc::<Mutex<Vec<String>>>::default();
    let seen = Arc::clone(&events);
    let see = move |event: &Event<'_>| lock(&seen).push(codec::encode(event));

    let responses = Responses::default();
    let hooks = Hooks::new((telemetry.hooks(), audit.clone(), see));
    let ask = async |agent: Agent| -> Result<Reply, TurnError> {
        let runner = Runner::new(agent).hooks(hooks.clone());
        if has("--stream") {
            runner
                .run(QUESTION, Session::anonymous())
                .into_reply()
                .await
        } else {
            runner.turn(QUESTION, Session::anonymous()).await
        }
    };
    let mut replies = Vec::new();
    if has("--intent") {
        let model = Directed::from_env(Some(verdict()), &responses)?;
        replies.push(ask(Agent::new("classifier", model).instructions(CLASSIFY)).await?);
    }
    let calculates = has("--calculate").then(calculation);
    let model = Directed::from_env(calculates, &responses)?;
    replies.push(ask(Agent::new("assistant", model).tool(calculator())).await?);
    audit.shutdown().await?;

    let events: Vec<Value> = lock(&events)
        .iter()
        .map(|line| serde_json::from_str(line))
        .collect::<Result<_, _>>()?;
    let responses: Vec<Value> = lock(&responses).iter().copied().map(tokens).collect();
    let reply = |it: &Reply| json!({ "text": it.text(), "tokens": tokens(it.usage()) });
    let said = json!({
        "events": events,
        "spans": spans(&memory),
        "metrics": metrics(&memory),
        "responses": responses,
        "replies": replies.iter().map(reply).collect::<Vec<_>>(),
        "key": key.verifying_key().to_string(),
    });
    writeln!(std::io::stdout(), "{said}")?;
    Ok(())
}

fn calculator() -> FunctionTool {
    let what = "Multiplies two whole numbers.";
    FunctionTool::new("calculator", what, |call: Multiply| async move {
        let product = call.left.checked_mul(call.right);
        product
            .map(|product| product.to_string())
            .ok_or_else(|| ToolError::new("too large"))
    })
    .read_only()
}

/// A model that is told what a small one cannot choose.
struct Directed {
    /// Answers the user.
    first: OpenAiModel,
    /// Goes on after a tool.
    then: OpenAiModel,
    /// What the responses say of tokens.
    responses: Responses,
}

type Responses = Arc<Mutex<Vec<Option<Usage>>>>;

impl Directed {
    /// The model of the environment; the first request has this field, too.
    fn from_env(field: Option<(&str, Value)>, responses: &Responses) -> Result<Self, SetupError> {
        // Short, and the same each time. A base model goes on as the user, which `USER:` stops.
        let params = LlmParams {
            max_tokens: Some(128),
            temperature: Some(0.0),
            stop_sequences: vec!["USER:".into()],
            seed: Some(7),
            ..LlmParams::default()
        };
        let then = OpenAiBuilder::from_vars(|name| std::env::var(name).ok())?.params(params);
        let first = match field {
            Some((name, value)) => then.clone().body_field(name, value),
            None => then.clone(),
        };
        Ok(Self {
            first: first.build()?,
            then: then.build()?,
            responses: Arc::clone(responses),
        })
    }
}

/// An intent, as JSON. This is llama-cpp-python's own way to say so: it does not know OpenAI's
/// `json_schema`.
fn verdict() -> (&'static str, Value) {
    let schema = json!({
        "type": "object",
        "properties": {
            "intent": { "enum": ["respond", "tool_use", "research", "plan", "clarify"] },
            "confidence": { "type": "number" },
        },
        "required": ["intent", "confidence"],
        "additionalProperties": false,
    });
    let format = json!({ "type": "json_object", "schema": schema });
    ("response_format", format)
}

/// A call of the calculator, whether the model wants it or not.
fn calculation() -> (&'static str, Value) {
    let choice = json!({ "type": "function", "function": { "name": "calculator" } });
    ("tool_choice", choice)
}

#[async_trait]
impl Model for Directed {
    fn provider(&self) -> Str {
        self.first.provider()
    }

    fn name(&self) -> Str {
        self.first.name()
    }

    fn call(&self) -> LlmCall {
        self.first.call()
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        let reply = if let Some(Message::User(_)) = request.messages.last() {
            self.first.respond(request, deltas).await?
        } else {
            let tools = &[];
            let request = ModelRequest { tools, ..request };
            self.then.respond(request, deltas).await?
        };
        lock(&self.responses).push(reply.usage);
        Ok(reply)
    }
}

fn tokens(usage: Option<Usage>) -> Value {
    usage.map_or(
        Value::Null,
        |usage| json!({ "input": usage.input_tokens, "output": usage.output_tokens }),
    )
}

/// The exported spans by their ids: what they say of tokens.
fn spans(memory: &Memory) -> Map<String, Value> {
    let of = |span: &opentelemetry_sdk::trace::SpanData| {
        let said = |name: &str| {
            let mut all = span.attributes.iter();
            let found = all.find(|attribute| attribute.key.as_str() == name);
            found.and_then(|attribute| attribute.value.to_string().parse::<u64>().ok())
        };
        json!({
            "name": span.name,
            "input": said("gen_ai.usage.input_tokens"),
            "output": said("gen_ai.usage.output_tokens"),
        })
    };
    let spans = memory.spans();
    let spans = spans.iter();
    spans
        .map(|span| (span.span_context.span_id().to_string(), of(span)))
        .collect()
}

/// What `gen_ai.client.token.usage` has measured: how often and how much, by type.
fn metrics(memory: &Memory) -> Map<String, Value> {
    let exported = memory.metrics();
    let metrics = exported.scope_metrics().flat_map(ScopeMetrics::metrics);
    let mut measured = Map::new();
    for metric in metrics.filter(|metric| metric.name() == "gen_ai.client.token.usage") {
        let AggregatedMetrics::U64(MetricData::Histogram(histogram)) = metric.data() else {
            continue;
        };
        for point in histogram.data_points() {
            let mut labels = point.attributes();
            let Some(of) = labels.find(|label| label.key.as_str() == "gen_ai.token.type") else {
                continue;
            };
            let figures = json!({ "count": point.count(), "sum": point.sum() });
            measured.insert(of.value.to_string(), figures);
        }
    }
    measured
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
