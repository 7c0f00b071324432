//! Agents and tools that the tests script.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kaos_runner::{
    Agent, FunctionModel, Message, Model, ModelReply, Tool, ToolContext, ToolError, ToolOutput,
    ToolSpec,
};
use serde_json::json;
use tokio::sync::Notify;

use crate::served::Served;

/// What a scripted tool does when it is called.
#[derive(Debug, Clone)]
pub enum Act {
    /// Gives this result.
    Give(&'static str),
    /// Fails with this message.
    Fail(&'static str),
    /// Panics.
    Panic,
    /// Says that it began, and never ends.
    Hang(Arc<Notify>),
    /// Lets other tasks go first, then gives this result.
    Yield(&'static str),
    /// Gives a result after this time; for paused clocks.
    After(Duration, &'static str),
}

/// A tool that does as it is told, and counts how often it did.
#[derive(Debug, Clone)]
pub struct Scripted {
    spec: ToolSpec,
    act: Act,
    ran: Arc<AtomicUsize>,
    saw: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Scripted {
    /// A tool with this name.
    pub fn new(name: &'static str, act: Act) -> Self {
        let spec = ToolSpec::new(name, "A tool of the tests.", json!({ "type": "object" }));
        Self {
            spec,
            act,
            ran: Arc::default(),
            saw: Arc::default(),
        }
    }

    /// The same tool, which changes nothing.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.spec.annotations.read_only = true;
        self
    }

    /// The same tool with this schema.
    #[must_use]
    pub fn with_schema(mut self, schema: serde_json::Value) -> Self {
        self.spec.schema = schema;
        self
    }

    /// How often it ran.
    pub fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }

    /// The arguments it was called with.
    ///
    /// # Panics
    ///
    /// If a call panicked while noting its arguments.
    pub fn saw(&self) -> Vec<String> {
        self.saw.lock().unwrap().clone()
    }
}

#[async_trait]
impl Tool for Scripted {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: &str, _context: &ToolContext) -> Result<ToolOutput, ToolError> {
        self.ran.fetch_add(1, Ordering::SeqCst);
        self.saw.lock().unwrap().push(arguments.to_owned());
        match &self.act {
            Act::Give(result) => Ok((*result).into()),
            Act::Fail(message) => Err(ToolError::new(*message)),
            Act::Panic => panic!("a tool of the tests panics"),
            Act::Hang(began) => {
                began.notify_one();
                std::future::pending().await
            }
            Act::Yield(result) => {
                tokio::task::yield_now().await;
                Ok((*result).into())
            }
            Act::After(time, result) => {
                tokio::time::sleep(*time).await;
                Ok((*result).into())
            }
        }
    }
}

/// A reply that calls these tools or sub-agents, with empty arguments.
pub fn calls(names: &[&'static str]) -> ModelReply {
    names
        .iter()
        .zip(1..)
        .fold(ModelReply::default(), |reply, (name, at)| {
            reply.and_call(format!("call-{at}"), *name, r#"{"task":"work"}"#)
        })
}

/// An agent of a scenario. Its model is served by a strict endpoint where the environment says so
/// ([`served`](crate::served)).
pub fn agent(name: &'static str, model: impl Model) -> Agent {
    Agent::new(name, Served::new(model))
}

/// An agent that gives these replies, one a request.
pub fn scripted(name: &'static str, replies: impl IntoIterator<Item = ModelReply>) -> Agent {
    agent(name, FunctionModel::script(replies))
}

/// What a model was asked, request by request.
#[derive(Debug, Clone, Default)]
pub struct Asked(Arc<std::sync::Mutex<Vec<Request>>>);

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// What the model was told to be.
    pub instructions: String,
    /// The conversation.
    pub messages: Vec<Message>,
    /// The names of what it may call.
    pub tools: Vec<String>,
}

impl Asked {
    /// The requests so far.
    ///
    /// # Panics
    ///
    /// If a request panicked while being noted.
    pub fn requests(&self) -> Vec<Request> {
        self.0.lock().unwrap().clone()
    }

    /// The results of tools in the last request, in the order asked for.
    pub fn results(&self) -> Vec<String> {
        let last = self.requests().pop();
        let messages = last.map(|last| last.messages).unwrap_or_default();
        let content = messages.into_iter().filter_map(|message| match message {
            Message::Tool(result) => Some(result.output.text().into_owned()),
            _ => None,
        });
        content.collect()
    }
}

/// A model that gives these replies, one a request, and what it was asked.
///
/// # Panics
///
/// The model panics at a request beyond the last.
pub fn watched(replies: impl IntoIterator<Item = ModelReply>) -> (FunctionModel, Asked) {
    let replies: VecDeque<ModelReply> = replies.into_iter().collect();
    let replies = std::sync::Mutex::new(replies);
    let asked = Asked::default();
    let noted = asked.clone();
    let model = FunctionModel::new(move |request| {
        let names = request.tools.iter().map(|tool| tool.name.to_string());
        noted.0.lock().unwrap().push(Request {
            instructions: request.instructions.to_owned(),
            messages: request.messages.to_vec(),
            tools: names.collect(),
        });
        Ok(replies.lock().unwrap().pop_front().unwrap())
    });
    (model, asked)
}
