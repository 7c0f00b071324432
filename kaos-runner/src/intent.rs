//! Finding out what a message asks for, by rules.

use kaos_hooks::Intent;

/// What a message most likely asks for, how sure that is (0 to 1), and why.
pub(crate) fn classify(message: &str, has_tools: bool) -> (Intent, f64, &'static str) {
    let lower = message.trim().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if lower.is_empty() {
        return (Intent::Clarify, 0.9, "the message is empty");
    }
    if has(&["plan ", "step by step", "roadmap"]) {
        return (Intent::Plan, 0.6, "it asks for a plan");
    }
    if has(&["research", "find out", "investigate", "compare"]) {
        return (Intent::Research, 0.6, "it asks to look things up");
    }
    if has_tools {
        return (Intent::ToolUse, 0.5, "the agent has tools");
    }
    (Intent::Respond, 0.8, "nothing else was asked for")
}
