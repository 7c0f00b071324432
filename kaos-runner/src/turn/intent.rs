//! Finding out what a message asks for.

use std::sync::{Arc, LazyLock};

use kaos_hooks::{
    Failure, Intent, IntentClassification, IntentClassified, IntentOutcome, Progress, Scope, Str,
    Turn,
};
use serde::Deserialize;
use serde_json::json;

use crate::message::estimate;
use crate::model::usage::add;
use crate::turn::genai_json;
use crate::turn::model_call::{Prompt, ask};
use crate::turn::progress::Progress as TurnProgress;
use crate::turn::setting::Setting;
use crate::{IntentBy, Message, OutputSchema, ToolSpec};

/// What was found, how sure that is (0 to 1), and why.
struct Found {
    intent: Intent,
    confidence: Option<f64>,
    reasoning: Str,
}

/// Classifies the message to answer.
pub(crate) async fn classify(
    setting: &Setting<'_>,
    turn: &Scope<Turn>,
    progress: &mut TurnProgress,
) {
    let message = match progress.conversation.own().last() {
        Some(question @ Message::User(_)) => Str::from(question.text().into_owned()),
        _ => Str::default(),
    };
    match setting.agent.intent {
        IntentBy::Off => {}
        IntentBy::Rules => {
            let scope = turn.open(IntentClassification::new("rules"));
            let found = by_rules(&message, !progress.toolbox.specs.is_empty());
            progress.intent = found.intent.clone();
            let outcome = announce(&scope, found);
            scope.complete(outcome);
        }
        IntentBy::Model => {
            let mut scope = turn.open(IntentClassification::new("model"));
            match by_model(setting, &scope, message, progress).await {
                Ok(found) => {
                    progress.intent = found.intent.clone();
                    let outcome = announce(&scope, found);
                    scope.complete(outcome);
                }
                Err(why) => {
                    progress.intent = Intent::Respond;
                    let found = Found {
                        intent: Intent::Respond,
                        confidence: None,
                        reasoning: format!("the classification failed: {}", why.kind).into(),
                    };
                    scope.progress(Progress {
                        note: Str::Static("degraded"),
                        ..Progress::default()
                    });
                    let outcome = announce(&scope, found);
                    scope.so_far(outcome);
                    scope.fail(why);
                }
            }
        }
    }
}

/// Announces what was found.
fn announce(scope: &Scope<IntentClassification>, found: Found) -> IntentOutcome {
    let (intent, confidence) = (found.intent, found.confidence);
    scope.emit(IntentClassified {
        intent: intent.clone(),
        confidence,
        reasoning: found.reasoning,
    });
    IntentOutcome {
        intent: Some(intent),
        confidence,
        ..IntentOutcome::default()
    }
}

fn by_rules(message: &str, has_tools: bool) -> Found {
    let lower = message.trim().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (intent, confidence, reasoning) = if lower.is_empty() {
        (Intent::Clarify, 0.9, "the message is empty")
    } else if has(&["plan ", "step by step", "roadmap"]) {
        (Intent::Plan, 0.6, "it asks for a plan")
    } else if has(&["research", "find out", "investigate", "compare"]) {
        (Intent::Research, 0.6, "it asks to look things up")
    } else if has_tools {
        (Intent::ToolUse, 0.5, "the agent has tools")
    } else {
        (Intent::Respond, 0.8, "nothing else was asked for")
    };
    Found {
        intent,
        confidence: Some(confidence),
        reasoning: Str::Static(reasoning),
    }
}

/// The form of the model's verdict.
static VERDICT: LazyLock<OutputSchema> = LazyLock::new(|| {
    let intents = ["respond", "tool_use", "research", "plan", "clarify"];
    let schema = json!({
        "type": "object",
        "properties": {
            "intent": { "type": "string", "enum": intents },
            "confidence": { "type": "number", "minimum": 0, "maximum": 1 },
            "reasoning": { "type": "string" },
        },
        "required": ["intent", "confidence", "reasoning"],
        "additionalProperties": false,
    });
    OutputSchema::new("intent", schema)
});

#[derive(Deserialize)]
struct Verdict {
    intent: Intent,
    confidence: f64,
    reasoning: Str,
}

async fn by_model(
    setting: &Setting<'_>,
    scope: &Scope<IntentClassification>,
    message: Str,
    progress: &mut TurnProgress,
) -> Result<Found, Failure> {
    let instructions = Str::from(instructions(&progress.toolbox.specs));
    let message = Message::user(message);
    let asked = Prompt {
        instructions: &instructions,
        tokens: estimate::message(&message),
        messages: Arc::new(vec![message]),
        tools: &[],
        stream: false,
        output: Some(&VERDICT),
        params: None,
        briefing: genai_json::instructions(&instructions),
        deltas: false,
    };
    let limit = setting.limits.intent;
    let reply = match tokio::time::timeout(limit, ask(setting, scope, asked)).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(why)) => {
            progress.own = add(progress.own, why.usage());
            return Err(why.failure());
        }
        Err(_elapsed) => {
            let why = format!("no verdict within {limit:?}");
            return Err(Failure::new("timeout").message(why));
        }
    };
    progress.own = add(progress.own, reply.usage);
    read(&reply.message.joined_text())
}

fn instructions(tools: &[ToolSpec]) -> String {
    let mut text = String::from(
        "Say what the user's message asks for: respond (an answer), tool_use (a tool), research \
         (looking things up in several steps), plan (a plan), or clarify (nothing yet: it is \
         unclear). Answer with one JSON object only: {\"intent\": …, \"confidence\": 0 to 1, \
         \"reasoning\": one sentence}.",
    );
    if !tools.is_empty() {
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        text += " The tools are: ";
        text += &names.join(", ");
        text.push('.');
    }
    text
}

fn read(text: &str) -> Result<Found, Failure> {
    let bad = |what: String| Failure::new("bad_response").message(what);
    let text = text.trim();
    // Models without structured output like to put JSON into a block.
    let text = text.strip_prefix("```json").unwrap_or(text);
    let text = text.trim_matches('`').trim();
    let verdict: Verdict =
        serde_json::from_str(text).map_err(|error| bad(format!("no verdict: {error}")))?;
    let Verdict {
        intent,
        confidence,
        reasoning,
    } = verdict;
    if let Intent::Other(name) = intent {
        return Err(bad(format!("there is no intent `{name}`")));
    }
    if !(0.0..=1.0).contains(&confidence) {
        return Err(bad(format!("{confidence} is no confidence")));
    }
    Ok(Found {
        intent,
        confidence: Some(confidence),
        reasoning,
    })
}
