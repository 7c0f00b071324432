//! What a struct of fields packs first.

use super::{Packer, Unpack, Unpacker};

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
