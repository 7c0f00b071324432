//! What the runner's spans say when things go right and wrong, by a table written by hand: of each
//! span all the names of the conventions that it has, and the values that matter.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::{LlmCall, Str};
use kaos_otel_hook::{SpanNames, Telemetry};
use kaos_runner::mcp::McpServer;
use kaos_runner::models::Retries;
use kaos_runner::{
    Agent, Deltas, FinishReason, FunctionModel, IntentBy, Model, ModelError, ModelErrorKind,
    ModelReply, ModelRequest, OpenAiModel, OutputSchema, Runner, Scripted,
};
use kaos_tests::agents::{Act, Scripted as Tool};
use kaos_tests::mcp_server::{OverHttp, Server};
use kaos_tests::nobody::Nobody;
use opentelemetry_sdk::trace::SpanData;
use serde_json::json;

/// A script that says of itself what a provider's client would.
struct OpenAi(FunctionModel);

#[async_trait]
impl Model for OpenAi {
    fn provider(&self) -> Str {
        "openai".into()
    }

    fn name(&self) -> Str {
        "gpt-4o".into()
    }

    fn call(&self) -> LlmCall {
        LlmCall::new(self.provider(), self.name())
    }

    async fn respond(
        &self,
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        self.0.respond(request, deltas).await
    }
}

fn assistant(model: impl Model) -> Agent {
    Agent::new("assistant", model).intent(IntentBy::Off)
}

fn scripted<R: Into<Scripted>>(replies: impl IntoIterator<Item = R>) -> Agent {
    assistant(OpenAi(FunctionModel::script(replies)))
}

fn done() -> ModelReply {
    ended(
        ModelReply::text("36 months.").usage(30, 5),
        FinishReason::Stop,
    )
}

fn ended(reply: ModelReply, reason: FinishReason) -> ModelReply {
    ModelReply {
        response_id: Some("r-1".into()),
        response_model: Some("gpt-4o-2024".into()),
        finish_reason: Some(reason),
        ..reply
    }
}

fn called(tool: &'static str) -> ModelReply {
    let call = ModelReply::call("call-1", tool, "{}");
    ended(call.usage(10, 2), FinishReason::ToolCall)
}

/// The spans of one turn, under the conventions' names.
async fn spans(agent: Agent, form: Option<OutputSchema>) -> Vec<SpanData> {
    kaos_tests::subscribed();
    let (telemetry, memory) = Telemetry::in_memory();
    let telemetry = telemetry.with_names(SpanNames::GenAi);
    let runner = Runner::new(agent).hooks(telemetry.hooks());
    let mut turn = runner.turn("How long?", "session-1");
    if let Some(form) = form {
        turn = turn.output(form);
    }
    let _answered_or_not = turn.await;
    memory.spans()
}

/// All that a span says by the conventions' names, a value behind those that the table gives one.
#[track_caller]
fn check(spans: &[SpanData], name: &str, expected: &[&str]) {
    const OURS: [&str; 7] = [
        "gen_ai.", "mcp.", "server.", "error.", "jsonrpc.", "rpc.", "network.",
    ];
    let span = spans.iter().find(|span| span.name == name);
    let span = span.unwrap_or_else(|| panic!("no span {name}"));
    let said = span.attributes.iter();
    let said = said.filter(|it| OURS.iter().any(|of| it.key.as_str().starts_with(of)));
    let said = said.map(|it| {
        let whole = format!("{}={}", it.key, it.value);
        if expected.contains(&&*whole) {
            whole
        } else {
            it.key.to_string()
        }
    });
    let said: BTreeSet<String> = said.collect();
    let expected: BTreeSet<String> = expected.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(said, expected, "{name}");
}

const TURN: [&str; 3] = [
    "gen_ai.operation.name=invoke_agent",
    "gen_ai.agent.name=assistant",
    "gen_ai.conversation.id=session-1",
];
const CHAT: [&str; 4] = [
    "gen_ai.operation.name=chat",
    "gen_ai.provider.name=openai",
    "gen_ai.request.model=gpt-4o",
    "gen_ai.conversation.id=session-1",
];
const ANSWERED: [&str; 5] = [
    "gen_ai.response.id=r-1",
    "gen_ai.response.model=gpt-4o-2024",
    r#"gen_ai.response.finish_reasons=["stop"]"#,
    "gen_ai.usage.input_tokens=30",
    "gen_ai.usage.output_tokens=5",
];
const OF_ANSWER: [&str; 4] = [
    "gen_ai.request.model=gpt-4o",
    r#"gen_ai.response.finish_reasons=["stop"]"#,
    "gen_ai.usage.input_tokens=30",
    "gen_ai.usage.output_tokens=5",
];

