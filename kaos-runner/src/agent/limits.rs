use std::time::Duration;

/// What a turn may use.
///
/// At a limit the turn ends with a `BudgetExceeded` event and an error that says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Steps of one turn. Default: 10.
    pub steps: u32,
    /// Wall time of one turn, from its beginning: waiting for its session and finding tools are part
    /// of it. Default: 5 minutes.
    pub turn: Duration,
    /// Wall time of one tool call, unless the tool has a limit of its own, and of finding the tools of
    /// one source. A sub-agent's turn has its own limit instead. Default: 60 seconds.
    pub tool: Duration,
    /// How much of a result, a tool's or a sub-agent's, or of its error, is kept and shown to the model,
    /// in bytes; a mark says that it was cut. Default: 256 KiB.
    ///
    /// Too small, and the model works with half an answer; too large, and one result fills the
    /// model's context, and every later request carries it.
    pub tool_result: usize,
    /// Calls of tools and sub-agents in one turn. What a model asks for beyond them is not begun.
    /// Default: 500.
    pub tool_calls: u32,
    /// Wall time of finding out by model what a message asks for. Default: 10 seconds.
    pub intent: Duration,
    /// Tools of one step that run at once; at least 1. Default: 8.
    pub tools_at_once: usize,
    /// Tokens of one turn, input and output, sub-agents included; see
    /// [`TokenBudget`](crate::TokenBudget). Default: no limit.
    pub tokens: Option<u64>,
    /// Tokens of one request, by estimate: the oldest turns of the conversation are left out of what
    /// is larger. The smaller of this and [`Model::context`](crate::Model::context) counts. Default: the
    /// model's alone, and where nobody knows it, a model that refuses a request is asked once more with
    /// less.
    pub context: Option<u64>,
    /// Wall time of reading from the session's store, and of writing to it. Default: 10 seconds.
    pub session: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 10,
            turn: Duration::from_secs(5 * 60),
            tool: Duration::from_secs(60),
            tool_result: 256 * 1024,
            tool_calls: 500,
            intent: Duration::from_secs(10),
            tools_at_once: 8,
            tokens: None,
            context: None,
            session: Duration::from_secs(10),
        }
    }
}
