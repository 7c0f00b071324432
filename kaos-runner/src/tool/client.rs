use std::fmt;
use std::sync::Arc;

use kaos_hooks::Str;
use serde_json::{Value, json};
use tracing::Level;

use super::context::{ClientSide, Question};
use crate::{ToolContext, ToolError};

/// The client that called a served tool, for what only it can do while the tool works:
/// [`ToolContext::client`].
///
/// Clients of the Model Context Protocol without a session (version 2026-07-28 and later, or a server with
/// `sessions(0)`) cannot be asked anything: that is the error
/// `no_session`. The protocol has deprecated sampling and logging in that version.
#[derive(Clone)]
pub struct ToolClient {
    side: Arc<dyn ClientSide>,
    context: ToolContext,
}

/// What somebody at the client answered.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Elicited {
    /// This, which the client says is of the form that was asked for. It is not checked.
    Accepted(Value),
    /// Nothing: they do not want to.
    Declined,
    /// Nothing: they closed the question.
    Cancelled,
}

impl ToolClient {
    /// Tells the client, not the log, a line: `notifications/message`. One with a session hears lines of INFO
    /// and above unless it chose otherwise (`logging/setLevel`), one without those that the request asks for.
    pub async fn log(&self, level: Level, text: impl Into<Str>) {
        self.side.log(level, text.into()).await;
    }

    /// Asks the model behind the client: `sampling/createMessage`, a span of its own inside the call's.
    /// Gives the answer's text.
    ///
    /// # Errors
    ///
    /// `missing_capability`: the client has not said that it can; passed on by the tool, one without a session
    /// is told so as the protocol has it (-32021). `no_session`. `client_error`: it refused.
    /// `connection`: it is gone. `bad_response`: its answer has no text. It may think as long as the tool may
    /// take.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the client is told that nobody waits any more.
    pub async fn sample(
        &self,
        prompt: impl Into<Str>,
        max_tokens: u32,
    ) -> Result<String, ToolError> {
        let content = json!({ "type": "text", "text": prompt.into().as_str() });
        let params = json!({
            "messages": [{ "role": "user", "content": content }],
            "maxTokens": max_tokens,
        });
        let answer = self.ask(Question::Sampling, params).await?;
        // One part, or a list of them.
        let text = answer.pointer("/content/text");
        let text = text.or_else(|| answer.pointer("/content/0/text"));
        let text = text.and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| ToolError::of_kind("bad_response", "the client's model said no text"))
    }

    /// Asks whoever sits before the client for what this JSON schema describes, an object of plain values:
    /// `elicitation/create`, a span of its own inside the call's.
    ///
    /// # Errors
    ///
    /// As [`sample`](Self::sample).
    ///
    /// # Cancel safety
    ///
    /// Dropped, the client is told that nobody waits any more.
    pub async fn elicit(
        &self,
        message: impl Into<Str>,
        schema: Value,
    ) -> Result<Elicited, ToolError> {
        let message = message.into();
        let params = json!({ "message": message.as_str(), "requestedSchema": schema });
        let mut answer = self.ask(Question::Elicitation, params).await?;
        match answer["action"].as_str() {
            Some("accept") => Ok(Elicited::Accepted(answer["content"].take())),
            Some("decline") => Ok(Elicited::Declined),
            Some("cancel") => Ok(Elicited::Cancelled),
            _ => Err(ToolError::of_kind(
                "bad_response",
                "the client did not say what became of the question",
            )),
        }
    }

    async fn ask(&self, question: Question, params: Value) -> Result<Value, ToolError> {
        self.side.ask(question, params, &self.context).await
    }
}

impl fmt::Debug for ToolClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolClient").finish_non_exhaustive()
    }
}

impl ToolContext {
    /// The client of a tool server that called the tool; `None` in an agent's turn.
    pub fn client(&self) -> Option<ToolClient> {
        Some(ToolClient {
            side: self.client_side()?,
            context: self.clone(),
        })
    }
}
