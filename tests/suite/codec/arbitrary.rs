//! Events with arbitrary contents, of every kind that there is.

use std::sync::Arc;
use std::time::Duration;

use kaos_events::{
    ApprovalRequired, AttributeValue, Attributes, BodyBuf, Briefing, Budget, BudgetExceeded,
    Custom, CustomOutcome, Decision, EventBuf, Failure, GateDecided, Handoff, HandoffOutcome,
    HistoryTrimmed, Intent, IntentClassification, IntentClassified, IntentOutcome, LlmCall,
    LlmOutcome, LlmParams, McpCall, McpOutcome, McpRequest, OutcomeBuf, PhaseBuf, PhaseName,
    Progress, RemoteAgent, Run, RunId, ServedCall, ServedOutcome, Server, Session, SpanBuf,
    SpanContext, SpanId, Step, StepOutcome, Str, Subagent, SubagentOutcome, Subject, SubjectName,
    TextDelta, ThinkingDelta, Thrown, Time, ToolCall, ToolCallArgsDelta, ToolCallSummary, ToolKind,
    ToolOutcome, TraceId, Turn, TurnOutcome, TurnSummary, Usage, UsageObserved, Value,
};
use proptest::collection::vec;
use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Any span event about this subject, in this phase.
pub(crate) fn span_event(
    subject: SubjectName,
    phase: PhaseName,
) -> impl Strategy<Value = EventBuf> {
    let span = (
        span_id(),
        of(span_id()),
        self::subject(subject),
        self::phase(subject, phase),
    );
    (0..=u64::MAX, time(), run(), span).prop_map(|(seq, time, run, span)| {
        let (id, parent, mut subject, phase) = span;
        if let Subject::Turn(turn) = &mut subject {
            turn.agent.clone_from(&run.agent);
            turn.session.clone_from(&run.session);
        }
        if let Subject::ServedCall(call) = &mut subject {
            call.server.clone_from(&run.agent);
        }
        if phase.name() != PhaseName::Start {
            subject = subject.without_content();
        }
        let body = BodyBuf::Span(Box::new(SpanBuf {
            id,
            parent,
            subject,
            phase,
        }));
        EventBuf {
            seq,
            time,
            run,
            body,
        }
    })
}

/// Any value event of this `type`.
pub(crate) fn value_event(name: &'static str) -> impl Strategy<Value = EventBuf> {
    (0..=u64::MAX, time(), run(), of(span_id()), value(name)).prop_map(
        |(seq, time, run, span, value)| EventBuf {
            seq,
            time,
            run,
            body: BodyBuf::Value { span, value },
        },
    )
}

/// Any event.
pub(crate) fn event() -> BoxedStrategy<EventBuf> {
    let spans = (select(SubjectName::ALL), select(PhaseName::ALL))
        .prop_flat_map(|(subject, phase)| span_event(subject, phase));
    prop_oneof![spans, select(Value::NAMES).prop_flat_map(value_event)].boxed()
}

/// Text of any characters, control characters included.
pub(super) fn text() -> impl Strategy<Value = Str> {
    let awkward = select(vec![
        "",
        "null",
        "turn",
        "\"}\n",
        "\u{0}\u{7f}\u{2028}",
        "a\\u0000",
        "🦀",
    ]);
    prop_oneof![
        1 => awkward.prop_map(Str::from),
        3 => vec(any::<char>(), 0..12).prop_map(|chars| Str::from(String::from_iter(chars))),
    ]
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO,
        select(vec![
            0.1,
            1.0,
            1e16,
            1e23,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324
        ]),
    ]
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let value = prop_oneof![
        any::<bool>().prop_map(AttributeValue::Bool),
        any::<i64>().prop_map(AttributeValue::Int),
        finite().prop_map(AttributeValue::Float),
        text().prop_map(AttributeValue::Str),
        vec(text(), 0..4).prop_map(AttributeValue::List),
    ];
    vec((text(), value), 0..4).prop_map(Attributes::from_iter)
}

fn duration() -> impl Strategy<Value = Duration> {
    (0..=u64::MAX, 0..64_u32).prop_map(|(nanos, fewer)| Duration::from_nanos(nanos >> fewer))
}

fn span_id() -> impl Strategy<Value = SpanId> {
    (1..=u64::MAX).prop_map(|id| SpanId::new(id).unwrap())
}

