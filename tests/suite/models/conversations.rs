//! Random conversations against strict endpoints, and streams that are damaged at random.

use std::time::{Duration, Instant};

use kaos_runner::models::Retries;
use kaos_runner::testing::{Answer, Api, ModelServer, Strict};
use kaos_runner::{
    Agent, AnthropicModel, Deltas, FinishReason, FunctionModel, Message, Model, ModelReply,
    ModelRequest, OpenAiModel, Runner, TurnErrorKind,
};
use kaos_tests::agents::{Act, Scripted};
use proptest::prelude::*;
use serde_json::json;
use tokio_stream::StreamExt as _;

use super::both::{APIS, model};

/// What the endpoint does for one request.
#[derive(Debug, Clone)]
enum Does {
    Says(ModelReply),
    /// A stream with these texts taken out of it.
    Odd(ModelReply, Vec<&'static str>),
    /// A stream that breaks after so many events.
    Breaks(ModelReply, usize),
    Refuses(&'static str),
}

impl Does {
    fn answer(&self, api: Api, streamed: bool) -> Answer {
        match self {
            Self::Says(reply) => api.answer(reply, streamed),
            Self::Odd(reply, without) => {
                let all = api.stream(reply).into_iter();
                Answer::stream(all.map(|event| {
                    without
                        .iter()
                        .fold(event, |event, text| event.replace(text, ""))
                }))
            }
            Self::Breaks(reply, after) => {
                let all = api.stream(reply).into_iter().take(*after);
                Answer::stream_head().chunks(all).close()
            }
            Self::Refuses(status) => Answer::new(status, &[], "no"),
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(" \n".to_owned()),
        Just("Hello.".to_owned()),
        "\\PC{1,20}",
    ]
}

fn reply(thoughts: bool) -> impl Strategy<Value = ModelReply> {
    let id = prop_oneof![
        Just(""),
        Just("call_0"),
        Just("odd id!"),
        Just("x"),
        Just("toolu_01")
    ];
    let name = prop_oneof![
        Just("left"),
        Just("files_read"),
        Just("helper"),
        Just("absent"),
        Just("no such tool"),
        Just(""),
    ];
    let arguments = prop_oneof![
        Just("{}"),
        Just(r#"{"task":"look"}"#),
        Just(""),
        Just("{"),
        Just("null"),
        Just("[1]"),
        Just("\"{}\""),
        Just("{\"a\": \"\\ud800\"}"),
        Just("not JSON"),
        Just("{\"a\":1}{\"a\":2}"),
    ];
    let calls = proptest::collection::vec((id, name, arguments), 0..4);
    let reason = prop_oneof![
        4 => Just(None), 1 => Just(Some(FinishReason::Length)), 1 => Just(Some(FinishReason::ContentFilter)),
    ];
    (text(), calls, reason, any::<bool>()).prop_map(move |(text, calls, reason, thinks)| {
        let reply = calls
            .into_iter()
            .fold(ModelReply::text(text), |reply, (id, name, arguments)| {
                reply.and_call(id, name, arguments)
            });
        let reply = if thoughts || thinks {
            reply.reasoning("Hm.")
        } else {
            reply
        };
        ModelReply {
            finish_reason: reason,
            ..reply
        }
    })
}

fn does(thoughts: bool) -> impl Strategy<Value = Does> {
    let out = prop_oneof![
        Just(r#""index":0,"#),
        Just(r#""id":"call_0","#),
        Just(r#""id":"x","#),
        Just(r#""type":"function""#),
        Just("data: [DONE]\n\n"),
        Just(r#""name":"left""#),
    ];
    let without = proptest::collection::vec(out, 1..4);
    prop_oneof![
        6 => reply(thoughts).prop_map(Does::Says),
        2 => (reply(thoughts), without).prop_map(|(reply, without)| Does::Odd(reply, without)),
        1 => (reply(thoughts), 0_usize..8).prop_map(|(reply, after)| Does::Breaks(reply, after)),
        1 => prop_oneof![Just("400 Bad Request"), Just("500 Internal Server Error")].prop_map(Does::Refuses),
    ]
}

fn patient_to_none(api: Api, url: &str) -> std::sync::Arc<dyn Model> {
    let once = Retries {
        attempts: 1,
        ..Retries::default()
    };
    match api {
        Api::ChatCompletions => std::sync::Arc::new(
            OpenAiModel::builder(url, "m")
                .retries(once)
                .build()
                .unwrap(),
        ),
        Api::Messages => std::sync::Arc::new(
            AnthropicModel::builder("m")
                .base_url(url)
                .retries(once)
                .build()
                .unwrap(),
        ),
    }
}

/// One session that lasts until everything was done.
async fn converse(api: Api, strict: Strict, does: &[Does], streamed: bool, questions: &[String]) {
    let answers = does.iter().map(|does| does.answer(api, streamed));
    let server = ModelServer::strict(strict, answers).await;
    let agent = Agent::new("assistant", patient_to_none(api, server.url()))
        .tool(Scripted::new("left", Act::Give("")))
        .tool(Scripted::new("files.read", Act::Fail("no")).with_schema(json!({ "type": "null" })))
        .tool(Scripted::new("left", Act::Give("again")))
        .subagent(Agent::new("helper", FunctionModel::answer("Yes.")));
    let runner = Runner::new(agent);
    let mut questions = questions.iter().cycle();
    while server.requests().len() < does.len() {
        let question = questions.next().cloned().unwrap_or_default();
        let ended = if streamed {
            let mut events = runner.run(question, "s");
            while events.next().await.is_some() {}
            events.into_reply().await
        } else {
            runner.turn(question, "s").await
        };
        if let Err(error) = ended {
            assert!(!matches!(error.kind(), TurnErrorKind::ModelPanicked));
        }
    }
    assert_eq!(server.refusals(), Vec::<String>::new());
}

fn cases() -> u32 {
    let cases = std::env::var("KAOS_CONVERSATIONS").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn no_conversation_is_refused(
        does in proptest::collection::vec(does(false), 1..12),
        questions in proptest::collection::vec(text(), 1..4),
        streamed in any::<bool>(),
    ) {
        for api in APIS {
            let strict = Strict::default().knows("reasoning_content");
            run(converse(api, strict, &does, streamed, &questions));
        }
    }

    #[test]
    fn no_conversation_with_thoughts_is_refused(
        does in proptest::collection::vec(does(true), 1..12),
        questions in proptest::collection::vec(text(), 1..4),
        streamed in any::<bool>(),
    ) {
        let strict = Strict::default().wants_thoughts();
        run(converse(Api::Messages, strict, &does, streamed, &questions));
    }
}

/// Anything that stands where a schema should, from the words of schemas.
fn schema() -> impl Strategy<Value = serde_json::Value> {
    let key = || {
        prop_oneof![
            Just("type"),
            Just("properties"),
            Just("items"),
            Just("required"),
            Just("enum"),
            Just("anyOf"),
            Just("oneOf"),
            Just("$ref"),
            Just("$defs"),
            Just("description"),
            Just("minimum"),
            Just("const"),
            Just("a"),
            Just("$top"),
            Just("additionalProperties"),
            Just("format"),
            Just("not"),
            Just("null"),
        ]
    };
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(1)),
        Just(json!("object")),
        Just(json!("array")),
        Just(json!("null")),
        Just(json!("string")),
        Just(json!("a")),
        Just(json!("#/$defs/a")),
        Just(json!("#")),
        Just(json!("https://example.com/schema")),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let object = proptest::collection::vec((key(), inner.clone()), 0..5);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(serde_json::Value::from),
            object.prop_map(|fields| fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4 * cases()))]

    #[test]
    fn whatever_a_tool_calls_its_schema_does_not_block_the_turn(schema in schema()) {
        run(async {
            for (api, strict) in [
                (Api::ChatCompletions, Strict::default()),
                (Api::ChatCompletions, Strict::default().open_api()),
                (Api::Messages, Strict::default()),
            ] {
                let open_api = format!("{strict:?}").contains("open_api: true");
                let server = ModelServer::strict(strict, [api.answer(&ModelReply::text("Hi."), false)]).await;
                let model: std::sync::Arc<dyn Model> = if open_api {
                    let model = OpenAiModel::builder(server.url(), "m").provider("gcp.gemini");
                    std::sync::Arc::new(model.build().unwrap())
                } else {
                    patient_to_none(api, server.url())
                };
                let tool = Scripted::new("odd", Act::Give("")).with_schema(schema.clone());
                let answered = Runner::new(Agent::new("assistant", model).tool(tool)).turn("Hi!", "s").await;
                assert_eq!(server.refusals(), Vec::<String>::new());
                answered.unwrap();
            }
        });
    }
}

/// A stream with everything in it.
fn rich(api: Api) -> Vec<u8> {
    let reply = ModelReply::text("Grüße 🎈, 7 € – 「七」\n")
        .and_call("call-1", "absent", "{\"ö\":1}")
        .and_call("call-2", "left", "{}")
        .reasoning("Hm, 🎈.");
    let line_ends = ["\n", "\r\n", "\r"];
    let events = api.stream(&reply).into_iter().enumerate();
    let events = events.map(|(at, event)| event.replace('\n', line_ends[at % 3]));
    format!(": keep-alive\r\n\r\n{}", events.collect::<String>()).into_bytes()
}

/// Asks a model for a streamed answer; what was handed on is what the reply says.
async fn ask(model: &dyn Model) -> Option<ModelReply> {
    let hooks = kaos_hooks::Hooks::default();
    let (deltas, heard) = Deltas::recorded();
    let request = ModelRequest {
        instructions: "",
        messages: &[Message::user("Hi!")],
        tools: &[],
        stream: true,
        output: None,
        params: None,
        hooks: &hooks,
    };
    let reply = model.respond(request, &deltas).await.ok()?;
    assert_eq!(
        heard.text(),
        reply.message.joined_text(),
        "no text is lost, and none made up"
    );
    Some(reply)
}

#[tokio::test]
async fn every_split_of_a_stream_gives_the_same_reply() {
    for api in APIS {
        let stream = rich(api);
        let splits = (0..=stream.len()).map(|at| {
            let (head, tail) = stream.split_at(at);
            Answer::stream([head, tail])
        });
        let server = ModelServer::start(splits.chain([Answer::stream(stream.chunks(1))])).await;
        let model = model(api, server.url());
        let whole = ask(&*model).await.unwrap();
        assert_eq!(whole.message.joined_text(), "Grüße 🎈, 7 € – 「七」\n");
        assert_eq!(whole.message.tool_calls().count(), 2);
        for at in 1..=stream.len() + 1 {
            assert_eq!(
                ask(&*model).await.as_ref(),
                Some(&whole),
                "{api:?}, split at {at}"
            );
        }
    }
}

/// For `KAOS_FUZZ_SECONDS`, by default one.
#[tokio::test]
async fn damaged_streams_end_in_a_reply_or_an_error_and_lose_no_text() {
    let seconds = std::env::var("KAOS_FUZZ_SECONDS").ok();
    let seconds = seconds
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(1);
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut ended = [0_u64; 2];
    while Instant::now() < until {
        for api in APIS {
            let answers: Vec<Answer> = (0..64)
                .map(|_| {
                    let damaged = random.damage(rich(api));
                    let size = 1 + random.below(damaged.len().max(1));
                    Answer::stream(damaged.chunks(size))
                })
                .collect();
            let server = ModelServer::start(answers).await;
            let model = patient_to_none(api, server.url());
            for _ in 0..64 {
                let replied = ask(&*model).await.is_some();
                ended[usize::from(replied)] += 1;
            }
        }
    }
    assert!(
        ended.iter().all(|count| *count > 0),
        "failed and answered: {ended:?}"
    );
    println!("{} failed, {} answered", ended[0], ended[1]);
}

/// An xorshift generator: the same damage every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }

    fn damage(&mut self, mut stream: Vec<u8>) -> Vec<u8> {
        const BITS: [&[u8]; 14] = [
            b"\n\n",
            b"data: ",
            b"\"",
            b"\\ud800",
            b"null",
            b"{",
            b"}",
            b"[",
            b"]",
            b"1e999",
            b"-",
            b"\xff",
            b"event: error\n",
            b"\\",
        ];
        for _ in 0..=self.below(4) {
            let at = self.below(stream.len());
            let long = self.below(40);
            match self.below(5) {
                0 => stream[at] = u8::try_from(self.below(256)).unwrap(),
                1 => drop(stream.drain(at..(at + long).min(stream.len()))),
                2 => {
                    let piece: Vec<u8> = stream[at..(at + long).min(stream.len())].to_vec();
                    stream.splice(at..at, piece);
                }
                3 => drop(stream.splice(at..at, BITS[self.below(BITS.len())].iter().copied())),
                _ => stream.truncate(at.max(1)),
            }
            if stream.is_empty() {
                stream.push(b'\n');
            }
        }
        stream
    }
}
