//! All rules over one stretch of text.
//!
//! One automaton finds the literals of all rules in a single pass; at a hit the rule that owns
//! the literal looks at what is around it, within a bound. Numbers and `@` have scanners of
//! their own. No step goes back over more than a bounded stretch, so the cost is linear on any
//! input.

use super::cursor::Cursor;
use super::draft::{Changed, Given, Known};
use super::finding::{Finding, Findings, List};
use super::hits::Hits;
use super::literals::{BUILT_IN, Literals};
use super::looks::Look;
use super::rule::Rule;
use super::sentinel::{self, Gaps};
use super::view;
use super::views::Views;
use super::vocabulary::Seen;
use super::{Class, digits, email, iban, on_request, token};

/// The shortest text in which a built-in rule finds anything: `pw=ab`.
const SHORTEST: usize = 5;

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

    /// The automaton of all rules.
    pub(crate) fn literals(&self) -> &Literals {
        self.own.as_ref().unwrap_or_else(|| &*BUILT_IN)
    }

    /// Where the next candidate of a scanner stands; before it that scanner finds nothing.
    pub(crate) fn look(&self, look: Look, text: &str, from: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        match look {
            Look::Digits => digits::candidate(bytes, from),
            Look::Iban => iban::candidate(bytes, from),
            Look::At => memchr::memchr(b'@', bytes.get(from..)?).map(|index| from + index),
            Look::Escape => view::candidate(bytes, from),
            Look::Token => token::candidate(bytes, from),
            Look::Forged => self.forged_from(text, from),
        }
    }

    /// All findings of `text`, sorted and apart from each other.
    pub(crate) fn scan(&self, text: &str) -> List {
        let hits = &mut Hits::default();
        let mut known = Known::of(text, Given::all(self.literals(), text, hits));
        self.scan_known(&mut known, &mut Views::default(), &mut Seen::default())
    }

    /// All findings of a text; of its sentinels, those stay known that this redactor wrote.
    pub(crate) fn scan_known(
        &self,
        known: &mut Known<'_>,
        views: &mut Views,
        seen: &mut Seen,
    ) -> List {
        let mut findings = Findings::default();
        self.scan_plain(known, seen, &mut findings);
        if known.given.looks.has(Look::Escape) {
            self.scan_views(known.text, (views, seen), &mut findings);
        } else {
            views.same();
        }
        if !self.off.is_empty() {
            findings.0.retain(|found| self.finds(&found.class));
        }
        if findings.0.is_empty() {
            return List::new();
        }
        let mut joined = findings.joined();
        Self::keep_sentinels(known.text, &known.sentinels, &mut joined);
        joined
    }

    /// The text as its reader decodes it, once and as often as it can be: what lies between is
    /// found with the one or the other.
    fn scan_views(&self, text: &str, (views, seen): (&mut Views, &mut Seen), all: &mut Findings) {
        let count = views.decode(text);
        let is_cut = views.is_cut();
        for depth in 1..=count {
            if depth > 1 && depth < count {
                continue;
            }
            let Some(mut reading) = views.read(depth, self.literals()) else {
                continue;
            };
            let mut inner = Findings::default();
            if !all.0.is_empty() || !self.is_too_short(reading.known.text) {
                self.scan_plain(&mut reading.known, seen, &mut inner);
            }
            // Nothing is hidden where there is nothing but sentinels.
            let is_safe = |found: &Finding| {
                !self.finds(&found.class)
                    || sentinel::covers(&reading.known.sentinels, found.start, found.end)
            };
            if !(is_cut && inner.0.iter().all(is_safe)) {
                for found in inner.0 {
                    let (start, end) = reading.original(found.start, found.end);
                    if text.is_char_boundary(start) && text.is_char_boundary(end) {
                        all.add(start, end, found.class, found.rule);
                    }
                }
            }
            let sentinels = reading.known.sentinels;
            views.keep(depth, sentinels);
        }
    }

    /// Whether a text is too short for any finding.
    fn is_too_short(&self, text: &str) -> bool {
        text.len() < SHORTEST && self.own.is_none() && !self.addresses && !self.phones
    }

    /// All findings of a text as it is.
    fn scan_plain(&self, known: &mut Known<'_>, seen: &mut Seen, findings: &mut Findings) {
        let (text, looks, sentinels) = (known.text, known.given.looks, &mut known.sentinels);
        let bytes = text.as_bytes();
        if self.is_too_short(text) {
            return;
        }
        let literals = self.literals();
        if !known.given.hits.is_empty() {
            let mut cursor = Cursor::new(seen);
            for hit in known.given.hits {
                if let Some(hit) = hit.moved(known.given.start, 0)
                    && let Some(trigger) = literals.trigger(hit)
                {
                    let place = (hit.start, hit.end);
                    cursor.at_literal(&self.rules, text, place, trigger, findings);
                }
            }
        }
        let mut changed = known.changed.take().unwrap_or_else(Changed::all);
        for (from, to) in changed.within(bytes.len()) {
            for (start, end) in Gaps::new(sentinels, from, to) {
                if looks.has(Look::Digits) {
                    digits::scan(bytes, start, end, findings);
                }
                if looks.has(Look::Iban) {
                    iban::scan(bytes, start, end, findings);
                }
            }
        }
        if looks.has(Look::At) {
            email::scan(text, findings);
        }
        if looks.has(Look::Token) {
            changed.and_near(findings);
            token::scan(text, sentinels, &changed, findings);
        }
        if !known.is_ours {
            self.forged(text, sentinels, findings);
        }
        findings.without_hosts();
        if self.addresses {
            on_request::scan_addresses(text, findings);
        }
        if self.phones {
            on_request::scan_phones(bytes, findings);
        }
    }
}
