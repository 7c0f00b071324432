use std::time::Duration;

/// What a turn may use.
///
/// At a limit the turn ends with a `BudgetExceeded` event and an error that says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Steps of one turn. Default: 10.
    pub steps: u32,
    /// Wall time of one turn. Default: 5 minutes.
    pub turn: Duration,
    /// Wall time of one tool call, unless the tool has a limit of its own. Default: 60 seconds.
    pub tool: Duration,
    /// How much of a tool's result, or of its error, is kept and shown to the model, in bytes; a
    /// mark says that it was cut. Default: 256 KiB.
    ///
    /// Too small, and the model works with half an answer; too large, and one result fills the
    /// model's context, and every later request carries it.
    pub tool_result: usize,
    /// Wall time of finding out by model what a message asks for. Default: 10 seconds.
    pub intent: Duration,
    /// Tools of one step that run at once; at least 1. Default: 8.
    pub tools_at_once: usize,
    /// Tokens of one turn, input and output, sub-agents included. Default: no limit.
    pub tokens: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 10,
            turn: Duration::from_secs(5 * 60),
            tool: Duration::from_secs(60),
            tool_result: 256 * 1024,
            intent: Duration::from_secs(10),
            tools_at_once: 8,
            tokens: None,
        }
    }
}
