//! The parts of an event that are no struct of fields.

use crate::bytes::{Pack, Packer, Unpack, Unpacker, enums};
use crate::{
    AttributeValue, Attributes, Budget, Decision, Intent, Outcome, OutcomeBuf, Run, RunId, Session,
    SpanId, Str, Subject, ToolKind, TraceId,
};

impl Pack for Run {
    fn pack(&self, to: &mut Packer) {
        let Self {
            id,
            trace_id,
            session,
            agent,
        } = self;
        id.pack(to);
        trace_id.pack(to);
        session.pack(to);
        agent.pack(to);
    }
}

impl Unpack for Run {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        Self {
            id: Unpack::unpack(from),
            trace_id: Unpack::unpack(from),
            session: Unpack::unpack(from),
            agent: Unpack::unpack(from),
        }
    }
}

enums! {
    Subject / Subject {
        Turn, IntentClassification, Step, LlmCall, ToolCall, Subagent, Handoff, McpRequest,
        ServedCall, Custom
    }
    Outcome<'_> / OutcomeBuf {
        Turn, IntentClassification, Step, LlmCall, ToolCall, Subagent, Handoff, McpRequest,
        ServedCall, Custom
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
    Budget { Steps, Time, Tokens, ToolCalls, Events }
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
