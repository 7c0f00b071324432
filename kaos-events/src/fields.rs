//! The fields of events, each declared once.
//!
//! A line of [`fields!`] names a field, its type and its class. From it come the struct with its place on the wire, what
//! a [`TextVisitor`](crate::TextVisitor) is shown of it, and how it is packed for a queue. So a new field cannot be
//! forgotten anywhere, and a text cannot be passed off as a number: each class takes the types that it is made for.
//!
//! | class | what it is | a visitor |
//! |---|---|---|
//! | `name` | a name, an id or a word that the program, its configuration, a model or a provider chose | sees it, and may change it |
//! | `content(Kind)` | text that somebody said, of this [`ContentKind`](crate::ContentKind) | may change it, or take it out |
//! | `number` | a number, a flag, a time, a word of a closed set, an id of fixed form | never sees it |
//! | `attributes` | what a user adds | sees keys and values |
//! | `fields` | a part with fields of its own | sees those |
//!
//! `at start` behind the class: it stands in the span's start only, and has a place of its own on the wire, so the field
//! is skipped here. There are two such places, for content and for a briefing: a struct has `at start` once for each at
//! most, and only if it is one of the subjects that the codec reads and writes it for. Anything else does not compile. On
//! the wire a field that is absent (`None`, `false`, an empty list) is left out.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::{Attributes, Str};

/// Declares structs of fields; see the module's documentation.
macro_rules! fields {
    ($(
        $(#[$about:meta])*
        pub struct $name:ident {$(
            $(#[$note:meta])*
            pub $field:ident: $type:ty as $class:ident $(($kind:ident))? $(at $start:ident)?,
        )+}
    )+) => {$(
        $(#[$about])*
        pub struct $name {$(
            $(#[$note])*
            $(#[doc = concat!("\n\nStands in the span's ", stringify!($start), " only.")] #[serde(skip)])?
            #[serde(skip_serializing_if = "crate::fields::Optional::is_absent")]
            pub $field: $type,
        )+}

        impl crate::texts::Fields for $name {
            fn show(&mut self, tool: Option<&str>, to: &mut impl crate::TextVisitor) {
                let Self { $($field),+ } = self;
                $(crate::texts::show!($class $(($kind))? $field, tool, to);)+
            }

            fn forget_start(&mut self) {
                $($(crate::fields::forget!(at $start self.$field);)?)+
            }
        }

        $($(crate::fields::at_start!($start $class $name $field);)?)+

        const _: () = {
            use crate::bytes::{Mask, Pack, Packer, Unpack, Unpacker};

            const BYTES: usize = Mask::bytes_for([$(stringify!($field)),+].len());

            impl Pack for $name {
                #[inline]
                fn pack(&self, to: &mut Packer) {
                    let Self { $($field),+ } = self;
                    let mut says = Mask::default();
                    $(says.note($field.is_something() $(&& crate::fields::is_due!(at $start to))?);)+
                    says.put::<BYTES>(to);
                    $(if says.next() {
                        $field.pack_something(to);
                    })+
                }
            }

            impl Unpack for $name {
                fn unpack(from: &mut Unpacker<'_>) -> Self {
                    let mut says = Mask::take::<BYTES>(from);
                    Self {
                        $($field: says.field(from),)+
                    }
                }
            }
        };
    )+};
}

macro_rules! forget {
    (at start $field:expr) => {
        $field = Default::default()
    };
}

/// The field's place on the wire; a struct that has none, or a second field for it, does not compile.
macro_rules! at_start {
    (start content $name:ident $field:ident) => {
        impl crate::fields::ContentAtStart for $name {
            fn content_at_start(&mut self) -> &mut Option<crate::Str> {
                &mut self.$field
            }
        }
    };
    (start fields $name:ident $field:ident) => {
        impl crate::fields::BriefingAtStart for $name {
            fn briefing_at_start(&mut self) -> &mut Option<std::sync::Arc<Self::Briefing>> {
                &mut self.$field
            }
        }
    };
}

macro_rules! is_due {
    (at start $packer:ident) => {
        !$packer.without_content
    };
}

pub(crate) use {at_start, fields, forget, is_due};

/// A subject whose start the codec writes content of.
pub(crate) trait HasContent {}

/// Where that content is; from the field that is declared `content(…) at start`.
pub(crate) trait ContentAtStart: HasContent {
    fn content_at_start(&mut self) -> &mut Option<Str>;
}

/// A subject whose start the codec writes a briefing of.
pub(crate) trait HasBriefing {
    type Briefing;
}

/// Where that briefing is; from the field that is declared `fields at start`.
pub(crate) trait BriefingAtStart: HasBriefing {
    fn briefing_at_start(&mut self) -> &mut Option<Arc<Self::Briefing>>;
}

/// A part with fields of its own, from a JSON object. Serde takes the fields of a struct from a list, too,
/// one after the other; on the wire that is an error.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        from.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// Reads a part that may be absent: an object, or nothing.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let part = Option::<Object<T>>::deserialize(from)?;
    Ok(part.map(|Object(part)| part))
}

/// The same, boxed.
pub(crate) fn boxed<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Box<T>>, D::Error> {
    Ok(object(from)?.map(Box::new))
}

/// Whether a field says nothing, so that a line leaves it out.
pub(crate) trait Optional {
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Optional for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Optional for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl Optional for Attributes {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl Optional for bool {
    fn is_absent(&self) -> bool {
        !self
    }
}

impl<T> Optional for Arc<T> {}

macro_rules! always_there {
    ($($type:ty)+) => { $(impl crate::fields::Optional for $type {})+ };
}

pub(crate) use always_there;

always_there! {
    Str u8 u16 u32 u64 i64 f64 std::time::Duration crate::TraceId crate::SpanId crate::Session
}
