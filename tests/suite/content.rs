//! Content leaves with the telemetry only where the policy says, and redacted unless it says more.

mod cut;

use std::fmt::Write as _;

use kaos_hooks::Hooks;
use kaos_hooks::redact::{ContentPolicies, ContentPolicy, Field};
use kaos_otel_hook::{Capture, ContentSettings, EventIds, GenAiEvents, OTelHook, SpanNames};
use kaos_runner::{
    FinishReason, FunctionModel, ModelError, ModelReply, Runner, Tool, ToolContext, ToolError,
    ToolOutput, ToolSpec,
};
use kaos_tests::agents;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use serde_json::json;

/// A canary per place: a key that the redactor knows, told apart by its digits.
fn canary(at: usize) -> String {
    format!("sk-proj-c4nary{at}Qx7Lm2Vb9Tz4Rk8Wd3Hs6Jp1Nf5")
}

/// Where canaries are planted, in the order of their numbers.
const PLACES: [&str; 8] = [
    "prompt",
    "completion",
    "arguments",
    "result",
    "error text",
    "tool description",
    "instructions",
    "model error",
];

fn said(place: &str) -> String {
    let at = PLACES.iter().position(|known| *known == place).unwrap();
    format!("the {place} is {}", canary(at))
}

struct Planted(ToolSpec, bool);

#[async_trait::async_trait]
impl Tool for Planted {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(
        &self,
        _arguments: &str,
        _context: &ToolContext,
    ) -> Result<ToolOutput, ToolError> {
        if self.1 {
            return Err(ToolError::new(said("error text")));
        }
        Ok(said("result").into())
    }
}

fn tool(name: &'static str, fails: bool) -> Planted {
    let schema = json!({ "type": "object" });
    Planted(ToolSpec::new(name, said("tool description"), schema), fails)
}

/// One turn that answers and one whose model fails.
async fn turns(hooks: &Hooks) {
    let arguments = json!({ "note": said("arguments") }).to_string();
    let replies = [
        Ok(ModelReply::default()
            .and_call("call-1", "good", arguments.clone())
            .and_call("call-2", "bad", arguments)
            .finished(FinishReason::ToolCall)),
        Ok(ModelReply::text(said("completion")).usage(10, 5)),
        Err(ModelError::new("rate_limited", said("model error"))),
    ];
    let agent = agents::agent("assistant", FunctionModel::script(replies))
        .instructions(said("instructions"))
        .tool(tool("good", false))
        .tool(tool("bad", true));
    let runner = Runner::new(agent).hooks(hooks.clone());
    runner.turn(said("prompt"), "session-1").await.unwrap();
    runner.turn("Again.", "session-2").await.unwrap_err();
}

/// What leaves on spans, and on log events, as text.
async fn exported(names: SpanNames, content: ContentSettings) -> (String, String) {
    let (spans, logs) = (
        InMemorySpanExporter::default(),
        InMemoryLogExporter::default(),
    );
    let tracing = SdkTracerProvider::builder()
        .with_id_generator(EventIds::default())
        .with_simple_exporter(spans.clone())
        .build();
    let logging = SdkLoggerProvider::builder()
        .with_simple_exporter(logs.clone())
        .build();
    let hooks = Hooks::new((
        OTelHook::with_provider(&tracing)
            .with_names(names)
            .with_content(content.clone()),
        GenAiEvents::with_provider(&logging).with_content(content),
    ));
    turns(&hooks).await;
    let mut on_spans = String::new();
    for span in spans.get_finished_spans().unwrap() {
        let (attributes, events) = (&span.attributes, &span.events.events);
        writeln!(on_spans, "{} {:?}", span.name, span.status).unwrap();
        for attribute in attributes {
            writeln!(on_spans, "{} = {}", attribute.key, attribute.value).unwrap();
        }
        writeln!(on_spans, "{events:?}").unwrap();
    }
    let mut on_events = String::new();
    for log in logs.get_emitted_logs().unwrap() {
        writeln!(on_events, "{:?}", log.record).unwrap();
    }
    (on_spans, on_events)
}

/// The text as it might hide: plain, in base64, percent-escaped, JSON-escaped.
fn forms(canary: &str) -> [String; 4] {
    let percent = canary.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped = canary
        .chars()
        .map(|it| format!("\\u{:04x}", u32::from(it)))
        .collect();
    [
        canary.to_owned(),
        base64(canary.as_bytes()),
        percent,
        escaped,
    ]
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.chunks_exact(3).flat_map(|three| {
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[(bits >> shift) as usize & 63]))
    });
    whole.collect()
}

