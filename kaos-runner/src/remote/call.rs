//! One call of an agent: one request, as its kind of server understands it.

use std::time::Duration;

use kaos_hooks::{Handle, Hooks, SubagentOutcome, Usage};
use serde_json::json;
use tokio::time::Instant;

use super::RemoteAgent;
use super::baggage::deeper;
use super::breaker::{Failure, Refused};
use super::card::Dialect;
use crate::models::{Retries, Timeouts};
use crate::{Deltas, Model as _, ModelError, ModelReply, ModelRequest, OpenAiModel, ToolError};

/// What an agent is asked, by whom.
pub(crate) struct RemoteCall<'a> {
    pub(crate) task: &'a str,
    pub(crate) hooks: &'a Hooks,
    /// The call's span, which is current while the request is made.
    pub(crate) span: Handle,
    /// The conversation that it is part of.
    pub(crate) session: Option<&'a str>,
    /// How many agents the task has passed through.
    pub(crate) depth: u32,
    /// What is left of the turn's time.
    pub(crate) left: Duration,
}

/// What begins an answer of KAOS' servers that is none.
const SORRY: &str = "Sorry, I encountered an error: ";

impl RemoteAgent {
    /// Asks it. What it told of its work is in `told`, however that ended.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it ends the request, by which the other side knows to stop.
    pub(crate) async fn ask(
        &self,
        asked: RemoteCall<'_>,
        outcome: &mut SubagentOutcome,
    ) -> Result<String, ToolError> {
        let most = self.settings.limits.depth;
        if asked.depth >= most {
            let words = format!(
                "the agent {} is not asked: the task has passed through {} agents and may pass through \
                 {most}; do it without it, or say that agents ask each other in a circle",
                self.called(),
                asked.depth
            );
            return Err(ToolError::of_kind("delegation_depth", words));
        }
        self.look_if_due();
        self.peer.admit().map_err(|why| self.refused(&why))?;
        let card = self.peer.card();
        let dialect = card.map_or_else(Dialect::default, |card| card.dialect);
        let began = Instant::now();
        let answered = match self.request(&asked, dialect).await {
            Ok(reply) => Self::read(&reply, dialect, outcome),
            Err(NoReply::Error(why)) => {
                outcome.usage = why.usage();
                Err(Failure::new(why.kind().to_owned(), why.to_string()))
            }
            Err(NoReply::Nothing(why)) => Err(why),
        };
        match answered {
            Ok(text) => {
                self.well();
                Ok(text)
            }
            Err(why) => {
                // What the turn had no time for says nothing of the agent.
                if began.elapsed() < asked.left {
                    self.ill(&why);
                }
                Err(self.error(&why))
            }
        }
    }

    fn refused(&self, refused: &Refused) -> ToolError {
        let words = format!(
            "the agent {} was not asked: {} s ago it was not well ({}), and it has not been since",
            self.called(),
            refused.ago.as_secs(),
            refused.why.message
        );
        ToolError::of_kind(refused.why.kind.clone(), words)
    }

    async fn request(
        &self,
        asked: &RemoteCall<'_>,
        dialect: Dialect,
    ) -> Result<ModelReply, NoReply> {
        let limits = &self.settings.limits;
        let total = limits.call.min(asked.left);
        let conversations = &self.peer.conversations;
        let conversation = asked
            .session
            .map(|session| conversations.take(session, self.called()))
            .filter(|it| is_legal(&it.name));
        let mut url = self.settings.url.clone();
        if let Some(url) = &mut url {
            let path = format!("{}/v1", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        let url = url.map(String::from).unwrap_or_default();
        let task = json!([{ "role": dialect.role(), "content": asked.task }]);
        let mut model = OpenAiModel::builder(url, self.called_so())
            .provider("kaos")
            .over(self.client().map_err(NoReply::Nothing)?.clone())
            .timeouts(Timeouts {
                connect: limits.connect,
                first_chunk: total,
                between_chunks: limits.silence,
                total,
            })
            .retries(Retries {
                attempts: 1,
                ..Retries::default()
            })
            .max_response_bytes(limits.bytes)
            .header("baggage", Self::baggage(asked))
            .header("x-request-timeout", format!("{:.3}", total.as_secs_f64()))
            .body_field("messages", task);
        if let Some(conversation) = &conversation {
            model = model.body_field("session_id", conversation.name.as_str());
        }
        if let Some(token) = &self.settings.bearer {
            model = model.api_key(token.as_str());
        }
        let model = model
            .build()
            .map_err(|why| NoReply::Nothing(Failure::new("connection", why.to_string())))?;
        let request = ModelRequest {
            instructions: "",
            messages: &[],
            tools: &[],
            stream: dialect.streams(),
            output: None,
            params: None,
            hooks: asked.hooks,
        };
        let deltas = Deltas::new(asked.span.clone(), false);
        model
            .respond(request, &deltas)
            .await
            .map_err(NoReply::Error)
    }

    /// The baggage that is current, a step deeper; without a hook that knows it, that of the request
    /// which is answered says the depth only.
    fn baggage(asked: &RemoteCall<'_>) -> String {
        let mut current = String::new();
        asked.hooks.inject(|name, value| {
            if name.eq_ignore_ascii_case("baggage") {
                value.clone_into(&mut current);
            }
        });
        deeper(&current, asked.depth)
    }

    /// The answer, and what it cost.
    fn read(
        reply: &ModelReply,
        dialect: Dialect,
        outcome: &mut SubagentOutcome,
    ) -> Result<String, Failure> {
        // Servers of KAOS count nothing, and say zero.
        let counted = |usage: &Usage| !dialect.says_sorry() || usage.total() > 0;
        outcome.usage = reply.usage.filter(counted);
        outcome.finish_reasons = reply.finish_reason.iter().map(Into::into).collect();
        let text = reply.message.joined_text();
        match text.strip_prefix(SORRY) {
            Some(why) if dialect.says_sorry() => {
                Err(Failure::new("agent_error", format!("it says: {why}")))
            }
            _ => Ok(text.to_string()),
        }
    }
}

/// Whether every kind of server takes it as the name of a conversation.
fn is_legal(name: &str) -> bool {
    name.len() <= 256 && name.bytes().all(|it| it.is_ascii_graphic())
}

/// What came instead of a reply.
enum NoReply {
    Error(ModelError),
    /// Nothing was sent.
    Nothing(Failure),
}
