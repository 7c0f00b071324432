//! Numbers, times, lists and pointers as bytes.

use std::sync::Arc;
use std::time::Duration;

use super::{Pack, Packer, Unpack, Unpacker};

macro_rules! of_fixed_size {
    ($($number:ident)+) => {$(
        impl Pack for $number {
            fn pack(&self, to: &mut Packer) {
                to.put(self.to_ne_bytes());
            }
        }

        impl Unpack for $number {
            fn unpack(from: &mut Unpacker<'_>) -> Self {
                Self::from_ne_bytes(from.take())
            }
        }
    )+};
}

of_fixed_size! { u8 u128 f64 }

macro_rules! often_small {
    ($($number:ident)+) => {$(
        impl Pack for $number {
            fn pack(&self, to: &mut Packer) {
                to.number((*self).into());
            }

            #[inline]
            fn is_something(&self) -> bool {
                *self != 0
            }
        }

        impl Unpack for $number {
            fn unpack(from: &mut Unpacker<'_>) -> Self {
                Self::try_from(from.number()).expect("a number that was packed")
            }

            fn nothing() -> Option<Self> {
                Some(Self::default())
            }
        }
    )+};
}

often_small! { u16 u32 u64 }

/// Small ones take little, below zero, too.
impl Pack for i64 {
    fn pack(&self, to: &mut Packer) {
        to.number(((*self << 1) ^ (*self >> 63)).cast_unsigned());
    }
}

impl Unpack for i64 {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        let number = from.number();
        (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
    }
}

impl Pack for bool {
    fn pack(&self, to: &mut Packer) {
        u8::from(*self).pack(to);
    }

    #[inline]
    fn is_something(&self) -> bool {
        *self
    }

    #[inline]
    fn pack_something(&self, _to: &mut Packer) {}
}

impl Unpack for bool {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        u8::unpack(from) != 0
    }

    fn nothing() -> Option<Self> {
        Some(false)
    }

    fn unpack_something(_from: &mut Unpacker<'_>) -> Self {
        true
    }
}

impl Pack for Duration {
    fn pack(&self, to: &mut Packer) {
        self.as_secs().pack(to);
        self.subsec_nanos().pack(to);
    }
}

impl Unpack for Duration {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        let seconds = u64::unpack(from);
        Self::new(seconds, u32::unpack(from))
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, to: &mut Packer) {
        self.is_some().pack(to);
        self.pack_something(to);
    }

    #[inline]
    fn is_something(&self) -> bool {
        self.is_some()
    }

    #[inline]
    fn pack_something(&self, to: &mut Packer) {
        if let Some(some) = self {
            some.pack(to);
        }
    }
}

impl<T: Unpack> Unpack for Option<T> {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        bool::unpack(from).then(|| T::unpack(from))
    }

    fn nothing() -> Option<Self> {
        Some(None)
    }

    fn unpack_something(from: &mut Unpacker<'_>) -> Self {
        Some(T::unpack(from))
    }
}

impl<T: Pack> Pack for [T] {
    fn pack(&self, to: &mut Packer) {
        to.number(self.len() as u64);
        for item in self {
            item.pack(to);
        }
    }

    #[inline]
    fn is_something(&self) -> bool {
        !self.is_empty()
    }
}

impl<T: Pack> Pack for Vec<T> {
    fn pack(&self, to: &mut Packer) {
        self.as_slice().pack(to);
    }

    #[inline]
    fn is_something(&self) -> bool {
        !self.is_empty()
    }
}

impl<T: Unpack> Unpack for Vec<T> {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        (0..from.length()).map(|_| T::unpack(from)).collect()
    }

    fn nothing() -> Option<Self> {
        Some(Self::default())
    }
}

impl<T: Pack, U: Pack> Pack for (T, U) {
    fn pack(&self, to: &mut Packer) {
        self.0.pack(to);
        self.1.pack(to);
    }
}

impl<T: Unpack, U: Unpack> Unpack for (T, U) {
    fn unpack(from: &mut Unpacker<'_>) -> Self {
        let first = T::unpack(from);
        (first, U::unpack(from))
    }
}

macro_rules! pointers {
    ($($pointer:ident)+) => {$(
        impl<T: Pack> Pack for $pointer<T> {
            fn pack(&self, to: &mut Packer) {
                (**self).pack(to);
            }
        }

        impl<T: Unpack> Unpack for $pointer<T> {
            fn unpack(from: &mut Unpacker<'_>) -> Self {
                Self::new(T::unpack(from))
            }
        }
    )+};
}

pointers! { Box Arc }

impl<T: Pack> Pack for &T {
    fn pack(&self, to: &mut Packer) {
        (**self).pack(to);
    }
}
