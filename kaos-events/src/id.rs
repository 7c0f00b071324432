use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Str;

/// Identifies a trace: 16 bytes, never all zero, 32 lower-case hex digits as text.
///
/// The `trace-id` of W3C Trace Context, level 1, section 3.2.2.3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(NonZeroU128);

/// Identifies a span: 8 bytes, never all zero, 16 lower-case hex digits as text.
///
/// The `parent-id` of W3C Trace Context, level 1, section 3.2.2.4.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(NonZeroU64);

/// A text is not the hex form of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {digits} lower-case hex digits, not all zero")]
pub struct InvalidId {
    digits: usize,
}

macro_rules! hex_id {
    ($id:ident, $int:ty, $nonzero:ty, $digits:literal) => {
        impl $id {
            /// The id with this value, or `None` for zero.
            pub const fn new(value: $int) -> Option<Self> {
                match <$nonzero>::new(value) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }

            /// The id as a number, most significant byte first on the wire.
            pub const fn get(self) -> $int {
                self.0.get()
            }

            /// The id as bytes, in wire order.
            pub const fn to_bytes(self) -> [u8; $digits / 2] {
                self.0.get().to_be_bytes()
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "x}"), self.0)
            }
        }

        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $id {
            type Err = InvalidId;

            /// # Errors
            ///
            /// Refuses any other length, upper-case digits, signs and zero.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = InvalidId { digits: $digits };
                let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if text.len() != $digits || !text.bytes().all(hex) {
                    return Err(invalid);
                }
                <$int>::from_str_radix(text, 16)
                    .ok()
                    .and_then(Self::new)
                    .ok_or(invalid)
            }
        }

        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(TraceId, u128, NonZeroU128, 32);
hex_id!(SpanId, u64, NonZeroU64, 16);

/// Identifies a run: one agent working on one turn.
///
/// Made by an [`IdSource`] it is a UUID (version 4); read from a line it is whatever stood there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RunId(RunIdRepr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum RunIdRepr {
    Uuid(uuid::Uuid),
    Text(Str),
}

impl RunId {
    /// The UUID (version 4) made of these random bits.
    pub fn from_random_bits(bits: u128) -> Self {
        let uuid = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        Self(RunIdRepr::Uuid(uuid))
    }

    /// The bits of its UUID, where it is one.
    pub(crate) const fn bits(&self) -> Option<u128> {
        match &self.0 {
            RunIdRepr::Uuid(uuid) => Some(uuid.as_u128()),
            RunIdRepr::Text(_) => None,
        }
    }

    /// The UUID of these bits, whatever its version.
    pub(crate) const fn from_bits(bits: u128) -> Self {
        Self(RunIdRepr::Uuid(uuid::Uuid::from_u128(bits)))
    }

    /// The id as text, where it is no UUID and so can be anything.
    pub(crate) const fn text(&self) -> Option<&Str> {
        match &self.0 {
            RunIdRepr::Uuid(_) => None,
            RunIdRepr::Text(text) => Some(text),
        }
    }
}

impl From<&str> for RunId {
    fn from(text: &str) -> Self {
        match uuid::Uuid::try_parse(text) {
            // Only the hyphenated lower-case form prints back as it was written.
            Ok(uuid) if uuid.hyphenated().encode_lower(&mut [0; 36]) == text => {
                Self(RunIdRepr::Uuid(uuid))
            }
            _ => Self(RunIdRepr::Text(Str::copied(text))),
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            RunIdRepr::Uuid(uuid) => fmt::Display::fmt(uuid, f),
            RunIdRepr::Text(text) => fmt::Display::fmt(text, f),
        }
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            RunIdRepr::Uuid(uuid) => serializer.collect_str(uuid),
            RunIdRepr::Text(text) => text.serialize(serializer),
        }
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where ids come from.
///
/// Ids must be unique: two spans of one run with the same id cannot be told apart by any tracing
/// backend. Implementations are called from many threads at once.
pub trait IdSource: Send + Sync + 'static {
    /// 64 fresh bits.
    fn next(&self) -> u64;
}

impl dyn IdSource {
    pub(crate) fn span_id(&self) -> SpanId {
        loop {
            if let Some(id) = SpanId::new(self.next()) {
                return id;
            }
        }
    }

    pub(crate) fn trace_id(&self) -> TraceId {
        loop {
            if let Some(id) = TraceId::new(self.bits128()) {
                return id;
            }
        }
    }

    pub(crate) fn run_id(&self) -> RunId {
        RunId::from_random_bits(self.bits128())
    }

    fn bits128(&self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }
}

/// Random ids that tell nothing of each other: a `ChaCha8` stream per thread, seeded from the operating
/// system once. The default.
///
/// Whoever sees any number of ids can foretell none: what names a trace or a trail cannot be guessed
/// from another.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[inline]
    fn next(&self) -> u64 {
        thread_local! {
            static POOL: RefCell<Pool> = const { RefCell::new(Pool::new()) };
        }
        // A thread that is ending may have no pool any more: each id is from one of its own.
        let next = POOL.try_with(|pool| pool.borrow_mut().next());
        next.unwrap_or_else(|_gone| Pool::new().next())
    }
}

/// A thread's next ids, made in advance: as many as the generator makes at once.
struct Pool {
    bytes: [u8; 256],
    used: usize,
    generator: Option<ChaCha8Rng>,
}

impl Pool {
    const fn new() -> Self {
        Self {
            bytes: [0; 256],
            used: 256,
            generator: None,
        }
    }

    #[inline]
    fn next(&mut self) -> u64 {
        if self.used >= self.bytes.len() {
            self.fill();
        }
        let rest = self.bytes.get(self.used..).unwrap_or_default();
        let id = rest.first_chunk().copied().unwrap_or_default();
        self.used += size_of::<u64>();
        u64::from_ne_bytes(id)
    }

    #[cold]
    fn fill(&mut self) {
        let seeded = || ChaCha8Rng::from_seed(seed());
        let generator = self.generator.get_or_insert_with(seeded);
        generator.fill_bytes(&mut self.bytes);
        self.used = 0;
    }
}

/// The operating system's randomness. Where it has none to give, which is a broken system, the
/// standard library's hash keys: ids stay unique.
fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    if getrandom::fill(&mut seed).is_err() {
        for part in seed.chunks_mut(8) {
            let keyed = RandomState::new().hash_one(std::thread::current().id());
            part.copy_from_slice(&keyed.to_ne_bytes());
        }
    }
    seed
}

/// A repeatable sequence of ids, for tests and examples.
///
/// # Example
///
/// ```
/// use kaos_events::{IdSource, SeededIds};
///
/// assert_eq!(SeededIds::new(7).next(), SeededIds::new(7).next());
/// ```
#[derive(Debug)]
pub struct SeededIds(AtomicU64);

impl SeededIds {
    /// The sequence that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl IdSource for SeededIds {
    fn next(&self) -> u64 {
        split_mix(self.0.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed))
    }
}

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// `SplitMix64` (Steele, Lea and Flood, 2014): a bijection of a 64-bit counter.
fn split_mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(GOLDEN_GAMMA);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
