//! What a struct of fields packs first, and the parts of an event that are none.

use super::bytes::{Pack, Packer, Unpack, Unpacker};
use crate::{
    AttributeValue, Attributes, Budget, Decision, Intent, Outcome, OutcomeBuf, Run, RunId, Session,
    SpanId, Str, Subject, ToolKind, TraceId, Value,
};

/// Which fields of a struct say something: a bit for each, the first one's the lowest.
#[derive(Default)]
pub(crate) struct Mask {
    bits: u64,
    fields: u32,
}

impl Mask {
    /// The most fields that a struct may have.
    const MAX_FIELDS: usize = 64;

    /// How many bytes hold the bits of so many fields. Asked while compiling, so a struct with too
    /// many does not compile.
    pub(crate) const fn bytes_for(fields: usize) -> usize {
        assert!(
            fields <= Self::MAX_FIELDS,
            "a struct of events has at most 64 fields: put some into a part of their own"
        );
        fields.div_ceil(8)
    }

    #[inline]
    pub(crate) fn note(&mut self, is_something: bool) {
        self.bits |= u64::from(is_something) << self.fields;
        self.fields += 1;
    }

    /// Writes the bits, and begins again with the first.
    #[inline]
    pub(crate) fn put<const BYTES: usize>(&mut self, to: &mut Packer) {
        self.fields = 0;
        if let Some(bytes) = self.bits.to_le_bytes().first_chunk::<BYTES>() {
            to.put(*bytes);
        }
    }

    pub(crate) fn take<const BYTES: usize>(from: &mut Unpacker<'_>) -> Self {
        let bytes: [u8; BYTES] = from.take();
        let bits = bytes
            .iter()
            .rev()
            .fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        Self { bits, fields: 0 }
    }

    #[inline]
    pub(crate) fn next(&mut self) -> bool {
        self.fields += 1;
        self.bits >> (self.fields - 1) & 1 == 1
    }

    pub(crate) fn field<T: Unpack>(&mut self, from: &mut Unpacker<'_>) -> T {
        let nothing = if self.next() { None } else { T::nothing() };
        nothing.unwrap_or_else(|| T::unpack_something(from))
    }
}

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
        Turn, IntentClassification, Step, LlmCall, ToolCall, Subagent, Handoff, McpRequest,
        Custom
    }
    Outcome<'_> / OutcomeBuf {
        Turn, IntentClassification, Step, LlmCall, ToolCall, Subagent, Handoff, McpRequest,
        Custom
    }
    Value / Value {
        IntentClassified, UsageObserved, TextDelta, ThinkingDelta, ToolCallArgsDelta,
        ApprovalRequired, GateDecided, BudgetExceeded, HistoryTrimmed, TurnSummary
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
