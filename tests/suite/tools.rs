//! What becomes of the tools a model asks for, natively or by blocks in its text.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kaos_hooks::{EventBuf, Gate, GateError, PhaseBuf, ToolRequest, Verdict};
use kaos_runner::{
    Agent, FunctionTool, Limits, Message, ModelReply, Runner, Tool, ToolAnnotations, ToolContext,
    ToolError, ToolListing, ToolOutput, ToolSource, ToolSpec,
};
use kaos_tests::agents::{self, Act, Asked, Scripted, scripted, watched};
use kaos_tests::observed::Observed;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Notify;

#[derive(Deserialize, JsonSchema)]
struct Multiply {
    a: i64,
    b: i64,
}

fn multiply() -> FunctionTool {
    let work = |call: Multiply| async move { Ok((call.a * call.b).to_string()) };
    FunctionTool::new("multiply", "Multiplies.", work).read_only()
}

/// How the spans of tools ended, in order: `error.type`, or `ok`.
fn ends(events: &[EventBuf]) -> Vec<String> {
    let tools = events.iter().filter_map(EventBuf::span).filter(|span| {
        let name = span.name();
        name.as_str().starts_with("tool.")
    });
    tools
        .filter_map(|span| match &span.phase {
            PhaseBuf::Complete(..) => Some(String::from("ok")),
            PhaseBuf::Error(failure, ..) => Some(failure.kind.to_string()),
            _ => None,
        })
        .collect()
}

