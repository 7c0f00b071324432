//! Values as bytes of this process.

mod enums;
mod mask;
mod plain;

pub(crate) use enums::enums;
pub(crate) use mask::Mask;

use crate::Str;

/// Texts of more bytes than this are shared, not copied.
const LONG: usize = 512;
/// In place of a text's length: it is the next of the shared ones.
const SHARED: usize = LONG + 1;

/// Before a number of eight bytes; below it, a number is one byte.
const LARGE: u8 = u8::MAX;

/// What can be packed.
pub(crate) trait Pack {
    fn pack(&self, to: &mut Packer);

    /// Whether it says anything. A struct notes that of all its fields in one place, and leaves out
    /// those that do not.
    fn is_something(&self) -> bool {
        true
    }

    /// Packs what is known to say something.
    fn pack_something(&self, to: &mut Packer) {
        self.pack(to);
    }
}

/// What packed bytes can be made into again.
pub(crate) trait Unpack: Sized {
    fn unpack(from: &mut Unpacker<'_>) -> Self;

    /// What says nothing, if there is such a thing.
    fn nothing() -> Option<Self> {
        None
    }

    /// Unpacks what is known to say something.
    fn unpack_something(from: &mut Unpacker<'_>) -> Self {
        Self::unpack(from)
    }
}

/// Where values are packed.
#[derive(Default)]
pub(crate) struct Packer {
    bytes: Vec<u8>,
    long: Vec<Str>,
    long_bytes: usize,
    /// The event that is being packed tells no content of its subject.
    pub(crate) without_content: bool,
}

impl Packer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            ..Self::default()
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes.len() + self.long_bytes
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    pub(crate) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes.extend_from_slice(&bytes);
    }

    /// Small numbers take one byte, others nine.
    #[inline]
    fn number(&mut self, number: u64) {
        if let Ok(small) = u8::try_from(number)
            && small < LARGE
        {
            self.put([small]);
        } else {
            self.put([LARGE]);
            self.put(number.to_ne_bytes());
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.long.clear();
        self.long_bytes = 0;
    }
}

/// What is left to unpack.
pub(crate) struct Unpacker<'p> {
    bytes: &'p [u8],
    long: std::slice::Iter<'p, Str>,
}

impl<'p> Unpacker<'p> {
    pub(crate) fn new(packed: &'p Packer) -> Self {
        Self {
            bytes: &packed.bytes,
            long: packed.long.iter(),
        }
    }

    fn number(&mut self) -> u64 {
        match self.take() {
            [LARGE] => u64::from_ne_bytes(self.take()),
            [small] => small.into(),
        }
    }

    fn length(&mut self) -> usize {
        usize::try_from(self.number()).expect("the length of something in memory")
    }

    pub(crate) fn take<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.bytes.split_first_chunk();
        let (taken, rest) = taken.expect("as many bytes as were packed");
        self.bytes = rest;
        *taken
    }

    fn take_slice(&mut self, length: usize) -> &'p [u8] {
        let taken = self.bytes.split_at_checked(length);
        let (taken, rest) = taken.expect("as many bytes as were packed");
        self.bytes = rest;
        taken
    }
}

impl Pack for Str {
    fn pack(&self, to: &mut Packer) {
        // A text that nobody has read yet is made where it is unpacked.
        let weight = self.weight();
        if weight > LONG || matches!(self, Self::Lazy(_)) {
            to.number(SHARED as u64);
            to.long.push(self.clone());
            to.long_bytes += weight;
        } else {
            to.number(self.len() as u64);
            to.bytes.extend_from_slice(self.as_bytes());
        }
    }

    #[inline]
    fn is_something(&self) -> bool {
        matches!(self, Self::Lazy(_)) || !self.is_empty()
    }
}

impl Unpack for Str {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        match from.length() {
            0 => Self::default(),
            SHARED => from.long.next().expect("a text that was shared").clone(),
            length => {
                let text = std::str::from_utf8(from.take_slice(length));
                Self::copied(text.expect("a text that was packed"))
            }
        }
    }

    fn nothing() -> Option<Self> {
        Some(Self::default())
    }
}
