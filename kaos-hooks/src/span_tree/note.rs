use kaos_events::Value;

use super::words::{grouped, human, shown};

/// Something that was said in a span, other than its beginning and end.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) at: u64,
    pub(super) text: String,
}

impl Note {
    /// What a value event says to people, if it is of their interest.
    pub(super) fn of(at: u64, value: &Value) -> Option<Self> {
        let text = match value {
            Value::GateDecided(decided) => {
                let (gate, decision) = (shown(&decided.gate), decided.decision.as_str());
                let took = human(decided.took);
                match &decided.failure {
                    Some(failure) => {
                        let failure = shown(failure);
                        format!("gate {gate}: {decision} after {took} ({failure})")
                    }
                    None => format!("gate {gate}: {decision} after {took}"),
                }
            }
            Value::ApprovalRequired(required) => {
                format!("gate {} asks a person", shown(&required.gate))
            }
            Value::IntentClassified(classified) => {
                format!("intent: {}", shown(classified.intent.as_str()))
            }
            Value::BudgetExceeded(exceeded) => {
                let (budget, limit) = (exceeded.budget.as_str(), grouped(exceeded.limit));
                format!("over the limit of {limit} for {budget}")
            }
            Value::HistoryTrimmed(trimmed) => {
                let (turns, results) = (trimmed.turns, trimmed.results);
                format!("without {turns} earlier turns and {results} results, so that it fits")
            }
            _ => return None,
        };
        Some(Self { at, text })
    }
}
