//! What an agent remembers: the ancestors' events, within bounds, with the ids of spans, and nothing secret.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use kaos_hooks::memory::{
    MemoryBounds, MemoryEvent, MemoryEventType, MemoryFound, MemoryHook, MemoryQuery,
};
use kaos_hooks::redact::{ContentPolicies, ContentPolicy, HashKey, Redactor};
use kaos_hooks::{
    Attributes, Failure, Hooks, Step, Subagent, SubagentOutcome, ToolCall, ToolOutcome, Turn,
    TurnOutcome,
};
use kaos_otel_hook::Telemetry;
use serde_json::{Value, json};

use crate::redact::canary::CANARIES;

/// What two generations of the ancestor answered; where it comes from stands in it.
const ANCESTOR: &str = include_str!("../support/memory-ancestor.json");

fn ancestor() -> Value {
    serde_json::from_str(ANCESTOR).unwrap()
}

fn all(memory: &MemoryHook) -> MemoryFound {
    memory.find(&MemoryQuery {
        limit: 1_000_000,
        ..MemoryQuery::default()
    })
}

/// What is said in a turn in which everything happens.
struct Words<'w> {
    session: &'w str,
    asked: &'w str,
    arguments: String,
    result: String,
    error: &'w str,
    task: &'w str,
    response: &'w str,
    answer: &'w str,
}

const WORDS: Words<'_> = Words {
    session: "s-1",
    asked: "[tool] add 2 and 3",
    arguments: String::new(),
    result: String::new(),
    error: "no such file",
    task: "count them",
    response: "three",
    answer: "The tool said: {\"result\": 5}",
};

