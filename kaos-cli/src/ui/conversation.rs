//! A session: its turns, one after the other.

use std::sync::Arc;

use axum::extract::State;
use kaos_hooks::{OutcomeBuf, PhaseBuf, Value as Event};
use serde_json::json;

use super::answer::{Answer, Asked, Wrong, json_of, reading};
use super::listed;
use super::shared::Shared;
use crate::runs::{Query, Recorded, about, events};

/// The most turns that are shown: the newest.
const MAX_TURNS: usize = 200;

pub(super) async fn session(State(shared): State<Arc<Shared>>, given: Asked) -> Answer {
    let name = given.text("name").map(str::to_owned);
    let name = name.ok_or_else(|| Wrong::bad("name: expected a session"))?;
    let turns = reading(move || {
        let query = Query {
            session: name,
            ..Query::default()
        };
        let trails = shared.trails();
        let (found, runs): (usize, Vec<_>) = {
            let index = shared.index();
            let found = query.find(&index);
            let runs = found.iter().take(MAX_TURNS).rev().filter_map(|it| {
                let watched = trails.get(it.key.trail)?;
                Some((watched, it.run.clone(), listed::row(it, watched)))
            });
            (found.len(), runs.collect())
        };
        let mut turns = Vec::new();
        for (watched, run, row) in runs {
            let (mut question, mut answer) = (None, None);
            // Of one that is not there any more the list has the first words.
            let _read = events(&watched.trail, &run, |Recorded { event, .. }| {
                // A sub-agent's turn has an answer, too.
                if about(&event) != run.root {
                    return;
                }
                if let Some(Event::TurnSummary(summary)) = event.value() {
                    answer = Some(summary.text.to_string());
                }
                let Some(span) = event.span() else {
                    return;
                };
                match &span.phase {
                    PhaseBuf::Start => question = span.subject.content().map(ToString::to_string),
                    PhaseBuf::Complete(OutcomeBuf::Turn(turn), _) => {
                        answer = turn
                            .text
                            .as_ref()
                            .map(ToString::to_string)
                            .or(answer.take());
                    }
                    _ => {}
                }
            })
            .is_ok();
            turns.push(json!({
                "run": row,
                "question": question,
                "answer": answer,
            }));
        }
        Ok(json!({ "found": found, "turns": turns }))
    });
    Ok(json_of(&turns.await?))
}
