//! Enums of fields as bytes.

/// Enums, and into what their bytes are made: a byte for the variant, then its field.
macro_rules! enums {
    ($($name:ident $(<$life:lifetime>)? / $buf:ident { $($variant:ident),+ })+) => {$(
        const _: () = {
            #[repr(u8)]
            enum Tag { $($variant),+ }

            impl crate::bytes::Pack for $name $(<$life>)? {
                #[inline]
                fn pack(&self, to: &mut crate::bytes::Packer) {
                    match self {
                        $(Self::$variant(field) => {
                            crate::bytes::Pack::pack(&(Tag::$variant as u8), to);
                            crate::bytes::Pack::pack(field, to);
                        })+
                    }
                }
            }

            impl crate::bytes::Unpack for $buf {
                fn unpack(from: &mut crate::bytes::Unpacker<'_>) -> Self {
                    let tag: u8 = crate::bytes::Unpack::unpack(from);
                    $(if tag == Tag::$variant as u8 {
                        return Self::$variant(crate::bytes::Unpack::unpack(from));
                    })+
                    unreachable!("a variant that was packed")
                }
            }
        };
    )+};
}

pub(crate) use enums;
