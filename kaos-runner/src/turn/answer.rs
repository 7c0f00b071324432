//! A turn from its beginning to its end: within its time, in its place of a session, its span ended
//! either way.

use futures_util::future::BoxFuture;
use kaos_hooks::{Budget, BudgetExceeded, Scope, Str, Turn, TurnOutcome, TurnSummary};

use super::progress::Progress;
use super::setting::Setting;
use super::steps::work;
use crate::session::seat::Seat;
use crate::{Reply, TurnErrorKind};

/// Answers within the agent's limits, remembers it where the turn has a seat in a session, and ends
/// the turn's span either way.
///
/// Boxed because a sub-agent's turn is a turn inside a turn.
pub(super) fn answer<'a>(
    setting: &'a Setting<'a>,
    turn: Scope<Turn>,
    progress: &'a mut Progress,
    mut seat: Option<Seat>,
) -> BoxFuture<'a, Result<Reply, TurnErrorKind>> {
    Box::pin(async move {
        let worked = within_its_time(setting, &turn, progress, seat.as_mut()).await;
        let remembered = match seat {
            Some(seat) => {
                progress.settle();
                let said = progress.valid(worked.as_ref().map(|_text| ()));
                seat.remember(setting.limits.session, &turn, said).await
            }
            None => Ok(()),
        };
        end(turn, progress, worked).map(|reply| Reply {
            remembered,
            ..reply
        })
    })
}

async fn within_its_time(
    setting: &Setting<'_>,
    turn: &Scope<Turn>,
    progress: &mut Progress,
    mut seat: Option<&mut Seat>,
) -> Result<Str, TurnErrorKind> {
    let limit = setting.limits.turn;
    let began = tokio::time::Instant::now();
    let working = async {
        match seat.as_deref_mut() {
            Some(seat) => {
                let earlier = seat.take(setting.limits.session, turn).await?;
                progress.conversation.after(earlier);
                progress.number = Some(seat.number());
                seat.held(work(setting, turn, progress)).await
            }
            None => work(setting, turn, progress).await,
        }
    };
    let worked = tokio::time::timeout(limit, working).await;
    // Time may have run out in the very poll that gave the answer.
    if let Some(worked) = worked.ok().filter(|_| began.elapsed() <= limit) {
        return worked;
    }
    if seat.is_some_and(|seat| seat.waits()) {
        return Err(TurnErrorKind::SessionBusy);
    }
    let millis = |time: std::time::Duration| time.as_millis().try_into().unwrap_or(u64::MAX);
    Err(TurnErrorKind::Budget {
        budget: Budget::Time,
        limit: millis(limit),
        used: millis(began.elapsed()),
    })
}

/// Ends the turn's span with what came of it.
fn end(
    mut turn: Scope<Turn>,
    progress: &mut Progress,
    worked: Result<Str, TurnErrorKind>,
) -> Result<Reply, TurnErrorKind> {
    let text = worked.map_err(|why| {
        if let TurnErrorKind::Budget {
            budget,
            limit,
            used,
        } = why
        {
            turn.emit(BudgetExceeded {
                budget,
                limit,
                used,
            });
        }
        why
    });
    let text = match text {
        Ok(text) => text,
        Err(why) => {
            turn.so_far(progress.outcome());
            turn.fail(why.failure());
            return Err(why);
        }
    };
    turn.emit(TurnSummary {
        text: text.clone(),
        intent: progress.intent.clone(),
        tool_calls: progress.tool_calls.clone(),
        usage: progress.total(),
        cost_usd: None,
    });
    let (trace_id, intent) = (turn.trace_id(), progress.intent.clone());
    turn.complete(TurnOutcome {
        text: Some(text.clone()),
        ..progress.outcome()
    });
    Ok(Reply {
        trace_id,
        text,
        intent,
        usage: progress.total(),
        durable: Ok(()),    // whoever waits for it says otherwise
        remembered: Ok(()), // as well
        finish_reason: progress.finish_reason.take(),
        steps: progress.steps,
        messages: progress.conversation.own().into(),
    })
}
