//! Scripted models behind strict endpoints: a scenario's own script, over HTTP and through a real client.

use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::resume_unwind;

use async_trait::async_trait;
use kaos_hooks::{LlmCall, Str};
use kaos_runner::models::Retries;
use kaos_runner::testing::{Answer, Api, ModelServer, Strict};
use kaos_runner::{
    AnthropicModel, Deltas, Model, ModelError, ModelReply, ModelRequest, OpenAiModel,
};

/// The variable that names a [`Wire`]: the scenarios' models are served over it.
pub const WIRE: &str = "KAOS_TEST_WIRE";

/// The variable that names a file, for a line for each request served: `taken`, or why it was not.
pub const SERVED: &str = "KAOS_TEST_SERVED";

/// A scenario has arguments of 16 MB.
const LARGEST: usize = 256 * 1024 * 1024;

/// A model API, and whether its endpoint streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    name: &'static str,
    api: Api,
    streamed: bool,
}

impl Wire {
    const fn new(name: &'static str, api: Api, streamed: bool) -> Self {
        Self {
            name,
            api,
            streamed,
        }
    }

    /// All there are.
    pub const ALL: [Self; 4] = [
        Self::new("chat", Api::ChatCompletions, false),
        Self::new("chat-streamed", Api::ChatCompletions, true),
        Self::new("messages", Api::Messages, false),
        Self::new("messages-streamed", Api::Messages, true),
    ];

    /// What [`WIRE`] calls it.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The one that the environment names.
    fn wanted() -> Option<Self> {
        let name = std::env::var(WIRE).ok()?;
        let wire = Self::ALL.into_iter().find(|wire| wire.name == name);
        Some(wire.expect("the variable names a wire"))
    }

    /// A client of this endpoint.
    fn client(self, url: &str) -> Box<dyn Model> {
        let once = Retries {
            attempts: 1,
            ..Retries::default()
        };
        match self.api {
            Api::ChatCompletions => {
                let model = OpenAiModel::builder(url, "test-model")
                    .max_response_bytes(LARGEST)
                    .retries(once);
                Box::new(model.build().unwrap())
            }
            Api::Messages => {
                let model = AnthropicModel::builder("test-model")
                    .base_url(url)
                    .max_response_bytes(LARGEST);
                Box::new(model.retries(once).build().unwrap())
            }
        }
    }

    /// Asks a strict endpoint that gives this answer.
    async fn ask(
        self,
        answer: Answer,
        request: ModelRequest<'_>,
    ) -> Result<ModelReply, ModelError> {
        let strict = Strict::default().knows("reasoning_content");
        let server = ModelServer::strict(strict, [answer]).await;
        let (deltas, heard) = Deltas::recorded();
        let answered = self.client(server.url()).respond(request, &deltas).await;
        let refusals = server.refusals();
        note(refusals.first().map_or("taken", String::as_str));
        assert_eq!(refusals, Vec::<String>::new(), "{}", self.name);
        if let Ok(reply) = &answered {
            let text = reply.message.joined_text();
            let handed_on = if self.streamed { &*text } else { "" };
            assert_eq!(heard.text(), handed_on, "{}", self.name);
        }
        answered
    }
}

fn note(line: &str) {
    if let Ok(path) = std::env::var(SERVED) {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path);
        let mut text = String::new();
        writeln!(text, "{}", line.replace('\n', " ")).unwrap();
        // One write: other tests append too.
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }
}

/// A model as the scenarios of the suite take it: itself, or, where the environment names a
/// [`Wire`], its replies as a strict endpoint of that API writes them and a client of ours reads them.
///
/// What it hands on while it answers stays its own; so do its failures, whose request the endpoint
/// judges all the same.
pub(crate) struct Served<M> {
    model: M,
    wire: Option<Wire>,
}

impl<M> Served<M> {
    pub(crate) fn new(model: M) -> Self {
        let wire = Wire::wanted();
        Self { model, wire }
    }
}

#[async_trait]
impl<M: Model> Model for Served<M> {
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
        request: ModelRequest<'_>,
        deltas: &Deltas,
    ) -> Result<ModelReply, ModelError> {
        let scripted = self.model.respond(request, deltas).await;
        let Some(wire) = self.wire else {
            return scripted;
        };
        let answer = match &scripted {
            Ok(reply) => wire.api.answer(reply, wire.streamed),
            Err(_its_own) => Answer::new("500 Internal Server Error", &[], "no"),
        };
        // A thread and a clock of its own: the scenario's clock may stand still.
        let answered = std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = { runtime }.enable_all().build().unwrap();
                runtime.block_on(wire.ask(answer, request))
            });
            asked.join().unwrap_or_else(|panic| resume_unwind(panic))
        });
        match scripted {
            Ok(_) => answered,
            Err(error) => {
                assert!(answered.is_err(), "the endpoint had failed");
                Err(error)
            }
        }
    }
}