/// A turn in which everything happens: a tool with a result and one without, an agent with an answer and
/// one without; then one that fails, and one that is given up.
fn everything(hooks: &Hooks, words: &Words<'_>) {
    let turn = || {
        let mut turn = Turn::new("assistant").session(words.session.to_owned());
        turn.input = Some(words.asked.to_owned().into());
        turn
    };
    let error = || Failure::new("tool_error").message(words.error.to_owned());
    let open = hooks.turn(turn());
    let step = open.open(Step::new(1));
    for fails in [false, true] {
        let mut call = ToolCall::new("add");
        call.arguments = Some(words.arguments.clone().into());
        let call = step.open(call);
        if fails {
            call.fail(error());
        } else {
            call.complete(ToolOutcome {
                result: Some(words.result.clone().into()),
                ..ToolOutcome::default()
            });
        }
        let mut call = Subagent::new("analyst");
        call.task = Some(words.task.to_owned().into());
        let call = step.open(call);
        if fails {
            call.fail(error());
        } else {
            call.complete(SubagentOutcome {
                result: Some(words.response.to_owned().into()),
                ..SubagentOutcome::default()
            });
        }
    }
    drop(step);
    open.complete(TurnOutcome {
        text: Some(words.answer.to_owned().into()),
        ..TurnOutcome::default()
    });
    hooks.turn(turn()).fail(error());
    let mut delegated = turn();
    let mut mark = Attributes::new();
    mark.set(MemoryHook::DELEGATED, true);
    delegated.attributes = mark;
    drop(hooks.turn(delegated));
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The paths of all that a value has, and what stands there.
fn shape(at: &str, value: &Value, into: &mut BTreeMap<String, &'static str>) {
    into.insert(at.to_owned(), kind(value));
    if let Some(fields) = value.as_object() {
        for (key, value) in fields {
            shape(&format!("{at}.{key}"), value, into);
        }
    }
}

/// Where ours is of another kind than theirs, and why.
const BETTER: &[(&str, &str)] = &[
    // Today's agent writes what stands in the model's answer; ours is what a program can read.
    ("tool_call.content.arguments", "an object, not its text"),
    (
        "delegation_request.content.arguments",
        "an object, not its text",
    ),
];

#[test]
fn each_event_of_either_generation_has_its_fields_here() {
    let memory = MemoryHook::new();
    let words = Words {
        arguments: r#"{"a": 2, "b": 3}"#.to_owned(),
        result: r#"{"result": 5}"#.to_owned(),
        ..WORDS
    };
    everything(&Hooks::new(memory.clone()), &words);
    let ours: Vec<Value> = all(&memory)
        .events
        .iter()
        .map(MemoryEvent::to_json)
        .collect();
    let mut seen = BTreeSet::new();
    for generation in ["43f4851", "0.8.4"] {
        for theirs in ancestor()[generation]["events"].as_array().unwrap() {
            let event_type = theirs["event_type"].as_str().unwrap();
            seen.insert(event_type.to_owned());
            let of_type = |it: &&Value| {
                let text = theirs["content"]["result"].is_string() && event_type == "tool_result";
                it["event_type"] == event_type && !text
            };
            let Some(ours) = ours.iter().find(of_type) else {
                // A result that is no object stays a text: below.
                assert_eq!((generation, event_type), ("0.8.4", "tool_result"));
                continue;
            };
            let (mut wanted, mut given) = (BTreeMap::new(), BTreeMap::new());
            shape(event_type, theirs, &mut wanted);
            shape(event_type, ours, &mut given);
            for (path, kind) in wanted {
                if BETTER.iter().any(|(known, _)| path == *known) {
                    assert_eq!(given[&path], "object", "{path}");
                } else {
                    let inside = BETTER.iter().any(|(known, _)| path.starts_with(known));
                    assert!(
                        inside || given.get(&path) == Some(&kind),
                        "{generation} {path}: {kind}"
                    );
                }
            }
            for key in ["event_id", "timestamp"] {
                let form = |value: &Value| -> String {
                    let letter = |it: char| if it.is_ascii_digit() { '0' } else { it };
                    value[key].as_str().unwrap().chars().map(letter).collect()
                };
                let same = form(theirs) == form(ours);
                let id = |it: &Value| it[key].as_str().unwrap().len() == "event_00000000".len();
                assert!(
                    same || key == "event_id" && id(theirs) && id(ours),
                    "{ours}"
                );
            }
        }
    }
    let known = MemoryEventType::ALL.iter().map(|it| it.as_str().to_owned());
    assert_eq!(seen, known.collect::<BTreeSet<_>>());
}

#[test]
fn a_recorded_conversation_is_told_in_the_same_words() {
    let memory = MemoryHook::new();
    let hooks = Hooks::new(memory.clone());
    let mut turn = Turn::new("analyst").session("s");
    turn.input = Some("[tool] add 2 and 3".into());
    let turn = hooks.turn(turn);
    let step = turn.open(Step::new(1));
    let mut call = ToolCall::new("add");
    call.arguments = Some(r#"{"a":2,"b":3}"#.into());
    step.open(call).complete(ToolOutcome {
        result: Some(r#"{"result":5}"#.into()),
        ..ToolOutcome::default()
    });
    drop(step);
    turn.complete(TurnOutcome {
        text: Some(r#"The tool said: {"result": 5}"#.into()),
        ..TurnOutcome::default()
    });
    let found = all(&memory);
    let told = found.events.iter().map(MemoryEvent::to_json);
    let told = told.map(|it| json!({ "event_type": it["event_type"], "content": it["content"] }));
    assert_eq!(
        told.collect::<Value>(),
        ancestor()["43f4851"]["one_session"]
    );
}

#[test]
fn a_result_that_is_no_object_stays_a_text() {
    let memory = MemoryHook::new();
    let words = Words {
        arguments: "not JSON".to_owned(),
        result: "5".to_owned(),
        ..WORDS
    };
    everything(&Hooks::new(memory.clone()), &words);
    let of = |event_type| {
        let query = MemoryQuery {
            event_type: Some(event_type),
            ..MemoryQuery::default()
        };
        memory.find(&query).events[0].content.clone()
    };
    assert_eq!(
        of(MemoryEventType::ToolResult),
        json!({ "tool": "add", "result": "5" })
    );
    let call = json!({ "tool": "add", "arguments": "not JSON" });
    assert_eq!(of(MemoryEventType::ToolCall), call);
}

#[test]
fn what_has_no_result_says_why() {
    let memory = MemoryHook::new();
    everything(&Hooks::new(memory.clone()), &WORDS);
    let found = all(&memory);
    let told: Vec<(&str, &Value)> = found
        .events
        .iter()
        .filter(|it| it.content.get("error").is_some() || it.event_type == MemoryEventType::Error)
        .map(|it| (it.event_type.as_str(), &it.content))
        .collect();
    let tool = json!({ "tool": "add", "result": null, "error": "no such file" });
    let agent =
        json!({ "agent": "analyst", "error": "no such file", "tool": "delegate_to_analyst" });
    let (failed, cancelled) = (json!("no such file"), json!("cancelled"));
    let expected = [
        ("tool_result", &tool),
        ("delegation_error", &agent),
        ("error", &failed),
        ("error", &cancelled),
    ];
    assert_eq!(told, expected);
}

/// A turn of this session that says so much.
fn turn(hooks: &Hooks, session: &str, text: &str) {
    let mut turn = Turn::new("assistant").session(session.to_owned());
    turn.input = Some(text.to_owned().into());
    hooks.turn(turn).complete(TurnOutcome {
        text: Some(text.to_owned().into()),
        ..TurnOutcome::default()
    });
}

#[test]
fn a_limit_gives_the_newest_and_the_total_is_what_is_stored() {
    let memory = MemoryHook::new();
    let hooks = Hooks::new(memory.clone());
    for text in ["1", "2", "3"] {
        turn(&hooks, "a", text);
        turn(&hooks, "b", text);
    }
    let found = |pairs: &[(&str, &str)]| {
        let query = MemoryQuery::from_pairs(pairs.iter().copied()).unwrap();
        let found = memory.find(&query);
        let said = found
            .events
            .iter()
            .map(|it| it.content.as_str().unwrap().to_owned());
        (said.collect::<Vec<_>>().join(" "), found.total)
    };
    let answered = ("event_type", "agent_response");
    for (pairs, said, total) in [
        (&[][..], "1 1 1 1 2 2 2 2 3 3 3 3", 12),
        (&[("limit", "1")], "3", 12),
        (&[("limit", "5000")], "1 1 1 1 2 2 2 2 3 3 3 3", 12),
        (
            &[("limit", "99999999999999999999999")],
            "1 1 1 1 2 2 2 2 3 3 3 3",
            12,
        ),
        (&[("session_id", "a")], "1 1 2 2 3 3", 6),
        (&[("session_id", "a"), answered, ("limit", "2")], "2 3", 3),
        (&[("session_id", "nope")], "", 0),
        (&[("trace_id", "000000000000000000000000000abc01")], "", 0),
        (&[("anything", "else")], "1 1 1 1 2 2 2 2 3 3 3 3", 12),
    ] {
        assert_eq!(found(pairs), (said.to_owned(), total), "{pairs:?}");
    }
    let one = memory.find(&MemoryQuery::default()).events[0]
        .trace_id
        .to_string();
    assert_eq!(found(&[("trace_id", &one)]), ("1 1".to_owned(), 2));
    assert_eq!(memory.sessions(), ["a", "b"]);
    assert_eq!(MemoryHook::new().find(&MemoryQuery::default()).total, 0);
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    for (name, value) in [
        ("limit", "abc"),
        ("limit", "-2"),
        ("limit", "0"),
        ("limit", ""),
        ("limit", "1.5"),
        ("limit", "-99999999999999999999999"),
        ("trace_id", "abc"),
        ("trace_id", "00000000000000000000000000000000"),
        ("event_type", "nothing"),
        ("event_type", ""),
    ] {
        let refused = MemoryQuery::from_pairs([(name, value)]).unwrap_err();
        assert_eq!((refused.parameter, refused.value.as_str()), (name, value));
    }
}

#[test]
fn each_variable_is_taken_refused_or_absent() {
    let of = |name: &str, value: &str| {
        MemoryBounds::from_vars(|asked| (asked == name).then(|| value.to_owned()))
    };
    let default = MemoryBounds::default();
    assert_eq!(MemoryBounds::from_vars(|_| None), Ok(Some(default)));
    for (value, on) in [
        ("true", true),
        ("False", false),
        ("0", false),
        ("on", true),
        ("", true),
    ] {
        assert_eq!(
            of("MEMORY_ENABLED", value),
            Ok(on.then_some(default)),
            "{value}"
        );
    }
    for name in [
        "MEMORY_TYPE",
        "MEMORY_STORE_ENDPOINT",
        "MEMORY_CONTEXT_LIMIT",
    ] {
        assert_eq!(of(name, "anything"), Ok(Some(default)));
    }
    let sessions = MemoryBounds {
        sessions: 3,
        ..default
    };
    assert_eq!(of("MEMORY_MAX_SESSIONS", " 3 "), Ok(Some(sessions)));
    let events = MemoryBounds {
        session_events: 7,
        ..default
    };
    assert_eq!(of("MEMORY_MAX_SESSION_EVENTS", "7"), Ok(Some(events)));
    for (name, value) in [
        ("MEMORY_ENABLED", "maybe"),
        ("MEMORY_MAX_SESSIONS", "0"),
        ("MEMORY_MAX_SESSIONS", "-1"),
        ("MEMORY_MAX_SESSION_EVENTS", "many"),
    ] {
        let refused = of(name, value).unwrap_err();
        assert_eq!((refused.variable, refused.value.as_str()), (name, value));
    }
}

#[test]
fn what_is_remembered_stays_within_its_bounds() {
    let default = MemoryBounds::default();
    let kept = |bounds: MemoryBounds, sessions: usize, turns: usize, text: &str| {
        let memory = MemoryHook::new().bounds(bounds);
        let hooks = Hooks::new(memory.clone());
        for session in 0..sessions {
            for _ in 0..turns {
                turn(&hooks, &format!("s{session}"), text);
            }
        }
        memory
    };
    // The oldest tenth goes, at least one.
    let many = kept(
        MemoryBounds {
            sessions: 20,
            ..default
        },
        21,
        1,
        "x",
    );
    assert_eq!(many.sessions().len(), 19);
    assert_eq!(many.sessions()[0], "s2");
    let few = kept(
        MemoryBounds {
            sessions: 3,
            ..default
        },
        4,
        1,
        "x",
    );
    assert_eq!(few.sessions(), ["s1", "s2", "s3"]);
    let one = kept(
        MemoryBounds {
            session_events: 1,
            ..default
        },
        3,
        4,
        "x",
    );
    let answers = all(&one);
    assert_eq!(answers.total, 3);
    let answered = |it: &MemoryEvent| it.event_type == MemoryEventType::AgentResponse;
    assert!(answers.events.iter().all(answered));
    // By size: whole conversations, and of the last one its oldest events.
    let text = "x".repeat(1000);
    let bytes = MemoryBounds {
        bytes: 10_000,
        ..default
    };
    assert_eq!(kept(bytes, 6, 1, &text).sessions(), ["s3", "s4", "s5"]);
    let last = all(&kept(bytes, 1, 40, &text));
    assert_eq!(last.total, 7);
    // What is larger than all of it is not kept, and costs nothing else.
    let memory = kept(bytes, 1, 1, "small");
    turn(&Hooks::new(memory.clone()), "s0", &"x".repeat(20_000));
    assert_eq!(all(&memory).total, 2);
}

#[test]
fn many_write_and_read_at_once_and_nothing_is_torn_or_lost() {
    let bounds = MemoryBounds {
        sessions: 64,
        session_events: 100_000,
        ..MemoryBounds::default()
    };
    let memory = MemoryHook::new().bounds(bounds);
    let hooks = Hooks::new(memory.clone());
    let (writers, turns) = (8, 100);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut before = 0;
                while !done.load(Ordering::SeqCst) {
                    let found = all(&memory);
                    let ids: Vec<&str> =
                        found.events.iter().map(|it| it.event_id.as_str()).collect();
                    assert!(ids.is_sorted() && found.total >= before);
                    before = found.total;
                }
            });
        }
        let writing: Vec<_> = (0..writers)
            .map(|writer| {
                let hooks = &hooks;
                scope.spawn(move || {
                    for _ in 0..turns {
                        // Each its own session, and one for all.
                        turn(hooks, &format!("s{writer}"), &writer.to_string());
                        turn(hooks, "shared", &writer.to_string());
                    }
                })
            })
            .collect();
        for writer in writing {
            writer.join().unwrap();
        }
        done.store(true, Ordering::SeqCst);
    });
    let found = all(&memory);
    assert_eq!(found.total, writers * turns * 4);
    let ids: BTreeSet<&String> = found.events.iter().map(|it| &it.event_id).collect();
    assert_eq!(ids.len(), found.total);
    for writer in 0..writers {
        let query = MemoryQuery::from_pairs([("limit", "1000")]).unwrap();
        let session_id = Some(format!("s{writer}"));
        let own = memory.find(&MemoryQuery {
            session_id,
            ..query
        });
        assert_eq!(own.total, turns * 2);
        let text = json!(writer.to_string());
        assert!(own.events.iter().all(|it| it.content == text));
    }
}

