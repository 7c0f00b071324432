//! Conversations that last: what is kept of them, by whom, and what is shown to the model.

mod fits;
mod seats;
mod strict;

use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::{EventBuf, PhaseBuf, Value};
use kaos_runner::{
    Agent, FunctionModel, Limits, MemorySessions, Message, ModelError, ModelErrorKind, ModelReply,
    Runner, Scripted, SessionBounds, SessionStore as _, SessionTurn, TurnErrorKind,
};
use kaos_tests::agents::{Act, Scripted as ScriptedTool};
use kaos_tests::session_store::{contract, kept};

/// A model that calls `tool` this often, then answers.
fn busy(calls: usize) -> FunctionModel {
    let each = (0..calls).map(|at| ModelReply::call(format!("c-{at}"), "tool", "{}"));
    FunctionModel::script(each.chain([ModelReply::text("Done.")]))
}

/// That every call has its result right behind it, and every result its call.
#[track_caller]
fn assert_whole(messages: &[Message]) {
    let mut open: Vec<&str> = Vec::new();
    for message in messages {
        match message {
            Message::Tool(result) => {
                let at = open.iter().position(|id| result.call_id == *id);
                open.remove(at.expect("a result has its call"));
            }
            other => {
                assert!(open.is_empty(), "without a result: {open:?}");
                if let Message::Assistant(said) = other {
                    open.extend(said.tool_calls().map(|call| call.id.as_str()));
                }
            }
        }
    }
    assert!(open.is_empty(), "without a result: {open:?}");
}

