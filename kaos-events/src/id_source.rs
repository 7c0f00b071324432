use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};

use crate::{RunId, SpanId, TraceId};

/// Where ids come from.
///
/// Ids must be unique: two spans of one run with the same id cannot be told apart by any tracing
/// backend. Implementations are called from many threads at once.
///
/// # Example
///
/// Ids whose last byte is the site's, so that one sees where a span was made:
///
/// ```
/// use kaos_events::{Emitter, IdSource, RandomIds};
///
/// struct Site(u8);
///
/// impl IdSource for Site {
///     fn next(&self) -> u64 {
///         RandomIds.next() & !0xff | u64::from(self.0)
///     }
/// }
///
/// let emitter = Emitter::new().with_ids(Site(7));
/// ```
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