#[test]
fn no_secret_is_remembered_in_the_open_under_any_policy_but_full() {
    let key = HashKey::new([7; 32]).unwrap();
    let policies = [
        ("none", ContentPolicy::None),
        ("hash", ContentPolicy::Hash(key)),
        ("redacted", ContentPolicy::Redacted),
        ("full", ContentPolicy::Full),
    ];
    for (class, make) in CANARIES {
        let canary = make(3);
        let text = format!("it says: {} ", canary.text);
        for (name, policy) in &policies {
            let stage = ContentPolicies::new(policy.clone());
            let memory = MemoryHook::new().content(stage, Redactor::new());
            let words = Words {
                session: "s-1",
                asked: &text,
                arguments: json!({ "note": text }).to_string(),
                result: text.clone(),
                error: &text,
                task: &text,
                response: &text,
                answer: &text,
            };
            everything(&Hooks::new(memory.clone()), &words);
            let told = all(&memory).events;
            let line = |it: &MemoryEvent| it.to_json().to_string();
            let shown = told
                .iter()
                .filter(|it| line(it).contains(&canary.secret))
                .count();
            if *name == "full" {
                // All but the one that says `cancelled`.
                assert_eq!(shown, told.len() - 1, "{class}");
            } else {
                assert_eq!(shown, 0, "{class} under {name}");
            }
        }
    }
}

#[test]
fn the_ids_of_every_event_are_those_of_an_exported_span() {
    let (telemetry, exported) = Telemetry::in_memory();
    let memory = MemoryHook::new();
    let hooks = Hooks::new((telemetry.hooks(), memory.clone()));
    everything(&hooks, &WORDS);
    let spans: BTreeMap<String, (String, String)> = exported
        .spans()
        .iter()
        .map(|span| {
            let context = &span.span_context;
            let (trace, id) = (
                context.trace_id().to_string(),
                context.span_id().to_string(),
            );
            (id, (trace, span.name.to_string()))
        })
        .collect();
    let found = all(&memory);
    assert!(found.total >= 13);
    for event in &found.events {
        let (trace, name) = &spans[&event.span_id.to_string()];
        assert_eq!(*trace, event.trace_id.to_string());
        let expected = match event.event_type.as_str() {
            it if it.starts_with("tool") => "tool.add",
            it if it.starts_with("delegation") => "delegate.analyst",
            _ => "agent.turn",
        };
        assert_eq!(name, expected);
    }
}