/// The places whose canaries are found in a text.
fn found(text: &str) -> Vec<&'static str> {
    let has = |at: &usize| forms(&canary(*at)).iter().any(|form| text.contains(form));
    let at = (0..PLACES.len()).filter(has);
    at.map(|at| PLACES[at]).collect()
}

#[tokio::test]
async fn without_a_policy_no_content_leaves() {
    for names in [SpanNames::Kaos, SpanNames::GenAi, SpanNames::Operator] {
        for content in [
            ContentSettings::default(),
            ContentSettings::new(Capture::NoContent),
        ] {
            let (spans, events) = exported(names, content).await;
            assert_eq!(found(&spans), [""; 0], "{spans}");
            assert_eq!(found(&events), [""; 0], "{events}");
            assert!(
                spans.contains("rate_limited"),
                "the type of an error is no content"
            );
            assert!(
                events.contains("gen_ai.client.operation.exception"),
                "{events}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_captured_leaves_where_it_should_and_redacted() {
    for (capture, on_spans, on_events) in [
        (Capture::SpanOnly, true, false),
        (Capture::EventOnly, false, true),
        (Capture::SpanAndEvent, true, true),
    ] {
        let (spans, events) = exported(SpanNames::Kaos, ContentSettings::new(capture)).await;
        for (text, captured) in [(&spans, on_spans), (&events, on_events)] {
            assert_eq!(found(text), [""; 0], "{text}");
            let redacted = text.contains("the prompt is <redacted:");
            assert_eq!(redacted, captured, "{capture:?}: {text}");
        }
        assert_eq!(events.contains("operation.details"), on_events, "{events}");
    }
}

#[tokio::test]
async fn under_full_everything_leaves_where_the_capture_says_and_nowhere_else() {
    let content =
        |capture| ContentSettings::new(capture).policies(ContentPolicies::new(ContentPolicy::Full));
    let (spans, events) = exported(SpanNames::Kaos, content(Capture::SpanOnly)).await;
    assert_eq!(found(&spans), PLACES, "{spans}");
    assert_eq!(found(&events), [""; 0], "{events}");
    let (spans, events) = exported(SpanNames::GenAi, content(Capture::EventOnly)).await;
    assert_eq!(found(&spans), [""; 0], "{spans}");
    assert_eq!(found(&events), PLACES, "{events}");
}

#[tokio::test]
async fn a_field_s_policy_holds_inside_messages_too() {
    for (field, kept_in) in [
        (Field::Arguments, "arguments"),
        (Field::Result, "result"),
        (Field::Output, "completion"),
    ] {
        let policies = ContentPolicies::new(ContentPolicy::Full).field(field, ContentPolicy::None);
        let content = ContentSettings::new(Capture::SpanAndEvent).policies(policies);
        let (spans, events) = exported(SpanNames::Kaos, content).await;
        // A tool's failure is no log event: there its text is a result that the model was told.
        let untold = (field == Field::Result).then_some("error text");
        for (text, untold) in [(spans, None), (events, untold)] {
            let expected: Vec<&str> = PLACES
                .into_iter()
                .filter(|place| *place != kept_in && Some(*place) != untold)
                .collect();
            assert_eq!(found(&text), expected, "{field:?}");
        }
    }
}

#[tokio::test]
async fn content_on_spans_is_json_in_the_conventions_schema() {
    let (spans, _events) =
        exported(SpanNames::GenAi, ContentSettings::new(Capture::SpanOnly)).await;
    let value = |key: &str| -> serde_json::Value {
        let line = spans
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key} = ")));
        serde_json::from_str(line.unwrap_or_else(|| panic!("no {key} in {spans}"))).unwrap()
    };
    let input = value("gen_ai.input.messages");
    assert_eq!(input[0]["role"], "user");
    assert_eq!(input[0]["parts"][0]["type"], "text");
    let output = value("gen_ai.output.messages");
    assert_eq!(output[0]["role"], "assistant");
    assert_eq!(output[0]["parts"][0]["type"], "tool_call");
    assert_eq!(output[0]["parts"][0]["name"], "good");
    assert_eq!(output[0]["finish_reason"], "tool_call");
    assert_eq!(value("gen_ai.system_instructions")[0]["type"], "text");
    assert_eq!(value("gen_ai.tool.definitions")[0]["name"], "good");
}

#[test]
fn the_capture_has_four_names_in_any_case() {
    #[track_caller]
    fn check(name: &str, expected: Option<Capture>) {
        assert_eq!(Capture::from_name(name), expected);
    }
    check("NO_CONTENT", Some(Capture::NoContent));
    check("span_only", Some(Capture::SpanOnly));
    check("EVENT_ONLY", Some(Capture::EventOnly));
    check("Span_And_Event", Some(Capture::SpanAndEvent));
    check("true", None);
    check("", None);
}
