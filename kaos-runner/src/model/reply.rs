use kaos_hooks::{Attributes, Str, Usage};

use crate::{AssistantMessage, FinishReason, Part, Reasoning, ToolUse};

/// A model's answer: text, calls, or both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelReply {
    /// What it said; without calls its text is the answer.
    pub message: AssistantMessage,
    /// Tokens; `None` when the provider does not say.
    pub usage: Option<Usage>,
    /// The provider's id of the response.
    pub response_id: Option<Str>,
    /// The model that answered.
    pub response_model: Option<Str>,
    /// Why it stopped; `None` when the provider does not say.
    pub finish_reason: Option<FinishReason>,
    /// What the call's span says besides, for example `openai.response.system_fingerprint`.
    pub attributes: Attributes,
}

impl ModelReply {
    /// An answer.
    pub fn text(text: impl Into<Str>) -> Self {
        Self {
            message: AssistantMessage::text(text),
            ..Self::default()
        }
    }

    /// A call of one tool or sub-agent.
    pub fn call(id: impl Into<Str>, name: impl Into<Str>, arguments: impl Into<Str>) -> Self {
        Self::default().and_call(id, name, arguments)
    }

    /// The same with one more call.
    #[must_use]
    pub fn and_call(
        self,
        id: impl Into<Str>,
        name: impl Into<Str>,
        arguments: impl Into<Str>,
    ) -> Self {
        self.and(Part::ToolCall(ToolUse::new(id, name, arguments)))
    }

    /// The same with these thoughts before everything else.
    #[must_use]
    pub fn reasoning(mut self, text: impl Into<Str>) -> Self {
        let reasoning = Reasoning {
            text: text.into(),
            provider: None,
        };
        self.message.parts.insert(0, Part::Reasoning(reasoning));
        self
    }

    /// The same with one more part.
    #[must_use]
    pub fn and(mut self, part: Part) -> Self {
        self.message.parts.push(part);
        self
    }

    /// The same with these tokens.
    #[must_use]
    pub fn usage(mut self, input_tokens: u64, output_tokens: u64) -> Self {
        self.usage = Some(Usage::new(input_tokens, output_tokens));
        self
    }

    /// The same, which stopped for this reason.
    #[must_use]
    pub fn finished(mut self, reason: FinishReason) -> Self {
        self.finish_reason = Some(reason);
        self
    }
}
