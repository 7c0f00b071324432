/// What kind of content a text is.
///
/// Closed: who decides about content must decide about each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentKind {
    /// What a person or another agent asked.
    Input,
    /// What a model is sent: a JSON list of messages, as [`LlmCall::input`](crate::LlmCall::input).
    InputMessages,
    /// What an agent answered.
    Output,
    /// What a model answered: a JSON list of messages, as [`LlmOutcome::output`](crate::LlmOutcome::output).
    OutputMessages,
    /// What an agent or a tool is told to be: instructions, descriptions, definitions.
    Instructions,
    /// What a model thought aloud.
    Thinking,
    /// The arguments of a tool call.
    Arguments,
    /// The result of a tool call.
    Result,
    /// The text of an error, or of a refusal.
    Error,
}