/// One call of `multiply`, and what the model is told of it.
async fn told(arguments: &'static str) -> (Vec<String>, String) {
    let call = ModelReply::call("1", "multiply", arguments);
    let (model, asked) = watched([call, ModelReply::text("done")]);
    let observed = Observed::new(agents::agent("assistant", model).tool(multiply()));
    observed.runner.turn("Work.", "s").await.unwrap();
    observed.assert_sound();
    (ends(&observed.recorder.events()), asked.results().concat())
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_so_that_the_model_can_correct_them() {
    let rows = [
        (r#"{"a":6,"b":7}"#, "ok", "42"),
        (
            r#"{"a":"six","b":7}"#,
            "invalid_arguments",
            r#"error: the arguments do not fit the schema: /a: "six" is not of type "integer""#,
        ),
        (
            r#"{"a":6}"#,
            "invalid_arguments",
            r#"error: the arguments do not fit the schema: arguments: "b" is a required property"#,
        ),
        (
            "",
            "invalid_arguments",
            r#"error: the arguments do not fit the schema: arguments: "a" is a required property; arguments: "b" is a required property"#,
        ),
        (
            r#"{"a":"#,
            "invalid_arguments",
            "error: the arguments are no JSON: EOF while parsing a value at line 1 column 5",
        ),
    ];
    for (arguments, end, expected) in rows {
        let (ended, result) = told(arguments).await;
        assert_eq!(ended, [end], "{arguments}");
        assert_eq!(result, expected, "{arguments}");
    }
}

#[tokio::test]
async fn arguments_are_checked_before_the_gates_and_again_when_a_gate_rewrote_them() {
    struct Rewrites(Arc<AtomicUsize>);

    #[async_trait]
    impl Gate for Rewrites {
        async fn before_tool_call(&self, call: &ToolRequest<'_>) -> Result<Verdict, GateError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            assert_eq!(call.annotations, ToolAnnotations::READ_ONLY);
            Ok(Verdict::Rewrite(r#"{"a":null}"#.into()))
        }
    }

    let wrong = ModelReply::call("1", "multiply", "[]");
    let right = ModelReply::call("2", "multiply", r#"{"a":6,"b":7}"#);
    let (model, asked) = watched([wrong, right, ModelReply::text("done")]);
    let gate = Arc::new(AtomicUsize::new(0));
    let runner = Runner::new(agents::agent("assistant", model).tool(multiply()));
    let runner = runner.hooks(Rewrites(Arc::clone(&gate)));
    runner.turn("Work.", "s").await.unwrap();
    assert_eq!(gate.load(Ordering::SeqCst), 1);
    let results = asked.results();
    assert!(
        results[0].contains("[] is not of type \"object\""),
        "{results:?}"
    );
    assert!(
        results[1].contains("/a: null is not of type"),
        "{results:?}"
    );
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_result() {
    let call = ModelReply::call("1", "levitate", "{}");
    let (model, asked) = watched([call, ModelReply::text("I cannot.")]);
    let observed = Observed::new(agents::agent("assistant", model).tool(multiply()));
    let reply = observed.runner.turn("Fly.", "s").await.unwrap();
    assert_eq!(reply.text(), "I cannot.");
    assert_eq!(ends(&observed.recorder.events()), ["unknown_tool"]);
    assert_eq!(asked.results(), ["there is no tool named levitate"]);
}

#[tokio::test]
async fn a_result_is_cut_at_a_character_and_its_size_told() {
    let call = ModelReply::call("1", "long", "{}");
    let (model, asked) = watched([call, ModelReply::text("done")]);
    let limits = Limits {
        tool_result: 5,
        ..Limits::default()
    };
    let agent = agents::agent("assistant", model).limits(limits);
    let observed = Observed::new(agent.tool(Scripted::new("long", Act::Give("äöüß"))));
    observed.runner.turn("Work.", "s").await.unwrap();
    assert_eq!(asked.results(), ["äö\n[cut: the first 4 of 8 bytes]"]);
    let lines: Vec<String> = observed
        .recorder
        .events()
        .iter()
        .map(EventBuf::to_line)
        .collect();
    assert!(lines.concat().contains(r#""result_bytes":8"#), "{lines:?}");
    observed.assert_sound();
}

#[tokio::test(start_paused = true)]
async fn a_tool_s_own_time_limit_goes_before_the_agent_s() {
    struct Slow(ToolSpec);

    #[async_trait]
    impl Tool for Slow {
        fn spec(&self) -> &ToolSpec {
            &self.0
        }

        async fn call(&self, _: &str, _: &ToolContext) -> Result<ToolOutput, ToolError> {
            tokio::time::sleep(Duration::from_secs(90)).await;
            Ok("late".into())
        }
    }

    let slow = |name: &'static str, limit: Option<u64>| {
        let mut spec = ToolSpec::new(name, "", json!({}));
        spec.time_limit = limit.map(Duration::from_secs);
        Slow(spec)
    };
    let calls = ModelReply::call("1", "patient", "{}")
        .and_call("2", "quick", "{}")
        .and_call("3", "usual", "{}");
    let (model, asked) = watched([calls, ModelReply::text("done")]);
    let agent = agents::agent("assistant", model)
        .tool(slow("patient", Some(100)))
        .tool(slow("quick", Some(1)))
        .tool(slow("usual", None));
    let observed = Observed::new(agent);
    observed.runner.turn("Work.", "s").await.unwrap();
    let expected = [
        "late",
        "error: no result within 1s",
        "error: no result within 60s",
    ];
    assert_eq!(asked.results(), expected);
}

/// Counts how many of it run at once.
struct Crowd {
    spec: ToolSpec,
    now: AtomicUsize,
    most: Arc<AtomicUsize>,
}

#[async_trait]
impl Tool for Crowd {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: &str, _: &ToolContext) -> Result<ToolOutput, ToolError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(arguments.to_owned().into())
    }
}

#[tokio::test]
async fn two_hundred_calls_in_one_step_run_eight_at_a_time_and_answer_in_order() {
    let calls = (0..200).fold(ModelReply::default(), |reply, at| {
        reply.and_call(format!("{at}"), "crowd", format!(r#"{{"at":{at}}}"#))
    });
    let (model, asked) = watched([calls, ModelReply::text("done")]);
    let most = Arc::new(AtomicUsize::new(0));
    let crowd = Crowd {
        spec: ToolSpec::new("crowd", "", json!({ "type": "object" })),
        now: AtomicUsize::new(0),
        most: Arc::clone(&most),
    };
    let observed = Observed::new(agents::agent("assistant", model).tool(crowd));
    observed.runner.turn("Work.", "s").await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 8);
    let expected: Vec<String> = (0..200).map(|at| format!(r#"{{"at":{at}}}"#)).collect();
    assert_eq!(asked.results(), expected);
    assert_eq!(ends(&observed.recorder.events()).len(), 200);
    observed.assert_sound();
}

#[test]
fn tools_may_do_anything_unless_they_say_otherwise() {
    let spec = ToolSpec::new("any", "", json!({}));
    let anything = ToolAnnotations {
        read_only: false,
        destructive: true,
        idempotent: false,
    };
    assert_eq!(spec.annotations, anything);
    assert_eq!(multiply().spec().annotations, ToolAnnotations::READ_ONLY);
}

/// An agent that is answered by these texts and calls tools by blocks.
fn fenced(texts: &[&'static str]) -> (Agent, Asked) {
    let (model, asked) = watched(texts.iter().map(|text| ModelReply::text(*text)));
    let agent = agents::agent("assistant", model).instructions("Be brief.");
    (agent.fenced_tools(true).tool(multiply()), asked)
}

const BLOCK: &str = "Let me see.\n```tool_call\n{\"tool\": \"multiply\", \"arguments\": {\"a\": 6, \"b\": 7}}\n```\n";

#[tokio::test]
async fn a_block_in_the_text_calls_a_tool() {
    let (agent, asked) = fenced(&[BLOCK, "It is 42."]);
    let observed = Observed::new(agent);
    let reply = observed.runner.turn("6*7?", "s").await.unwrap();
    assert_eq!(reply.text(), "It is 42.");
    observed.assert_tree(
        "
        agent.turn
          agent.intent_classification
          agent.step.1
            model.inference
            tool.multiply
          agent.step.2
            model.inference
        ",
    );
    let requests = asked.requests();
    let told = &requests[0].instructions;
    assert!(
        told.starts_with("Be brief.\n\nTo use a tool, write a block"),
        "{told}"
    );
    assert!(told.contains("- multiply: Multiplies. {"), "{told}");
    assert!(requests[0].tools.is_empty());
    let call = r#"{"arguments":{"a":6,"b":7},"tool":"multiply"}"#;
    let expected = [
        Message::user("6*7?"),
        Message::assistant(format!("Let me see.\n\n```tool_call\n{call}\n```")),
        Message::user("Result of multiply:\n42"),
    ];
    assert_eq!(requests[1].messages, expected);
}

#[tokio::test]
async fn a_block_gives_work_to_another_agent() {
    let block = "```delegate\n{\"agent\": \"researcher\", \"task\": \"Find it.\"}\n```";
    let (agent, asked) = fenced(&[block, "Found."]);
    let researcher = scripted("researcher", [ModelReply::text("In clause 4.")]);
    let observed = Observed::new(agent.subagent(researcher.description("Finds things.")));
    observed.runner.turn("Where?", "s").await.unwrap();
    let requests = asked.requests();
    let told = &requests[0].instructions;
    assert!(told.contains("- researcher: Finds things.\n"), "{told}");
    let result = requests[1].messages.last();
    assert_eq!(
        result,
        Some(&Message::user("Result of researcher:\nIn clause 4."))
    );
    observed.assert_sound();
}

#[tokio::test]
async fn a_block_that_cannot_be_read_is_answered_with_what_is_wrong() {
    let rows = [
        (
            "```tool_call\n{\"tool\": \"multiply\", arguments: {}}\n```",
            "The tool_call block cannot be read: key must be a string at line 1 column 22. Write ",
        ),
        (
            "```delegate\n{\"agent\": \"researcher\"}\n```",
            "The delegate block cannot be read: missing field `task`",
        ),
        (
            "```tool_call\n{\"tool\": \"multiply\"}",
            "The tool_call block has no end: close it with ```.",
        ),
    ];
    for (text, expected) in rows {
        let (agent, asked) = fenced(&[text, "Sorry."]);
        let observed = Observed::new(agent);
        let reply = observed.runner.turn("6*7?", "s").await.unwrap();
        assert_eq!(reply.text(), "Sorry.");
        let requests = asked.requests();
        let correction = requests[1].messages.last().unwrap().text();
        assert!(correction.starts_with(expected), "{correction}");
        let events = observed.recorder.events();
        let noted = events.iter().filter_map(EventBuf::span).any(
            |span| matches!(&span.phase, PhaseBuf::Progress(it) if it.note == "malformed_block"),
        );
        assert!(noted, "the step says so");
        observed.assert_sound();
    }
}

#[tokio::test]
async fn a_readable_block_runs_beside_one_that_is_not() {
    let both = format!("{BLOCK}```tool_call\nno\n```");
    let (model, asked) = watched([ModelReply::text(both), ModelReply::text("done")]);
    let agent = agents::agent("assistant", model).fenced_tools(true);
    let observed = Observed::new(agent.tool(multiply()));
    observed.runner.turn("6*7?", "s").await.unwrap();
    let requests = asked.requests();
    let told = requests[1].messages.last().unwrap().text();
    let expected = "Result of multiply:\n42\nThe tool_call block cannot be read";
    assert!(told.starts_with(expected), "{told}");
}

#[tokio::test]
async fn a_block_inside_another_block_is_only_text() {
    let example = "````markdown\n```tool_call\n{\"tool\": \"multiply\"}\n```\n````";
    let (agent, _) = fenced(&[example]);
    let reply = Runner::new(agent).turn("How do I call a tool?", "s").await;
    assert_eq!(reply.unwrap().text(), example);
}

/// Tools that are not known beforehand.
struct Shelf(&'static str, Result<Vec<Scripted>, &'static str>);

#[async_trait]
impl ToolSource for Shelf {
    fn name(&self) -> &str {
        self.0
    }

    async fn tools(&self, _: &ToolContext) -> Result<ToolListing, ToolError> {
        let tools = self
            .1
            .clone()
            .map_err(|kind| ToolError::of_kind(kind, "down"))?;
        let tools = tools.into_iter().map(|tool| Arc::new(tool) as _);
        Ok(tools.collect::<Vec<_>>().into())
    }
}

#[tokio::test]
async fn names_that_clash_get_their_source_s_name_in_front() {
    let tool = |name| Scripted::new(name, Act::Give(name));
    let calls = ModelReply::call("1", "b_read", "{}").and_call("2", "write", "{}");
    let (model, asked) = watched([calls, ModelReply::text("done")]);
    let agent = agents::agent("assistant", model)
        .tool(tool("list"))
        .tool(tool("a_list"))
        .subagent(scripted("helper", []))
        .tools_from(Shelf(
            "a",
            Ok(vec![tool("read"), tool("list"), tool("helper")]),
        ))
        .tools_from(Shelf("b", Ok(vec![tool("read"), tool("write")])));
    Runner::new(agent).turn("Work.", "s").await.unwrap();
    let expected = [
        "list", "a_list", "helper", "a_read", "a_list_2", "a_helper", "b_read", "write",
    ];
    assert_eq!(asked.requests()[0].tools, expected);
    assert_eq!(asked.results(), ["read", "write"]);
}

#[tokio::test]
async fn a_source_that_is_down_is_missing_and_the_turn_says_so() {
    let up = Shelf("up", Ok(vec![Scripted::new("read", Act::Give("text"))]));
    let (model, asked) = watched([ModelReply::text("done")]);
    let agent = agents::agent("assistant", model)
        .tools_from(Shelf("down", Err("connection")))
        .tools_from(up);
    let observed = Observed::new(agent);
    observed.runner.turn("Work.", "s").await.unwrap();
    assert_eq!(asked.requests()[0].tools, ["read"]);
    let said =
        observed
            .recorder
            .events()
            .into_iter()
            .find_map(|event| match &event.span()?.phase {
                PhaseBuf::Progress(it) if it.note == "tools_missing" => Some(event.to_line()),
                _ => None,
            });
    let said = said.unwrap();
    assert!(said.contains("\"source\":\"down\""), "{said}");
    assert!(said.contains("\"error.type\":\"connection\""), "{said}");
    observed.assert_sound();
}

#[tokio::test]
async fn a_tool_dropped_with_its_turn_is_cancelled() {
    let began = Arc::new(Notify::new());
    let call = ModelReply::call("1", "hang", "{}");
    let agent =
        scripted("assistant", [call]).tool(Scripted::new("hang", Act::Hang(Arc::clone(&began))));
    let observed = Observed::new(agent);
    tokio::select! {
        _ = observed.runner.turn("Work.", "s").into_future() => panic!("it hangs"),
        () = began.notified() => {}
    }
    observed.assert_sound();
}
