//! Asking the gates: in order, each under its limit, with every decision in the event stream.

use std::time::Duration;

use kaos_events::{ApprovalRequired, Callable, Decision, GateDecided, Scope, Str};

use crate::dispatch::registry::GateSeat;
use crate::{Hooks, ToolAnnotations, ToolRequest, Verdict, catch_panic};

/// What the gates decided together.
///
/// Closed: who runs tools must heed each ruling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// The tool runs, with these arguments.
    Run {
        /// The arguments, as JSON, as the last gate left them.
        arguments: Str,
    },
    /// The tool does not run; not a failure.
    Skip {
        /// Why, for the model. Content.
        reason: Str,
    },
    /// The tool must not run; a failure of the call.
    Deny {
        /// Why, for the model. Content.
        reason: Str,
    },
}

impl Hooks {
    /// Asks the gates about the call of this open span, in order, until one denies: that of a tool, or
    /// of another agent, which is a tool to whoever calls it.
    ///
    /// Every gate asked leaves a `GateDecided` in the stream: what it decided, how it failed if it
    /// did, and how long it took. Run the tool only on [`Ruling::Run`], and with its arguments. A
    /// call whose span is not open, before or after the gates were asked, is denied: its turn is
    /// over, and no record of it would be kept.
    ///
    /// `arguments` are JSON.
    ///
    /// # Cancel safety
    ///
    /// When dropped, nothing was allowed.
    pub async fn before_tool_call<S: Callable>(
        &self,
        scope: &Scope<S>,
        arguments: &str,
        annotations: ToolAnnotations,
    ) -> Ruling {
        let Some(call) = scope.callee() else {
            return Ruling::over();
        };
        let span = scope.handle();
        let mut arguments = Str::copied(arguments);
        let mut skip = None;
        for seat in self.registry().gates() {
            let request = ToolRequest {
                span: &span,
                tool: &call.name,
                is_agent: call.is_agent,
                call_id: call.call_id.as_deref(),
                arguments: &arguments,
                annotations,
                limit: self.gate_limit(),
            };
            let decided = decide(seat, &request).await;
            let verdict = announce(seat, &request, decided);
            match verdict {
                Verdict::Allow => {}
                Verdict::Rewrite(rewritten) => arguments = rewritten,
                Verdict::Skip(reason) => skip = skip.or(Some(reason)),
                Verdict::RequireApproval(reason) | Verdict::Deny(reason) => {
                    return Ruling::Deny { reason };
                }
            }
        }
        if !scope.is_open() {
            return Ruling::over();
        }
        match skip {
            Some(reason) => Ruling::Skip { reason },
            None => Ruling::Run { arguments },
        }
    }
}

impl Ruling {
    const fn over() -> Self {
        Self::Deny {
            reason: Str::Static("the call's span is not open: its turn is over"),
        }
    }
}

/// A gate's answer, or how it failed to give one.
struct Decided {
    verdict: Verdict,
    failure: Option<&'static str>,
    took: Duration,
}

async fn decide(seat: &GateSeat, request: &ToolRequest<'_>) -> Decided {
    let limit = request.limit;
    let began = tokio::time::Instant::now();
    let health = &seat.gate.health;
    let failed = |kind: &'static str, reason: String| {
        let verdict = if seat.fail_open {
            Verdict::Allow
        } else {
            Verdict::Deny(Str::from(reason))
        };
        (verdict, Some(kind))
    };
    let name = &health.name;
    // The timer itself panics on a runtime that has none; that counts as a gate that panicked.
    let asked = catch_panic(async {
        tokio::time::timeout(limit, catch_panic(seat.gate.what.before_tool_call(request))).await
    });
    let answer = asked.await;
    let took = began.elapsed();
    let (verdict, failure) = match answer {
        // `timeout` polls the future once more at its limit, so an answer can come too late.
        Ok(Ok(_)) if took > limit => failed("timeout", format!("gate {name} answered too late")),
        Ok(Err(_)) => failed(
            "timeout",
            format!("gate {name} did not answer within {limit:?}"),
        ),
        Ok(Ok(Ok(Ok(verdict)))) => (verdict, None),
        Ok(Ok(Ok(Err(error)))) => failed(
            "error",
            format!("gate {name} could not decide: {}", error.into_message()),
        ),
        Ok(Ok(Err(panicked))) => {
            health.check(Err::<(), _>(panicked));
            failed("panic", format!("gate {name} panicked"))
        }
        Err(_no_timer) => failed(
            "no_timer",
            format!("gate {name} needs a runtime with timers"),
        ),
    };
    Decided {
        verdict,
        failure,
        took,
    }
}

/// Puts the decision into the stream; an `Ask` that nobody answers becomes a deny.
fn announce(seat: &GateSeat, request: &ToolRequest<'_>, decided: Decided) -> Verdict {
    let span = request.span;
    let Decided {
        verdict,
        mut failure,
        took,
    } = decided;
    let gate = seat.gate.health.name.clone();
    let tool = Str::copied(request.tool);
    let call_id = request.call_id.map(Str::copied);
    let mut verdict = verdict;
    if let Verdict::RequireApproval(reason) = verdict {
        let (gate, tool, call_id) = (gate.clone(), tool.clone(), call_id.clone());
        span.emit(ApprovalRequired {
            tool,
            call_id,
            gate,
        });
        failure = Some("no_handler");
        verdict = Verdict::deny(format!(
            "needs a person's approval, and none can be asked: {reason}"
        ));
    }
    let (decision, reason, arguments) = match &verdict {
        Verdict::Allow => (Decision::Allow, None, None),
        Verdict::Rewrite(arguments) => (Decision::Rewrite, None, Some(arguments.clone())),
        Verdict::RequireApproval(reason) => (Decision::Ask, Some(reason.clone()), None),
        Verdict::Skip(reason) => (Decision::Skip, Some(reason.clone()), None),
        Verdict::Deny(reason) => (Decision::Deny, Some(reason.clone()), None),
    };
    let failure = failure.map(Str::Static);
    span.emit(GateDecided {
        gate,
        tool,
        call_id,
        decision,
        failure,
        reason,
        arguments,
        took,
    });
    verdict
}
