//! All that a text reads as, decoded once and as often as it can be; and what is known of it when
//! sentinels were put into the text.

use smallvec::SmallVec;

use super::HashKey;
use super::draft::{self, Changed, Draft, Known};
use super::finding::Finding;
use super::hit::Hit;
use super::literals::Literals;
use super::sentinel::{self, Ranges};
use super::view::{Cut, View};

/// How often an escape may itself be escaped and is still read.
const LEVELS: usize = 3;

/// A text decoded once, twice, as often as it can be; used over and over.
#[derive(Default)]
pub(crate) struct Views {
    levels: [Level; LEVELS],
    /// How often the text could be decoded, if that is known: zero times if it reads as it is.
    count: Option<usize>,
    /// Whether sentinels were put into the text since it was decoded, and into its views.
    is_cut: bool,
    draft: Draft,
}

/// A text decoded so many times, and what is known of it.
#[derive(Default)]
struct Level {
    view: View,
    hits: Vec<Hit>,
    sentinels: Ranges,
    /// Where sentinels were put in last.
    changed: Changed,
}

impl Views {
    /// Nothing is known of a text.
    pub(crate) fn forget(&mut self) {
        (self.count, self.is_cut) = (None, false);
    }

    /// The text reads as it is.
    pub(crate) fn same(&mut self) {
        self.count = Some(0);
    }

    /// Decodes a text, unless that is known; gives how often it could be.
    pub(crate) fn decode(&mut self, text: &str) -> usize {
        if let Some(count) = self.count {
            return count;
        }
        let mut count = 0;
        while let Some((outer, [level, ..])) = self.levels.split_at_mut_checked(count)
            && level
                .view
                .decode(outer.last().map_or(text, |outer| &outer.view.text))
        {
            count += 1;
        }
        self.count = Some(count);
        count
    }

    /// What the text reads as when it is decoded `depth` times, with all that is known of it.
    pub(crate) fn read(&mut self, depth: usize, literals: &Literals) -> Option<Reading<'_>> {
        let (level, outer) = self.levels.get_mut(..depth)?.split_last_mut()?;
        let text = &level.view.text;
        if !self.is_cut {
            level.hits.clear();
            literals.read(text.as_bytes(), (0, None), text.len(), &mut level.hits);
            level.sentinels = sentinel::ranges(text);
        }
        let changed = self.is_cut.then(|| level.changed.clone());
        let known = level.view.known(&level.hits, &mut level.sentinels, changed);
        Some(Reading {
            known,
            view: &level.view,
            outer,
        })
    }

    /// Keeps what is known of the sentinels of a view that was read.
    pub(crate) fn keep(&mut self, depth: usize, sentinels: Ranges) {
        if let Some(level) = depth
            .checked_sub(1)
            .and_then(|level| self.levels.get_mut(level))
        {
            level.sentinels = sentinels;
        }
    }

    /// Whether sentinels were put into the views since they were decoded.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// `text` gets sentinels for its findings: its views become what they were, with the same
    /// ranges redacted there, or nothing is known of them.
    pub(crate) fn redact(&mut self, text: &str, findings: &[Finding], key: Option<&HashKey>) {
        let count = self
            .count
            .filter(|count| self.cut(*count, text, findings, key).is_some());
        match count {
            Some(0) => {}
            Some(_) => self.is_cut = true,
            None => self.forget(),
        }
    }

    /// Puts the sentinels into so many views; nothing where a range cuts an escape in two.
    fn cut(
        &mut self,
        count: usize,
        text: &str,
        findings: &[Finding],
        key: Option<&HashKey>,
    ) -> Option<()> {
        let Self { levels, draft, .. } = self;
        let levels = levels.get_mut(..count)?;
        let mut cuts: SmallVec<[Cut; 4]> = findings
            .iter()
            .map(|found| Cut::of(found.start, found.end))
            .collect();
        let mut left = 0;
        for (index, level) in levels.iter_mut().enumerate() {
            let mut last = 0;
            for cut in &mut cuts {
                cut.original = cut.view;
                cut.view = (
                    level.view.offset(cut.original.0)?,
                    level.view.offset(cut.original.1)?,
                );
                if cut.view.0 < last {
                    return None;
                }
                last = cut.view.1;
            }
            let known = level.view.known(&level.hits, &mut level.sentinels, None);
            let mut write = draft::sentinels(text, findings, key);
            let ranges = cuts.iter().map(|cut| cut.view);
            let mut written: SmallVec<[usize; 4]> = SmallVec::new();
            draft.redact(&known, ranges, |out| {
                let before = out.len();
                write(out);
                written.push(out.len() - before);
            });
            for (cut, written) in cuts.iter_mut().zip(written) {
                cut.written = written;
            }
            std::mem::swap(&mut level.hits, &mut draft.hits);
            level.sentinels = std::mem::take(&mut draft.sentinels);
            std::mem::swap(&mut level.changed, &mut draft.changed);
            let has_escapes = level.view.cut(&mut draft.text, &cuts);
            if has_escapes && left == index {
                left += 1;
            }
        }
        // Of three, the second was not read.
        if left < count && count == LEVELS {
            return None;
        }
        self.count = Some(left);
        Some(())
    }
}

/// A view to be scanned.
pub(crate) struct Reading<'v> {
    pub(crate) known: Known<'v>,
    view: &'v View,
    /// What it was made from.
    outer: &'v [Level],
}

impl Reading<'_> {
    /// A range of the view, in the text.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        let range = (self.view.original(start), self.view.original_end(end));
        self.outer.iter().rev().fold(range, |(start, end), outer| {
            (outer.view.original(start), outer.view.original_end(end))
        })
    }
}
