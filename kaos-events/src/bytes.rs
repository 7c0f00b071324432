//! Values as bytes of this process.

mod enums;
mod mask;
mod plain;

pub(crate) use enums::enums;
pub(crate) use mask::Mask;

use crate::Str;

/// Texts of more bytes than this are shared, not copied.
const LONG: usize = 128;
/// Before a number of eight bytes; below it and the next two, a number is one byte.
const LARGE: u8 = u8::MAX;
/// In place of a text's length: it is the next of the shared ones,
const SHARED: u8 = LARGE - 1;
/// or of the literals.
const LITERAL: u8 = LARGE - 2;

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
    /// The texts that are copied, one behind the other.
    texts: String,
    /// Those that are not: long ones, and those that nobody has read yet.
    shared: Vec<Str>,
    shared_bytes: usize,
    literals: Vec<&'static str>,
    /// The event that is being packed tells no content of its subject.
    pub(crate) without_content: bool,
}

impl Packer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            texts: String::with_capacity(bytes / 4),
            ..Self::default()
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes.len() + self.texts.len() + self.shared_bytes
    }

    /// What points to texts that are not copied.
    pub(crate) const fn pointers(&self) -> usize {
        self.shared.len() * size_of::<Str>() + self.literals.len() * size_of::<&str>()
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.bytes.capacity() + self.texts.capacity()
    }

    pub(crate) fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes.extend_from_slice(&bytes);
    }

    /// Small numbers take one byte, others nine.
    #[inline]
    fn number(&mut self, number: u64) {
        if let Ok(small) = u8::try_from(number)
            && small < LITERAL
        {
            self.put([small]);
        } else {
            self.put([LARGE]);
            self.put(number.to_ne_bytes());
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.texts.clear();
        self.shared.clear();
        self.shared_bytes = 0;
        self.literals.clear();
    }
}

/// What is left to unpack.
pub(crate) struct Unpacker<'p> {
    bytes: &'p [u8],
    texts: &'p str,
    shared: std::slice::Iter<'p, Str>,
    literals: std::slice::Iter<'p, &'static str>,
}

impl<'p> Unpacker<'p> {
    pub(crate) fn new(packed: &'p Packer) -> Self {
        Self {
            bytes: &packed.bytes,
            texts: &packed.texts,
            shared: packed.shared.iter(),
            literals: packed.literals.iter(),
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

    fn text(&mut self, length: usize) -> &'p str {
        let taken = self.texts.split_at_checked(length);
        let (taken, rest) = taken.expect("a text that was packed");
        self.texts = rest;
        taken
    }
}

impl Pack for Str {
    fn pack(&self, to: &mut Packer) {
        match self {
            Self::Shared(text) if text.len() <= LONG => {
                to.number(text.len() as u64);
                to.texts.push_str(text);
            }
            Self::Static(text) => {
                to.put([LITERAL]);
                to.literals.push(text);
            }
            // A long one, or one that is made where it is unpacked.
            Self::Shared(_) | Self::Lazy(_) => {
                to.put([SHARED]);
                to.shared_bytes += self.weight();
                to.shared.push(self.clone());
            }
        }
    }

    #[inline]
    fn is_something(&self) -> bool {
        matches!(self, Self::Lazy(_)) || !self.is_empty()
    }
}

impl Unpack for Str {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        let length = match from.take() {
            [SHARED] => {
                let shared = from.shared.next();
                return shared.expect("a text that was shared").clone();
            }
            [LITERAL] => {
                let literal = from.literals.next();
                return Self::Static(literal.expect("a literal that was packed"));
            }
            [LARGE] => u64::from_ne_bytes(from.take()),
            [small] => small.into(),
        };
        if length == 0 {
            return Self::default();
        }
        let length = usize::try_from(length).expect("the length of something in memory");
        Self::copied(from.text(length))
    }

    fn nothing() -> Option<Self> {
        Some(Self::default())
    }
}
