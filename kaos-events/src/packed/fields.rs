//! The parts of an event, field by field: one that is added elsewhere does not compile until it is
//! placed here.

use super::bytes::{Pack, Packer, Unpack, Unpacker};
use crate::{
    ApprovalRequired, AttributeValue, Attributes, Briefing, Budget, BudgetExceeded, Custom,
    CustomOutcome, Decision, Failure, GateDecided, Handoff, HandoffOutcome, Intent,
    IntentClassification, IntentClassified, IntentOutcome, LlmCall, LlmOutcome, LlmParams, McpCall,
    Outcome, OutcomeBuf, Progress, RemoteAgent, Run, RunId, Server, Session, SpanContext, SpanId,
    Step, StepOutcome, Str, Subagent, SubagentOutcome, Subject, TextDelta, ThinkingDelta, ToolCall,
    ToolCallArgsDelta, ToolKind, ToolOutcome, TraceId, Turn, TurnOutcome, TurnSummary, Usage,
    UsageObserved, Value,
};

/// Which fields of a struct say something: a bit for each, the first one's the lowest.
#[derive(Default)]
struct Telling {
    bits: u16,
    fields: u32,
}

impl Telling {
    #[inline]
    fn note(&mut self, is_something: bool) {
        self.bits |= u16::from(is_something) << self.fields;
        self.fields += 1;
    }

    #[inline]
    fn next(&mut self) -> bool {
        self.fields += 1;
        self.bits >> (self.fields - 1) & 1 == 1
    }

    fn field<T: Unpack>(&mut self, from: &mut Unpacker<'_>) -> T {
        let nothing = if self.next() { None } else { T::nothing() };
        nothing.unwrap_or_else(|| T::unpack_something(from))
    }
}

/// Structs: their fields, and those that are content of a subject.
macro_rules! structs {
    ($($name:ident { $($field:ident),* $(; $($content:ident),+)? })+) => {$(
        impl Pack for $name {
            #[inline]
            fn pack(&self, to: &mut Packer) {
                let Self { $($field,)* $($($content,)+)? } = self;
                let mut telling = Telling::default();
                $(telling.note($field.is_something());)*
                $($(telling.note(!to.without_content && $content.is_something());)+)?
                to.put(telling.bits.to_ne_bytes());
                telling.fields = 0;
                $(if telling.next() {
                    $field.pack_something(to);
                })*
                $($(if telling.next() {
                    $content.pack_something(to);
                })+)?
            }
        }

        impl Unpack for $name {
            fn unpack(from: &mut Unpacker<'_>) -> Self {
                let bits = u16::from_ne_bytes(from.take());
                let mut telling = Telling { bits, fields: 0 };
                Self {
                    $($field: telling.field(from),)*
                    $($($content: telling.field(from),)+)?
                }
            }
        }
    )+};
}

structs! {
    Run { id, trace_id, session, agent }
    SpanContext { trace_id, span_id, flags, trace_state, baggage, remote }
    Failure { kind, message }
    Progress { note, attributes }

    Turn {
        agent, session, description, parent, number, max_steps, model, params, stream, attributes;
        input, briefing
    }
    IntentClassification { method, attributes }
    Step { number, step_id, max_steps, attributes }
    LlmCall {
        operation, provider, model, stream, server, params, attributes; input, briefing
    }
    ToolCall { name, call_id, kind, description, attributes; arguments }
    Subagent { agent, remote, call_id, attributes; task }
    Handoff { agent, attributes }
    Custom { name, attributes }
    Briefing { instructions, tools }
    Server { address, port }
    LlmParams {
        max_tokens, temperature, top_p, top_k, frequency_penalty, presence_penalty, stop_sequences,
        seed, choice_count, output_type
    }
    RemoteAgent { provider, id, version, description, server, model, params }

    TurnOutcome { text, usage, finish_reasons, tool_calls, attributes }
    IntentOutcome { intent, confidence, attributes }
    StepOutcome { attributes }
    LlmOutcome {
        response_id, response_model, finish_reasons, usage, time_to_first_chunk, output, attributes
    }
    ToolOutcome { result, result_bytes, skipped, mcp, attributes }
    SubagentOutcome { usage, finish_reasons, result, attributes }
    HandoffOutcome { attributes }
    CustomOutcome { attributes }
    McpCall { method, request_id, session_id, status_code, protocol_version, transport }
    Usage {
        input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, reasoning_tokens
    }

    IntentClassified { intent, confidence, reasoning }
    UsageObserved { usage, cost_usd, source }
    TextDelta { content }
    ThinkingDelta { content }
    ToolCallArgsDelta { call_id, content }
    ApprovalRequired { tool, call_id, gate }
    GateDecided { gate, tool, call_id, decision, failure, reason, arguments, took }
    BudgetExceeded { budget, limit, used }
    TurnSummary { text, intent, tool_calls, usage, cost_usd }
}

