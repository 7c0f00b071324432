//! A text on its way to a safe one, and what is known of it from what it was made of: so that it
//! need not be read again.

use smallvec::{SmallVec, smallvec};

use super::finding::{Finding, Findings};
use super::hit::Hit;
use super::hits::Hits;
use super::literals::Literals;
use super::looks::Looks;
use super::sentinel::{self, Ranges};
use super::{HashKey, ascii};

/// What is known of a text before anybody scans it.
#[derive(Clone, Copy)]
pub(crate) struct Given<'h> {
    /// Its literals, which may be counted in a text...
    pub(crate) hits: &'h [Hit],
    /// ...of which this one starts here.
    pub(crate) start: usize,
    /// The scanners that may find something.
    pub(crate) looks: Looks,
}

impl<'h> Given<'h> {
    /// All literals of `text`, and that anything may be found in it.
    pub(crate) fn all(literals: &Literals, text: &str, hits: &'h mut Hits) -> Self {
        hits.clear();
        hits.read_to(literals, text.as_bytes(), text.len());
        Self {
            hits: hits.within(0, text.len()),
            start: 0,
            looks: Looks::ALL,
        }
    }
}

/// A text to be scanned, and what is known of it.
pub(crate) struct Known<'t> {
    pub(crate) text: &'t str,
    pub(crate) given: Given<'t>,
    pub(crate) sentinels: Ranges,
    /// Whether all its sentinels are known to be of this redactor.
    pub(crate) is_ours: bool,
    /// Where it is another text than one in which nothing else was found; nothing if it is all
    /// new.
    pub(crate) changed: Option<Changed>,
}

impl<'t> Known<'t> {
    /// A text that nobody has looked at for sentinels.
    pub(crate) fn of(text: &'t str, given: Given<'t>) -> Self {
        let sentinels = sentinel::ranges(text);
        Self {
            text,
            given,
            is_ours: sentinels.is_empty(),
            sentinels,
            changed: None,
        }
    }
}

/// The stretches of a text that are near to something new.
#[derive(Clone, Default)]
pub(crate) struct Changed(SmallVec<[(usize, usize); 2]>);

/// How far a number or a token looks around itself at most, in bytes: a line of base64 to both
/// sides, and what frames it.
const NEAR: usize = 512;

impl Changed {
    fn add(&mut self, start: usize, end: usize) {
        let (from, to) = (start.saturating_sub(NEAR), end + NEAR);
        match self.0.last_mut() {
            Some(last) if from <= last.1 => last.1 = to,
            _ => self.0.push((from, to)),
        }
    }

    /// All of a text.
    pub(crate) fn all() -> Self {
        Self(smallvec![(0, usize::MAX)])
    }

    /// Adds what is near to findings.
    pub(crate) fn and_near(&mut self, findings: &Findings) {
        if findings.0.is_empty() || matches!(*self.0, [(0, usize::MAX)]) {
            return;
        }
        let mut all = std::mem::take(&mut self.0);
        all.extend(
            findings
                .0
                .iter()
                .map(|found| (found.start.saturating_sub(NEAR), found.end + NEAR)),
        );
        all.sort_unstable();
        for (from, to) in all {
            match self.0.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => self.0.push((from, to)),
            }
        }
    }

    /// Each of them, up to the end of a text.
    pub(crate) fn within(&self, length: usize) -> impl Iterator<Item = (usize, usize)> {
        self.0
            .iter()
            .map(move |(from, to)| (*from, (*to).min(length)))
    }
}

/// A text with sentinels in the place of its findings.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(super) hits: Vec<Hit>,
    pub(super) sentinels: Ranges,
    pub(super) changed: Changed,
}

impl Draft {
    pub(crate) fn known(&mut self, looks: Looks) -> Known<'_> {
        Known {
            text: &self.text,
            given: Given {
                hits: &self.hits,
                start: 0,
                looks,
            },
            sentinels: std::mem::take(&mut self.sentinels),
            is_ours: true,
            changed: Some(self.changed.clone()),
        }
    }

    /// Becomes what `known` is with sentinels in the place of some ranges; `write` writes the
    /// next one. Literals and sentinels between them stay what they are, and a cut makes no new
    /// ones.
    pub(crate) fn redact(
        &mut self,
        known: &Known<'_>,
        ranges: impl Iterator<Item = (usize, usize)>,
        mut write: impl FnMut(&mut String),
    ) {
        self.text.clear();
        self.hits.clear();
        self.sentinels.clear();
        self.changed.0.clear();
        let mut rest = Rest {
            known,
            from: 0,
            hits: known.given.hits.iter().peekable(),
            sentinels: known.sentinels.iter().peekable(),
        };
        for (start, end) in ranges {
            rest.copy_to(start, self);
            let written = self.text.len();
            write(&mut self.text);
            self.sentinels.push((written, self.text.len()));
            self.changed.add(written, self.text.len());
            rest.from = end;
        }
        rest.copy_to(known.text.len(), self);
    }
}

/// Writes the sentinels of the findings of `text`, one after the other.
pub(crate) fn sentinels<'f>(
    text: &'f str,
    findings: &'f [Finding],
    key: Option<&'f HashKey>,
) -> impl FnMut(&mut String) + 'f {
    let mut findings = findings.iter();
    move |out| {
        if let Some(found) = findings.next() {
            let secret = ascii::cut(text, found.start, found.end);
            sentinel::write(out, &found.class, secret, key);
        }
    }
}

/// What of a text is not copied yet.
struct Rest<'k> {
    known: &'k Known<'k>,
    from: usize,
    hits: std::iter::Peekable<std::slice::Iter<'k, Hit>>,
    sentinels: std::iter::Peekable<std::slice::Iter<'k, (usize, usize)>>,
}

impl Rest<'_> {
    /// Copies the stretch up to `to`, and what is known of it.
    fn copy_to(&mut self, to: usize, draft: &mut Draft) {
        let at = draft.text.len();
        let start = self.known.given.start;
        while let Some(hit) = self.hits.next_if(|hit| hit.end <= start + to) {
            draft.hits.extend(hit.moved(start + self.from, at));
        }
        while let Some((first, last)) = self.sentinels.next_if(|sentinel| sentinel.1 <= to) {
            if *first >= self.from {
                draft
                    .sentinels
                    .push((first - self.from + at, last - self.from + at));
            }
        }
        draft
            .text
            .push_str(ascii::cut(self.known.text, self.from, to));
    }
}
