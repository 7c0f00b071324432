//! Which scanners may find something in a text.

/// The scanners that can say where to look next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    Digits,
    Iban,
    At,
    Escape,
    Token,
    Forged,
}

impl Look {
    pub(crate) const ALL: [Self; 6] = [
        Self::Digits,
        Self::Iban,
        Self::At,
        Self::Escape,
        Self::Token,
        Self::Forged,
    ];
}

/// Some of the scanners: those that may find something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks(u8);

impl Looks {
    pub(crate) const ALL: Self = Self(u8::MAX);

    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn and(self, look: Look) -> Self {
        Self(self.0 | 1 << look as u8)
    }

    pub(crate) const fn has(self, look: Look) -> bool {
        self.0 & 1 << look as u8 != 0
    }

    /// The same for a text that sentinels were put into: only a run of letters becomes one by a
    /// cut.
    pub(crate) const fn after_cuts(self) -> Self {
        self.and(Look::Iban).and(Look::Token)
    }
}
