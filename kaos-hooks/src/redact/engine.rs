//! All rules over one stretch of text.
//!
//! One automaton finds the literals of all rules in a single pass; at a hit the rule that owns
//! the literal looks at what is around it, within a bound. Numbers and `@` have scanners of
//! their own. No step goes back over more than a bounded stretch, so the cost is linear on any
//! input.

use std::ops::ControlFlow;

use super::ascii;
use super::cursor::Cursor;
use super::finding::{Findings, List};
use super::literals::{BUILT_IN, Literals, Trigger};
use super::rule::Rule;
use super::sentinel::{Gaps, Ranges};
use super::view::{self, View};
use super::{Class, digits, email, iban, named, on_request, sentinel, token};

/// The scanners that can say where to look next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    Literal,
    Digits,
    Iban,
    At,
    Escape,
    Token,
    Forged,
}

impl Look {
    pub(crate) const ALL: [Self; 7] = [
        Self::Literal,
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

    const fn has(self, look: Look) -> bool {
        self.0 & 1 << look as u8 != 0
    }

    /// The same for a text that sentinels were put into. Only a run of letters becomes one by a
    /// cut; where escapes are, anything may.
    pub(crate) const fn after_cuts(self) -> Self {
        if self.has(Look::Escape) {
            Self::ALL
        } else {
            self.and(Look::Literal).and(Look::Iban).and(Look::Token)
        }
    }
}

/// The rules of one redactor.
#[derive(Debug)]
pub(crate) struct Engine {
    own: Option<Literals>,
    pub(super) rules: Vec<Rule>,
    pub(super) addresses: bool,
    pub(super) phones: bool,
    /// The classes that are switched off.
    pub(super) off: Vec<Class>,
    /// Whether keyed tokens are written.
    pub(super) has_key: bool,
}

impl Engine {
    pub(crate) fn new(
        rules: Vec<Rule>,
        addresses: bool,
        phones: bool,
        off: Vec<Class>,
        has_key: bool,
    ) -> Self {
        let own = (!rules.is_empty()).then(|| Literals::new(&rules));
        Self {
            own,
            rules,
            addresses,
            phones,
            off,
            has_key,
        }
    }

    /// Whether a class is looked for.
    pub(crate) fn finds(&self, class: &Class) -> bool {
        !self.off.contains(class)
    }

    /// Calls `found` for every literal of `bytes` from `from` on, until it breaks.
    pub(crate) fn literals<B>(
        &self,
        bytes: &[u8],
        from: usize,
        found: impl FnMut(usize, usize, &Trigger) -> ControlFlow<B>,
    ) -> Option<B> {
        let literals = self.own.as_ref().unwrap_or_else(|| &*BUILT_IN);
        literals.each(bytes, from, found)
    }

    /// Where the next candidate of one scanner stands; before it that scanner finds nothing.
    ///
    /// In JSON a word that tells about a value counts wherever it stands.
    pub(crate) fn look(&self, look: Look, text: &str, from: usize, in_json: bool) -> Option<usize> {
        let bytes = text.as_bytes();
        match look {
            Look::Literal if self.addresses || self.phones => (from < bytes.len()).then_some(from),
            Look::Literal => self.next_literal(text, from, in_json),
            Look::Digits => digits::candidate(bytes, from),
            Look::Iban => iban::candidate(bytes, from),
            Look::At => memchr::memchr(b'@', bytes.get(from..)?).map(|index| from + index),
            Look::Escape => view::candidate(bytes, from),
            Look::Token => token::candidate(bytes, from),
            Look::Forged => self.forged_from(text, from),
        }
    }

    fn next_literal(&self, text: &str, from: usize, in_json: bool) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut read_to = 0;
        self.literals(bytes, from, |start, end, trigger| {
            if !matches!(trigger, Trigger::Name) || in_json {
                return ControlFlow::Break(start);
            }
            if start < read_to {
                return ControlFlow::Continue(());
            }
            let (name_start, name_end) = named::name_around(text, start, end);
            read_to = name_end;
            if named::may_assign(text, name_start, name_end) {
                ControlFlow::Break(start)
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    /// All findings of `text`, sorted and apart from each other.
    pub(crate) fn scan(&self, text: &str) -> List {
        self.scan_from(text, 0, Looks::ALL)
    }

    /// All findings of `text`, which has no literal before `from`, and nothing for other scanners
    /// than `looks`.
    pub(crate) fn scan_from(&self, text: &str, from: usize, looks: Looks) -> List {
        let mut findings = Findings::default();
        let mut sentinels = sentinel::ranges(text);
        self.scan_plain(text, from, looks, &mut sentinels, &mut findings);
        if looks.has(Look::Escape) {
            self.scan_views(text, &mut findings);
        }
        if !self.off.is_empty() {
            findings.0.retain(|found| self.finds(&found.class));
        }
        if findings.0.is_empty() {
            return List::new();
        }
        let mut joined = findings.joined();
        Self::keep_sentinels(text, &sentinels, &mut joined);
        joined
    }

    /// The text as its reader decodes it, once and as often as it can be: what lies between is
    /// found with the one or the other.
    fn scan_views(&self, text: &str, findings: &mut Findings) {
        let views = View::all_of(text);
        for depth in 1..=views.len() {
            if depth > 1 && depth < views.len() {
                continue;
            }
            let Some((view, outer)) = views.get(..depth).and_then(<[View]>::split_last) else {
                continue;
            };
            let mut inner = Findings::default();
            let mut sentinels = sentinel::ranges(&view.text);
            self.scan_plain(&view.text, 0, Looks::ALL, &mut sentinels, &mut inner);
            for found in inner.0 {
                let (start, end) = outer.iter().rev().fold(
                    (view.original(found.start), view.original_end(found.end)),
                    |(start, end), outer| (outer.original(start), outer.original_end(end)),
                );
                if text.is_char_boundary(start) && text.is_char_boundary(end) {
                    findings.add(start, end, found.class, found.rule);
                }
            }
        }
    }

    /// All findings of `text` as it is; of `sentinels`, those stay that this redactor wrote.
    fn scan_plain(
        &self,
        text: &str,
        from: usize,
        looks: Looks,
        sentinels: &mut Ranges,
        findings: &mut Findings,
    ) {
        let bytes = text.as_bytes();
        let mut cursor = Cursor::default();
        // What was redacted before is full of words that tell, and tells nothing.
        for (start, end) in Gaps::new(sentinels, from, bytes.len()) {
            let gap = ascii::part(bytes, 0, end);
            self.literals(gap, start, |start, end, trigger| {
                cursor.at_literal(&self.rules, text, (start, end), trigger, findings);
                ControlFlow::<()>::Continue(())
            });
        }
        for (start, end) in Gaps::new(sentinels, 0, bytes.len()) {
            if looks.has(Look::Digits) {
                digits::scan(bytes, start, end, findings);
            }
            if looks.has(Look::Iban) {
                iban::scan(bytes, start, end, findings);
            }
        }
        if looks.has(Look::At) {
            email::scan(text, findings);
        }
        if looks.has(Look::Token) {
            token::scan(text, sentinels, findings);
        }
        self.forged(text, sentinels, findings);
        findings.without_hosts();
        if self.addresses {
            on_request::scan_addresses(text, findings);
        }
        if self.phones {
            on_request::scan_phones(bytes, findings);
        }
    }
}