fn trace_id() -> impl Strategy<Value = TraceId> {
    (1..=u128::MAX).prop_map(|id| TraceId::new(id).unwrap())
}

fn time() -> impl Strategy<Value = Time> {
    (0..=u64::MAX, duration()).prop_map(|(unix_nanos, since)| Time {
        unix_nanos,
        monotonic_nanos: u64::try_from(since.as_nanos()).unwrap(),
    })
}

fn run() -> impl Strategy<Value = Run> {
    let id = prop_oneof![
        any::<u128>().prop_map(RunId::from_random_bits),
        any::<u128>().prop_map(|bits| RunId::from(format!("run_{bits:x}").as_str())),
        text().prop_map(|text| RunId::from(text.as_str())),
    ];
    (id, trace_id(), text(), text()).prop_map(|(id, trace_id, session, agent)| Run {
        id,
        trace_id,
        session: Session::from(session),
        agent,
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let part = of(any::<u64>());
    (any::<u64>(), any::<u64>(), part.clone(), part.clone(), part).prop_map(
        |(input_tokens, output_tokens, read, creation, reasoning)| Usage {
            input_tokens,
            output_tokens,
            cache_read_tokens: read,
            cache_creation_tokens: creation,
            reasoning_tokens: reasoning,
        },
    )
}

fn intent() -> impl Strategy<Value = Intent> {
    let known = select(vec!["respond", "tool_use", "research", "plan", "clarify"]);
    prop_oneof![known.prop_map(Str::from), text()].prop_map(Intent::from)
}

fn subject(name: SubjectName) -> BoxedStrategy<Subject> {
    match name {
        SubjectName::Turn => turn().prop_map_into().boxed(),
        SubjectName::IntentClassification => (text(), attributes())
            .prop_map(|(method, attributes)| IntentClassification { method, attributes })
            .prop_map_into()
            .boxed(),
        SubjectName::Step => (any::<u32>(), of(text()), of(any::<u32>()), attributes())
            .prop_map(|(number, step_id, max_steps, attributes)| Step {
                number,
                step_id,
                max_steps,
                attributes,
            })
            .prop_map_into()
            .boxed(),
        SubjectName::LlmCall => llm_call().prop_map_into().boxed(),
        SubjectName::ToolCall => tool_call().prop_map_into().boxed(),
        SubjectName::Subagent => (
            text(),
            of(remote_agent()),
            of(text()),
            of(text()),
            attributes(),
        )
            .prop_map(|(agent, remote, call_id, task, attributes)| Subagent {
                agent,
                remote: remote.map(Box::new),
                call_id,
                task,
                attributes,
            })
            .prop_map_into()
            .boxed(),
        SubjectName::Handoff => (text(), attributes())
            .prop_map(|(agent, attributes)| Handoff { agent, attributes })
            .prop_map_into()
            .boxed(),
        SubjectName::McpRequest => (text(), attributes())
            .prop_map(|(method, attributes)| McpRequest { method, attributes })
            .prop_map_into()
            .boxed(),
        SubjectName::ServedCall => served_call().prop_map_into().boxed(),
        SubjectName::Custom => (text(), attributes())
            .prop_map(|(name, attributes)| Custom { name, attributes })
            .prop_map_into()
            .boxed(),
    }
}

fn parent() -> impl Strategy<Value = SpanContext> {
    (trace_id(), span_id(), any::<u8>(), text(), any::<bool>()).prop_map(
        |(trace_id, span_id, flags, trace_state, remote)| SpanContext {
            trace_id,
            span_id,
            flags,
            trace_state,
            remote,
        },
    )
}

fn tool_kind() -> impl Strategy<Value = ToolKind> {
    select(vec![
        ToolKind::Function,
        ToolKind::Extension,
        ToolKind::Datastore,
    ])
}

fn turn() -> impl Strategy<Value = Turn> {
    let parent = parent();
    let numbers = (of(any::<u32>()), of(any::<u32>()));
    let texts = (of(text()), of(text()), of(text()));
    let who = (of(text()), of(text()), of(text()));
    let told = (of(params()), briefing());
    (
        of(parent),
        numbers,
        texts,
        who,
        told,
        any::<bool>(),
        attributes(),
    )
        .prop_map(
            |(parent, (number, max_steps), texts, who, (params, briefing), stream, attributes)| {
                Turn {
                    agent_version: who.0,
                    user: who.1,
                    tenant: who.2,
                    description: texts.0,
                    parent: parent.map(Box::new),
                    baggage: None, // on no line
                    number,
                    max_steps,
                    model: texts.1,
                    params: params.map(Box::new),
                    stream,
                    input: texts.2,
                    briefing,
                    attributes,
                    agent: Str::default(), // those of its run
                    session: Session::default(),
                }
            },
        )
}

/// A briefing in which nothing stands is none.
fn briefing() -> impl Strategy<Value = Option<Arc<Briefing>>> {
    (of(text()), of(text())).prop_map(|(instructions, tools)| {
        let briefing = Briefing {
            instructions,
            tools,
        };
        (briefing != Briefing::default()).then(|| Arc::new(briefing))
    })
}

fn server() -> impl Strategy<Value = Server> {
    (text(), any::<u16>()).prop_map(|(address, port)| Server { address, port })
}

fn params() -> impl Strategy<Value = LlmParams> {
    let floats = (of(finite()), of(finite()), of(finite()), of(finite()));
    let whole = (
        of(any::<u64>()),
        of(any::<u64>()),
        of(any::<i64>()),
        of(any::<u32>()),
    );
    (floats, whole, vec(text(), 0..3), of(text())).prop_map(
        |(floats, whole, stop_sequences, output_type)| LlmParams {
            max_tokens: whole.0,
            temperature: floats.0,
            top_p: floats.1,
            top_k: whole.1,
            frequency_penalty: floats.2,
            presence_penalty: floats.3,
            stop_sequences,
            seed: whole.2,
            choice_count: whole.3,
            output_type,
        },
    )
}

fn llm_call() -> impl Strategy<Value = LlmCall> {
    let names = (text(), text(), text());
    let rest = (any::<bool>(), of(text()), briefing(), attributes());
    (names, of(server()), of(params()), rest).prop_map(
        |((operation, provider, model), server, params, (stream, input, briefing, attributes))| {
            LlmCall {
                operation,
                provider,
                model,
                stream,
                server,
                params: params.map(Box::new),
                input,
                briefing,
                attributes,
            }
        },
    )
}

fn remote_agent() -> impl Strategy<Value = RemoteAgent> {
    let texts = (of(text()), of(text()), of(text()), of(text()));
    (text(), texts, of(server()), of(params())).prop_map(
        |(provider, (id, version, description, model), server, params)| RemoteAgent {
            provider,
            id,
            version,
            description,
            server,
            model,
            params: params.map(Box::new),
        },
    )
}

fn tool_call() -> impl Strategy<Value = ToolCall> {
    let kind = tool_kind();
    let texts = (of(text()), of(text()), of(text()), of(text()));
    (text(), kind, texts, attributes()).prop_map(
        |(name, kind, (call_id, description, asked_name, arguments), attributes)| ToolCall {
            name,
            call_id,
            kind,
            description,
            asked_name: asked_name.map(Box::new),
            arguments,
            attributes,
        },
    )
}

fn outcome(name: SubjectName) -> BoxedStrategy<OutcomeBuf> {
    match name {
        SubjectName::Turn => {
            let reasons = vec(text(), 0..3);
            (
                of(text()),
                of(usage()),
                reasons,
                (of(any::<u32>()), of(any::<u32>())),
                attributes(),
            )
                .prop_map(
                    |(text, usage, finish_reasons, (tool_calls, number), attributes)| TurnOutcome {
                        text,
                        usage,
                        finish_reasons,
                        tool_calls,
                        number,
                        attributes,
                    },
                )
                .prop_map_into()
                .boxed()
        }
        SubjectName::IntentClassification => (of(intent()), of(finite()), attributes())
            .prop_map(|(intent, confidence, attributes)| IntentOutcome {
                intent,
                confidence,
                attributes,
            })
            .prop_map_into()
            .boxed(),
        SubjectName::Step => attributes()
            .prop_map(|attributes| StepOutcome { attributes })
            .prop_map_into()
            .boxed(),
        SubjectName::LlmCall => llm_outcome().prop_map_into().boxed(),
        SubjectName::ToolCall => tool_outcome().prop_map_into().boxed(),
        SubjectName::Subagent => {
            let reasons = vec(text(), 0..3);
            let known = (of(text()), of(usage()), reasons, any::<bool>());
            (known, attributes())
                .prop_map(|((result, usage, finish_reasons, skipped), attributes)| {
                    SubagentOutcome {
                        usage,
                        finish_reasons,
                        skipped,
                        result,
                        attributes,
                    }
                })
                .prop_map_into()
                .boxed()
        }
        SubjectName::Handoff => attributes()
            .prop_map(|attributes| HandoffOutcome { attributes })
            .prop_map_into()
            .boxed(),
        SubjectName::McpRequest => (of(mcp_call()), attributes())
            .prop_map(|(mcp, attributes)| McpOutcome {
                mcp: mcp.map(Box::new),
                attributes,
            })
            .prop_map_into()
            .boxed(),
        SubjectName::ServedCall => served_outcome().prop_map_into().boxed(),
        SubjectName::Custom => attributes()
            .prop_map(|attributes| CustomOutcome { attributes })
            .prop_map_into()
            .boxed(),
    }
}

fn llm_outcome() -> impl Strategy<Value = LlmOutcome> {
    let texts = (of(text()), of(text()), of(text()), vec(text(), 0..3));
    // This duration is not cut at 584 years: it stands as seconds and nanoseconds.
    let first = (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(s, ns)| Duration::new(s, ns));
    (texts, of(usage()), of(first), attributes()).prop_map(
        |((response_id, response_model, output, finish_reasons), usage, first, attributes)| {
            LlmOutcome {
                response_id,
                response_model,
                finish_reasons,
                usage,
                time_to_first_chunk: first,
                output,
                attributes,
            }
        },
    )
}

fn mcp_call() -> impl Strategy<Value = McpCall> {
    let optional = (of(text()), of(text()), of(text()), of(text()), of(text()));
    let network = (of(text()), of(server()), of(duration()));
    (text(), optional, network).prop_map(|(method, optional, network)| McpCall {
        method,
        request_id: optional.0,
        session_id: optional.1,
        protocol_version: optional.2,
        transport: optional.3,
        status_code: optional.4,
        network_protocol: network.0,
        server: network.1,
        duration: network.2,
    })
}

fn failure() -> impl Strategy<Value = Failure> {
    let thrown = (text(), of(text())).prop_map(|(class, stacktrace)| Thrown { class, stacktrace });
    (text(), of(text()), of(thrown)).prop_map(|(kind, message, thrown)| Failure {
        kind,
        message,
        thrown: thrown.map(Box::new),
    })
}

fn served_call() -> impl Strategy<Value = ServedCall> {
    let asked = (of(text()), of(text()), of(text()), of(mcp_call()));
    (text(), tool_kind(), of(parent()), asked, attributes()).prop_map(
        |(name, kind, parent, (asked_name, description, arguments, mcp), attributes)| ServedCall {
            server: Str::default(),
            name,
            kind,
            asked_name: asked_name.map(Box::new),
            description,
            parent: parent.map(Box::new),
            baggage: None,
            mcp: mcp.map(Box::new),
            arguments,
            attributes,
        },
    )
}

fn served_outcome() -> impl Strategy<Value = ServedOutcome> {
    let said = (of(text()), of(any::<u64>()), any::<bool>(), of(text()));
    (said, attributes()).prop_map(
        |((result, result_bytes, skipped, status_code), attributes)| ServedOutcome {
            result,
            result_bytes,
            skipped,
            status_code,
            attributes,
        },
    )
}

fn tool_outcome() -> impl Strategy<Value = ToolOutcome> {
    (
        of(text()),
        of(any::<u64>()),
        any::<bool>(),
        of(mcp_call()),
        attributes(),
    )
        .prop_map(
            |(result, result_bytes, skipped, mcp, attributes)| ToolOutcome {
                result,
                result_bytes,
                skipped,
                mcp: mcp.map(Box::new),
                attributes,
            },
        )
}

fn phase(subject: SubjectName, name: PhaseName) -> BoxedStrategy<PhaseBuf> {
    let known = of(outcome(subject));
    match name {
        PhaseName::Start => Just(PhaseBuf::Start).boxed(),
        PhaseName::Progress => (text(), attributes())
            .prop_map(|(note, attributes)| PhaseBuf::Progress(Progress { note, attributes }))
            .boxed(),
        PhaseName::Complete => (outcome(subject), duration())
            .prop_map(|(outcome, duration)| PhaseBuf::Complete(outcome, duration))
            .boxed(),
        PhaseName::Error => (failure(), known, duration())
            .prop_map(|(failure, outcome, duration)| PhaseBuf::Error(failure, outcome, duration))
            .boxed(),
        PhaseName::Cancelled => (known, duration())
            .prop_map(|(outcome, duration)| PhaseBuf::Cancelled(outcome, duration))
            .boxed(),
        PhaseName::Suspended => (known, duration())
            .prop_map(|(outcome, duration)| PhaseBuf::Suspended(outcome, duration))
            .boxed(),
    }
}

fn value(name: &'static str) -> BoxedStrategy<Value> {
    match name {
        "intent_classified" => (intent(), of(finite()), text())
            .prop_map(|(intent, confidence, reasoning)| IntentClassified {
                intent,
                confidence,
                reasoning,
            })
            .prop_map_into()
            .boxed(),
        "usage_observed" => (of(usage()), of(finite()), text())
            .prop_map(|(usage, cost_usd, source)| UsageObserved {
                usage,
                cost_usd,
                source,
            })
            .prop_map_into()
            .boxed(),
        "text_delta" => text()
            .prop_map(|content| TextDelta { content })
            .prop_map_into()
            .boxed(),
        "thinking_delta" => text()
            .prop_map(|content| ThinkingDelta { content })
            .prop_map_into()
            .boxed(),
        "tool_call_args_delta" => (text(), text())
            .prop_map(|(call_id, content)| ToolCallArgsDelta { call_id, content })
            .prop_map_into()
            .boxed(),
        "tool_call_approval_required" => (text(), of(text()), text())
            .prop_map(|(tool, call_id, gate)| ApprovalRequired {
                tool,
                call_id,
                gate,
            })
            .prop_map_into()
            .boxed(),
        "gate_decided" => gate_decided().prop_map_into().boxed(),
        "budget_exceeded" => {
            let budgets = vec![
                Budget::Steps,
                Budget::Time,
                Budget::Tokens,
                Budget::ToolCalls,
                Budget::Events,
            ];
            (select(budgets), any::<u64>(), any::<u64>())
                .prop_map(|(budget, limit, used)| BudgetExceeded {
                    budget,
                    limit,
                    used,
                })
                .prop_map_into()
                .boxed()
        }
        "history_trimmed" => {
            let counts = (any::<u32>(), any::<u32>(), any::<u32>());
            (text(), counts, any::<u64>())
                .prop_map(
                    |(reason, (turns, messages, results), tokens)| HistoryTrimmed {
                        reason,
                        turns,
                        messages,
                        results,
                        tokens,
                    },
                )
                .prop_map_into()
                .boxed()
        }
        "turn_summary" => {
            let tools = vec(tool_call_summary(), 0..4);
            (text(), intent(), tools, of(usage()), of(finite()))
                .prop_map(|(text, intent, tool_calls, usage, cost_usd)| TurnSummary {
                    text,
                    intent,
                    tool_calls,
                    usage,
                    cost_usd,
                })
                .prop_map_into()
                .boxed()
        }
        unknown => unreachable!("no arbitrary {unknown} is made here"),
    }
}

/// A call's tokens are two numbers on the wire.
fn tool_call_summary() -> impl Strategy<Value = ToolCallSummary> {
    let usage = (any::<u64>(), any::<u64>()).prop_map(|(input, output)| Usage::new(input, output));
    let numbers = (of(duration()), of(usage), of(finite()));
    (
        text(),
        text(),
        any::<bool>(),
        numbers,
        of(text()),
        of(text()),
    )
        .prop_map(
            |(tool, call_id, is_error, (duration, usage, cost_usd), plan_id, step_id)| {
                ToolCallSummary {
                    tool,
                    call_id,
                    is_error,
                    duration,
                    usage,
                    cost_usd,
                    plan_id,
                    step_id,
                }
            },
        )
}

fn gate_decided() -> impl Strategy<Value = GateDecided> {
    let decision = select(vec![
        Decision::Allow,
        Decision::Rewrite,
        Decision::Ask,
        Decision::Skip,
        Decision::Deny,
    ]);
    let optional = (of(text()), of(text()), of(text()), of(text()));
    (text(), text(), decision, optional, duration()).prop_map(
        |(gate, tool, decision, (call_id, failure, reason, arguments), took)| GateDecided {
            gate,
            tool,
            call_id,
            decision,
            failure,
            reason,
            arguments,
            took,
        },
    )
}