/// Enums, and into what their bytes are made: a byte for the variant, then its field.
macro_rules! enums {
    ($($name:ident $(<$life:lifetime>)? / $buf:ident { $($variant:ident),+ })+) => {$(
        const _: () = {
            #[repr(u8)]
            enum Tag { $($variant),+ }

            impl Pack for $name $(<$life>)? {
                #[inline]
                fn pack(&self, to: &mut Packer) {
                    match self {
                        $(Self::$variant(field) => {
                            (Tag::$variant as u8).pack(to);
                            field.pack(to);
                        })+
                    }
                }
            }

            impl Unpack for $buf {
                fn unpack(from: &mut Unpacker<'_>) -> Self {
                    let tag = u8::unpack(from);
                    $(if tag == Tag::$variant as u8 {
                        return Self::$variant(Unpack::unpack(from));
                    })+
                    unreachable!("a variant that was packed")
                }
            }
        };
    )+};
}

enums! {
    Subject / Subject {
        Turn, IntentClassification, Step, LlmCall, ToolCall, Subagent, Handoff, Custom
    }
    Outcome<'_> / OutcomeBuf {
        Turn, IntentClassification, Step, LlmCall, ToolCall, Subagent, Handoff, Custom
    }
    Value / Value {
        IntentClassified, UsageObserved, TextDelta, ThinkingDelta, ToolCallArgsDelta,
        ApprovalRequired, GateDecided, BudgetExceeded, TurnSummary
    }
    AttributeValue / AttributeValue { Bool, Int, Float, Str, List }
}

/// Enums without fields.
macro_rules! words {
    ($($name:ident { $($variant:ident),+ })+) => {$(
        impl Pack for $name {
            fn pack(&self, to: &mut Packer) {
                match self { $(Self::$variant => (Self::$variant as u8).pack(to)),+ }
            }
        }

        impl Unpack for $name {
            fn unpack(from: &mut Unpacker<'_>) -> Self {
                let word = u8::unpack(from);
                $(if word == Self::$variant as u8 {
                    return Self::$variant;
                })+
                unreachable!("a variant that was packed")
            }
        }
    )+};
}

words! {
    ToolKind { Function, Extension, Datastore }
    Decision { Allow, Rewrite, Ask, Skip, Deny }
    Budget { Steps, Time, Tokens, Events }
}

impl Pack for SpanId {
    fn pack(&self, to: &mut Packer) {
        to.put(self.to_bytes());
    }
}

impl Unpack for SpanId {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        let bits = u64::from_be_bytes(from.take());
        Self::new(bits).expect("an id that was packed")
    }
}

impl Pack for TraceId {
    fn pack(&self, to: &mut Packer) {
        self.get().pack(to);
    }
}

impl Unpack for TraceId {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        Self::new(u128::unpack(from)).expect("an id that was packed")
    }
}

impl Pack for RunId {
    fn pack(&self, to: &mut Packer) {
        self.bits().pack(to);
        if let Some(text) = self.text() {
            text.pack(to);
        }
    }
}

impl Unpack for RunId {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        match Option::unpack(from) {
            Some(bits) => Self::from_bits(bits),
            None => Self::from(Str::unpack(from).as_str()),
        }
    }
}

impl Pack for Session {
    fn pack(&self, to: &mut Packer) {
        self.shared().pack(to);
    }

    fn is_something(&self) -> bool {
        self.shared().is_some()
    }

    fn pack_something(&self, to: &mut Packer) {
        self.shared().pack_something(to);
    }
}

impl Unpack for Session {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        Option::<Str>::unpack(from).map_or_else(Self::anonymous, Self::from)
    }

    fn nothing() -> Option<Self> {
        Some(Self::anonymous())
    }

    fn unpack_something(from: &mut Unpacker<'_>) -> Self {
        Self::from(Str::unpack(from))
    }
}

impl Pack for Intent {
    fn pack(&self, to: &mut Packer) {
        self.to_str().pack(to);
    }
}

impl Unpack for Intent {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        Self::from(Str::unpack(from))
    }
}

impl Pack for Attributes {
    fn pack(&self, to: &mut Packer) {
        self.pairs().pack(to);
    }

    #[inline]
    fn is_something(&self) -> bool {
        !self.is_empty()
    }
}

impl Unpack for Attributes {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        Self::of_pairs(Unpack::unpack(from))
    }

    fn nothing() -> Option<Self> {
        Some(Self::default())
    }
}