#[tokio::test]
async fn an_answer_after_a_retry_is_an_answer() {
    let answer = Scripted::from(done()).after_retry(ModelErrorKind::RateLimited, Duration::ZERO);
    let spans = spans(scripted([answer]), None).await;
    check(&spans, "chat gpt-4o", &[&CHAT[..], &ANSWERED].concat());
    check(
        &spans,
        "invoke_agent assistant",
        &[&TURN[..], &OF_ANSWER].concat(),
    );
}

#[tokio::test]
async fn a_turn_that_fails_late_says_what_it_used() {
    let down = ModelError::new(ModelErrorKind::ServerError, "try again");
    let agent =
        scripted([Ok(called("search")), Err(down)]).tool(Tool::new("search", Act::Give("x")));
    let spans = spans(agent, None).await;
    let used = [
        "gen_ai.request.model=gpt-4o",
        "gen_ai.usage.input_tokens=10",
        "gen_ai.usage.output_tokens=2",
        "gen_ai.response.finish_reasons",
        "error.type=server_error",
    ];
    check(
        &spans,
        "invoke_agent assistant",
        &[&TURN[..], &used].concat(),
    );
    let tool = [
        "gen_ai.operation.name=execute_tool",
        "gen_ai.tool.name=search",
        "gen_ai.tool.type=function",
        "gen_ai.tool.call.id=call-1",
        "gen_ai.agent.name=assistant",
    ];
    check(&spans, "execute_tool search", &tool);
    let failed: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "chat gpt-4o")
        .collect();
    let failed = std::slice::from_ref(failed[1]);
    let why = [
        "error.type=server_error",
        r#"gen_ai.response.finish_reasons=["error"]"#,
    ];
    check(failed, "chat gpt-4o", &[&CHAT[..], &why].concat());
}

#[tokio::test]
async fn an_answer_of_a_form_says_so() {
    let schema = json!({ "type": "object", "properties": { "months": { "type": "integer" } } });
    let answer = ended(
        ModelReply::text(r#"{"months":36}"#).usage(30, 5),
        FinishReason::Stop,
    );
    let spans = spans(scripted([answer]), Some(OutputSchema::new("lease", schema))).await;
    let form = ["gen_ai.output.type=json"];
    check(
        &spans,
        "chat gpt-4o",
        &[&CHAT[..], &ANSWERED, &form].concat(),
    );
    check(
        &spans,
        "invoke_agent assistant",
        &[&TURN[..], &OF_ANSWER, &form].concat(),
    );
}

#[tokio::test]
async fn a_model_that_is_not_there_says_where_it_should_be() {
    let nobody = Nobody::listens();
    let url = format!("{}/v1", nobody.url());
    let retries = Retries {
        attempts: 1,
        ..Retries::default()
    };
    let model = OpenAiModel::builder(url, "gpt-4o").retries(retries);
    let spans = spans(assistant(model.build().unwrap()), None).await;
    let why = [
        "error.type=connection",
        r#"gen_ai.response.finish_reasons=["error"]"#,
        "server.address=127.0.0.1",
        "server.port",
    ];
    check(&spans, "chat gpt-4o", &[&CHAT[..], &why].concat());
    let why = ["error.type=connection", "gen_ai.request.model=gpt-4o"];
    check(
        &spans,
        "invoke_agent assistant",
        &[&TURN[..], &why].concat(),
    );
}

#[tokio::test]
async fn a_tool_of_a_server_says_how_it_was_asked() {
    let http = OverHttp::start(Server::default()).await;
    let nothing: [&str; 0] = [];
    let child = McpServer::stdio(env!("CARGO_BIN_EXE_mcp_stdio_server"), nothing);
    let over_http: &[&str] = &[
        "network.transport=tcp",
        "network.protocol.name=http",
        "server.address=127.0.0.1",
        "server.port",
        "mcp.session.id",
    ];
    let over_pipes: &[&str] = &["network.transport=pipe"];
    for (server, over) in [
        (McpServer::http(http.url()), over_http),
        (child, over_pipes),
    ] {
        let server = server.discovery_limit(Duration::from_secs(60));
        let agent = scripted([called("meta"), done()]).tools_from(server);
        let spans = spans(agent, None).await;
        let request = ["mcp.protocol.version", "jsonrpc.request.id"];
        let tool = [
            "gen_ai.operation.name=execute_tool",
            "gen_ai.tool.name=meta",
            "gen_ai.tool.type=extension",
            "gen_ai.tool.call.id=call-1",
            "gen_ai.agent.name=assistant",
            "mcp.method.name=tools/call",
        ];
        check(
            &spans,
            "execute_tool meta",
            &[&tool[..], &request, over].concat(),
        );
        for (name, method) in [
            ("initialize", "mcp.method.name=initialize"),
            ("tools/list", "mcp.method.name=tools/list"),
        ] {
            check(&spans, name, &[&[method][..], &request, over].concat());
        }
    }
}
