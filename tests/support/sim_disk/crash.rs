//! How a machine ends, and what decides what is left.

/// How a machine ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process is killed: what it wrote stays with the operating system.
    Kill,
    /// The power is cut: what was not synced is kept or lost as this seed says.
    Power(u64),
}

/// Numbers that follow from a seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The numbers of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// A number below `end`, which is not 0.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the remainder is below a usize"
    )]
    pub const fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    pub(super) const fn byte(&mut self) -> u8 {
        self.roll().to_le_bytes()[0]
    }
}

const fn mixed(seed: u64) -> u64 {
    let mut z = seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// What a crash kept, as a number: equal for crashes that kept the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Kept(u64);

impl Kept {
    pub(super) const fn name(&mut self, kept: bool) {
        self.0 = mixed(self.0 ^ (1 + kept as u64));
    }

    pub(super) fn sectors(&mut self, choices: &[u8]) {
        for choice in choices {
            self.0 = mixed(self.0 ^ (16 + u64::from(*choice)));
        }
    }
}
