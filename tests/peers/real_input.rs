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
use kaos_runner::openai::{OpenAiBuilder, SetupError};
use kaos_runner::{
    Agent, Deltas, FunctionTool, Message, Model, ModelError, ModelReply, ModelRequest, OpenAiModel,
    OutputSchema, Reply, Runner, ToolError, TurnError,
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

    let directed = Directed::from_env()?;
    let responses = Arc::clone(&directed.responses);
    let hooks = Hooks::new((telemetry.hooks(), audit.clone(), see));
    let ask = async |agent: Agent| -> Result<Reply, TurnError> {
        let runner = Runner::new(agent).with_hooks(hooks.clone());
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
        let model = directed.clone().classifying();
        replies.push(ask(Agent::new("classifier", model).instructions(CLASSIFY)).await?);
    }
    let model = if has("--calculate") {
        directed.calling()?
    } else {
        directed
    };
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
#[derive(Clone)]
struct Directed {
    builder: OpenAiBuilder,
    model: OpenAiModel,
    /// The same, made to call the calculator.
    calling: Option<OpenAiModel>,
    /// The form of its answers.
    form: Option<Arc<OutputSchema>>,
    /// What its responses say of tokens.
    responses: Arc<Mutex<Vec<Option<Usage>>>>,
}

impl Directed {
    fn from_env() -> Result<Self, SetupError> {
        // Short, and the same each time. A base model goes on as the user, which `USER:` stops.
        let params = LlmParams {
            max_tokens: Some(128),
            temperature: Some(0.0),
            stop_sequences: vec!["USER:".into()],
            seed: Some(7),
            ..LlmParams::default()
        };
        let builder = OpenAiBuilder::from_vars(|name| std::env::var(name).ok())?.params(params);
        Ok(Self {
            model: builder.clone().build()?,
            builder,
            calling: None,
            form: None,
            responses: Arc::default(),
        })
    }

    fn classifying(mut self) -> Self {
        let schema = json!({
            "type": "object",
            "properties": {
                "intent": { "enum": ["respond", "tool_use", "research", "plan", "clarify"] },
                "confidence": { "type": "number" },
            },
            "required": ["intent", "confidence"],
            "additionalProperties": false,
        });
        self.form = Some(Arc::new(OutputSchema::new("intent", schema)));
        self
    }

    fn calling(mut self) -> Result<Self, SetupError> {
        let choice = json!({ "type": "function", "function": { "name": "calculator" } });
        let builder = self.builder.clone().body_field("tool_choice", choice);
        self.calling = Some(builder.build()?);
        Ok(self)
    }
}

#[async_trait]
impl Model for Directed {
    fn provider(&self) -> Str {
        self.model.provider()
    }

    fn name(&self) -> Str {
        self.model.name()
    }

    fn call(&self) -> LlmCall {
        self.model.call()
    }

    async fn respond(
        &self,
        mut request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        request.output = self.form.as_deref();
        let begins = matches!(request.messages.last(), Some(Message::User(_)));
        let calling = self.calling.as_ref().filter(|_| begins);
        if calling.is_none() {
            request.tools = &[];
        }
        let model = calling.unwrap_or(&self.model);
        let reply = model.respond(request, deltas).await?;
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