fn many_steps() -> Limits {
    Limits {
        steps: 100,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_store_in_memory_does_what_stores_do() {
    contract(Arc::new(MemorySessions::default())).await;
}

#[tokio::test]
async fn a_large_turn_keeps_its_question_and_every_call_its_result() {
    // Of 118 messages, the last hundred were kept once, and of 202 nothing.
    for calls in [0, 1, 58, 99] {
        let agent = Agent::new("assistant", busy(calls))
            .tool(ScriptedTool::new("tool", Act::Give("fine")))
            .limits(many_steps());
        let runner = Runner::new(agent);
        runner.turn("The question.", "s").await.unwrap();
        let turns = runner.session_store().load("s").await.unwrap();
        let messages = &turns[0].messages;
        assert_eq!(messages.len(), 2 + 2 * calls);
        assert_eq!(messages[0].text(), "The question.");
        assert_whole(messages);
    }
}

#[tokio::test]
async fn a_session_over_its_bounds_forgets_whole_turns_the_oldest_first() {
    let rows = [
        (
            "tokens",
            SessionBounds {
                session_tokens: 150,
                ..SessionBounds::default()
            },
        ),
        (
            "bytes",
            SessionBounds {
                session_bytes: 2_000,
                ..SessionBounds::default()
            },
        ),
    ];
    for (what, bounds) in rows {
        let model = FunctionModel::answer("a".repeat(40));
        let store = MemorySessions::new(bounds.clone());
        let runner = Runner::new(Agent::new("assistant", model)).sessions(store.clone());
        for number in 1..=40_u32 {
            let reply = runner
                .turn(format!("question {number}"), "s")
                .await
                .unwrap();
            assert_eq!(reply.remembered(), Ok(()));
            let turns = kept(&store, "s").await;
            let last = (number, format!("question {number}"));
            assert_eq!(turns.last(), Some(&last), "{what}");
            let first = turns[0].0;
            let numbers: Vec<u32> = turns.iter().map(|(number, _)| *number).collect();
            assert_eq!(
                numbers,
                (first..=number).collect::<Vec<_>>(),
                "{what}: no gap"
            );
        }
        let summary = &store.list(1).await.unwrap()[0];
        assert!(
            summary.turns > 2 && summary.turns < 20,
            "{what}: {summary:?}"
        );
        assert!(summary.tokens <= bounds.session_tokens && summary.bytes <= bounds.session_bytes);
    }
}

#[tokio::test]
async fn a_turn_that_is_larger_than_a_session_keeps_what_was_asked_and_answered() {
    let bounds = SessionBounds {
        session_tokens: 500,
        ..SessionBounds::default()
    };
    // The results go first, then the calls; what cannot be kept at all is said not to be.
    let long: &'static str = "long ".repeat(2_000).leak();
    let rows = [
        (3, "Short.".to_owned(), 8),
        (80, "Short.".to_owned(), 2),
        (0, "long ".repeat(2_000), 0),
    ];
    for (calls, question, messages) in rows {
        let store = MemorySessions::new(bounds.clone());
        let agent = Agent::new("assistant", busy(calls))
            .tool(ScriptedTool::new("tool", Act::Give(long)))
            .limits(many_steps());
        let runner = Runner::new(agent).sessions(store.clone());
        let reply = runner.turn(question.clone(), "s").await.unwrap();
        let turns = store.load("s").await.unwrap();
        let Some(turn) = turns.first() else {
            assert_eq!(messages, 0);
            assert_eq!(reply.remembered().unwrap_err().kind(), "session_too_large");
            continue;
        };
        assert_eq!(turn.messages.len(), messages);
        assert_eq!(turn.messages[0].text(), question);
        assert_eq!(turn.messages.last().unwrap().text(), "Done.");
        assert_whole(&turn.messages);
    }
}

#[tokio::test]
async fn of_too_many_sessions_the_one_not_used_for_longest_goes() {
    let rows = [
        SessionBounds {
            sessions: 50,
            ..SessionBounds::default()
        },
        SessionBounds {
            bytes: 20_000,
            ..SessionBounds::default()
        },
    ];
    for bounds in rows {
        let store = MemorySessions::new(bounds.clone());
        let agent = Agent::new("assistant", FunctionModel::answer("a".repeat(100)));
        let runner = Runner::new(agent).sessions(store.clone());
        for number in 0..200 {
            runner.turn("Hi!", format!("s-{number}")).await.unwrap();
            runner.turn("Hi!", "often").await.unwrap();
        }
        let listed = store.list(1_000).await.unwrap();
        assert!(listed.len() <= bounds.sessions, "{}", listed.len());
        let size = |it: &kaos_runner::SessionSummary| it.bytes + it.session.len();
        assert!(listed.iter().map(size).sum::<usize>() <= bounds.bytes);
        assert_eq!(listed[0].session, "often");
        assert_eq!(listed[1].session, "s-199");
        assert!(listed.len() > 2 && store.load("s-0").await.unwrap().is_empty());
    }
}

/// What the next turn's model sees of a turn that failed.
async fn seen_after(script: Vec<Scripted>, limits: Limits) -> (String, Vec<Message>) {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let script = FunctionModel::script(script);
    let agent = Agent::new("assistant", script)
        .tool(ScriptedTool::new("works", Act::Give("fine")))
        .tool(ScriptedTool::new("hangs", Act::Hang(Arc::default())))
        .limits(limits);
    let store = MemorySessions::default();
    let failed = Runner::new(agent)
        .sessions(store.clone())
        .turn("One.", "s")
        .await;
    let why = failed.unwrap_err();
    let noted = Arc::clone(&seen);
    let next = FunctionModel::new(move |request| {
        *noted.lock().unwrap() = request.messages.to_vec();
        Ok(ModelReply::text("Yes."))
    });
    let runner = Runner::new(Agent::new("assistant", next)).sessions(store);
    runner.turn("Two.", "s").await.unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_whole(&seen);
    assert_eq!(seen.last().unwrap().text(), "Two.");
    (why.kind().to_string(), seen)
}

#[tokio::test(start_paused = true)]
async fn a_failed_turn_is_remembered_as_far_as_it_is_valid() {
    let works = || Scripted::from(ModelReply::call("1", "works", "{}"));
    let both = || ModelReply::call("1", "works", "{}").and_call("2", "hangs", "{}");
    let error = |kind| Scripted::from(ModelError::new(kind, "no"));
    let no_result = "error: the turn ended before there was a result";
    let rows: Vec<(&str, Vec<Scripted>, Vec<&str>)> = vec![
        (
            "nothing was answered",
            vec![error(ModelErrorKind::Connection)],
            vec!["One."],
        ),
        (
            "a tool ran",
            vec![works(), error(ModelErrorKind::ServerError)],
            vec!["One.", "", "fine"],
        ),
        (
            "a tool hung, beside one that ran",
            vec![both().into()],
            vec!["One.", "", "fine", no_result],
        ),
        (
            "the steps ran out",
            vec![works(), works()],
            vec!["One.", "", "fine", "", "fine"],
        ),
        // What the model refuses now it would refuse for ever.
        (
            "the question was refused",
            vec![error(ModelErrorKind::ContentFilter)],
            vec![],
        ),
        (
            "the question was wrong",
            vec![error(ModelErrorKind::InvalidRequest)],
            vec![],
        ),
        (
            "the question was too long",
            vec![error(ModelErrorKind::ContextLength)],
            vec![],
        ),
        (
            "a result was refused",
            vec![works(), error(ModelErrorKind::ContentFilter)],
            vec!["One.", "", no_result],
        ),
    ];
    for (what, script, expected) in rows {
        let limits = Limits {
            steps: 2,
            turn: Duration::from_secs(10),
            ..Limits::default()
        };
        let (_, seen) = seen_after(script, limits).await;
        let texts: Vec<_> = seen.iter().map(Message::text).collect();
        let (last, before) = texts.split_last().unwrap();
        assert_eq!(before, expected, "{what}");
        assert_eq!(last, "Two.", "{what}");
    }
}

#[tokio::test]
async fn a_conversation_that_the_caller_keeps_is_not_kept_twice() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let model = FunctionModel::new(move |request| {
        *noted.lock().unwrap() = request.messages.to_vec();
        Ok(ModelReply::text("Yes."))
    });
    let runner = Runner::new(Agent::new("assistant", model));
    runner.turn("In the store.", "s").await.unwrap();
    let mut history = vec![Message::user("a"), Message::assistant("b")];
    let reply = runner
        .turn("c", "s")
        .history(history.clone())
        .await
        .unwrap();
    let texts = |messages: &[Message]| {
        messages
            .iter()
            .map(|it| it.text().into_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(&seen.lock().unwrap()), ["a", "b", "c"]);
    assert_eq!(texts(reply.messages()), ["c", "Yes."]);
    history.extend_from_slice(reply.messages());
    runner
        .turn(vec![Message::user("d"), Message::user("e")], "s")
        .history(history)
        .await
        .unwrap();
    assert_eq!(
        texts(&seen.lock().unwrap()),
        ["a", "b", "c", "Yes.", "d", "e"]
    );
    let kept = runner.session_store().load("s").await.unwrap();
    assert_eq!(kept.len(), 1, "the store was not touched");
}

#[tokio::test]
async fn a_session_can_be_read_listed_and_forgotten() {
    let runner = Runner::new(Agent::new("assistant", FunctionModel::answer("Hello.")));
    let store = Arc::clone(runner.session_store());
    runner.turn("Hi!", "a").await.unwrap();
    runner.turn("Hi!", "").await.unwrap();
    let turns: Vec<SessionTurn> = store.load("a").await.unwrap();
    assert_eq!(turns[0].messages[1].text(), "Hello.");
    assert_eq!(
        store.list(10).await.unwrap().len(),
        1,
        "the anonymous session is not kept"
    );
    assert!(store.forget("a").await.unwrap());
    assert_eq!(store.list(10).await.unwrap(), []);
}

/// What a turn's span said on the way, and the values of its run.
fn notes(events: &[EventBuf]) -> Vec<String> {
    let note = |event: &EventBuf| match (&event.span().map(|span| &span.phase), event.value()) {
        (Some(PhaseBuf::Progress(progress)), _) => Some(progress.note.to_string()),
        (_, Some(Value::HistoryTrimmed(it))) => Some(format!("trimmed: {}", it.reason)),
        _ => None,
    };
    events.iter().filter_map(note).collect()
}

/// `error.type` of a turn's failure.
fn kind(why: &TurnErrorKind) -> &'static str {
    match why {
        TurnErrorKind::SessionBusy => "session_busy",
        TurnErrorKind::Session(error) => error.kind(),
        _ => "other",
    }
}
