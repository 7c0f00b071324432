//! A session's turns.

use kaos_hooks::audit::AuditHook;
use kaos_hooks::{Hooks, Subagent, SubagentOutcome, Turn, TurnOutcome, TurnSummary};

use super::{Shown, key};
use crate::audit::Scratch;

fn said(text: &'static str) -> TurnSummary {
    TurnSummary {
        text: text.into(),
        ..TurnSummary::default()
    }
}

#[tokio::test]
async fn a_sub_agents_answer_is_not_its_callers() {
    let scratch = Scratch::new("ui-inner");
    let audit = AuditHook::builder(scratch.path())
        .signing_key(key())
        .open()
        .unwrap();
    let hooks = Hooks::new(audit.clone());
    for answer in [None, Some("the caller's")] {
        let turn = hooks.turn(Turn::new("assistant").session("s-1"));
        let call = turn.open(Subagent::new("researcher"));
        let inner = call.turn(Turn::new("researcher"));
        inner.emit(said("the sub-agent's"));
        inner.complete(TurnOutcome::default());
        call.complete(SubagentOutcome::default());
        if let Some(answer) = answer {
            turn.emit(said(answer));
        }
        turn.complete(TurnOutcome::default());
    }
    audit.shutdown().await.unwrap();
    let shown = Shown::of(scratch.path()).await;
    shown.once("/api/runs", |it| it["found"] == 2).await;
    let session = shown.get("/api/session?name=s-1").await.json();
    let turns = session["turns"].as_array().unwrap().iter();
    let answers: Vec<_> = turns.map(|it| it["answer"].as_str()).collect();
    assert_eq!(answers, [None, Some("the caller's")], "{session}");
}
