/// How it is found out what a message asks for.
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, IntentBy};
///
/// let agent = Agent::new("assistant", FunctionModel::answer("Hello.")).intent(IntentBy::Off);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum IntentBy {
    /// Not at all: every message asks for an answer, and the turn has no span for it.
    Off,
    /// By a few words, without asking anybody.
    #[default]
    Rules,
    /// By the agent's model, before the first step: one more call, whose tokens are the turn's. It is
    /// asked for JSON of a fixed form. A call that fails, takes longer than
    /// [`Limits::intent`](crate::Limits::intent) or gives something else makes the intent `respond`:
    /// the span of the classification fails with the reason, and the turn goes on.
    Model,
}
