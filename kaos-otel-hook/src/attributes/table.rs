//! How a table says what a span says: a row an attribute.

/// The names of a table's rows, and the tables that are part of it.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) own: &'static [&'static str],
    pub(crate) also: &'static [&'static Self],
}

impl Names {
    pub(crate) const NONE: Self = Self {
        own: &[],
        also: &[],
    };

    pub(crate) fn has(&self, key: &str) -> bool {
        self.own.contains(&key) || self.also.iter().any(|part| part.has(key))
    }

    /// How many there are at most.
    pub(crate) const fn most(&self) -> usize {
        let (mut most, mut left) = (self.own.len(), self.also);
        while let [part, others @ ..] = left {
            most += part.most();
            left = others;
        }
        most
    }
}

/// Declares tables. Of each comes a type with `NAMES`, and with `put`, which writes its rows.
///
/// A row is a name of [`semconv`](crate::semconv), how it is written (a method of
/// [`To`](super::To)) and its value. Behind a `+` stands a table that is part of this one, and what it
/// is written of, or `None`.
macro_rules! said {
    ($(
        $(#[$doc:meta])*
        $table:ident of $of:pat, $type:ty {
            $($name:ident: $how:ident($($value:expr)?);)*
            $(+ $part:ident: $given:expr;)*
        }
    )+) => {$(
        $(#[$doc])*
        pub(super) struct $table;

        impl $table {
            pub(super) const NAMES: $crate::attributes::table::Names =
                $crate::attributes::table::Names {
                    own: &[$($crate::semconv::$name),*],
                    also: &[$(&$part::NAMES),*],
                };

            pub(super) fn put(
                to: &mut $crate::attributes::To<impl $crate::attributes::Put>,
                $of: $type,
            ) {
                $(to.$how($crate::semconv::$name $(, $value)?);)*
                $(
                    if let Some(given) = $given {
                        $part::put(to, given);
                    }
                )*
            }
        }
    )+};
}

pub(super) use said;
