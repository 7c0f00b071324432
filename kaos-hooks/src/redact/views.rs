//! All that a text reads as, decoded once and as often as it can be, and what the last of it reads
//! as with sentinels in it.

use smallvec::SmallVec;

use super::HashKey;
use super::draft::{self, Decoded, Draft, Given, Known};
use super::finding::Finding;
use super::hits::Hits;
use super::looks::Looks;
use super::sentinel::Ranges;
use super::view::View;

/// How often an escape may itself be escaped and is still read.
const LEVELS: usize = 3;

/// A text decoded once, twice, as often as it can be; used over and over.
#[derive(Default)]
pub(crate) struct Views {
    levels: [View; LEVELS],
    /// How often the last text could be decoded.
    count: usize,
    /// The literals of the last of them.
    hits: Hits,
    /// And its sentinels.
    sentinels: Ranges,
}

impl Views {
    /// Decodes a text; gives how often it could be.
    pub(crate) fn decode(&mut self, text: &str) -> usize {
        self.count = 0;
        while let Some((outer, view)) = self.level(self.count)
            && view.decode(outer.unwrap_or(text))
        {
            self.count += 1;
        }
        self.count
    }

    /// No text was decoded.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
    }

    /// What `text` reads as with its findings redacted: what it read as itself, with the same
    /// ranges redacted there. Nobody knows where a range cuts an escape in two, or where escapes
    /// are escaped themselves.
    pub(crate) fn redacted<'d>(
        &mut self,
        text: &str,
        findings: &[Finding],
        key: Option<&HashKey>,
        draft: &'d mut Draft,
    ) -> Decoded<'d> {
        let [view, ..] = &self.levels;
        match self.count {
            0 => return Decoded::Same,
            1 => {}
            _ => return Decoded::Unknown,
        }
        let mut ranges: SmallVec<[(usize, usize); 4]> = SmallVec::new();
        let (mut escapes, mut last) = (view.escapes(), 0);
        for found in findings {
            let Some((start, first)) = view.offset(found.start) else {
                return Decoded::Unknown;
            };
            let Some((end, behind)) = view.offset(found.end) else {
                return Decoded::Unknown;
            };
            if start < last {
                return Decoded::Unknown;
            }
            escapes -= behind - first;
            last = end;
            ranges.push((start, end));
        }
        if escapes == 0 {
            return Decoded::Same;
        }
        let given = Given {
            hits: self.hits.within(0, view.text.len()),
            start: 0,
            looks: Looks::ALL,
        };
        let known = Known {
            text: &view.text,
            given,
            sentinels: std::mem::take(&mut self.sentinels),
            is_ours: true,
            decoded: Decoded::Same,
        };
        draft.redact(
            &known,
            ranges.into_iter(),
            draft::sentinels(text, findings, key),
        );
        Decoded::As(draft)
    }

    /// The view to fill, and the text of the one before it.
    fn level(&mut self, level: usize) -> Option<(Option<&str>, &mut View)> {
        let (outer, rest) = self.levels.split_at_mut_checked(level)?;
        Some((outer.last().map(|outer| &*outer.text), rest.first_mut()?))
    }

    /// All views, and the places for what is found out about the last one.
    pub(crate) fn parts(&mut self) -> (&[View], &mut Hits, &mut Ranges) {
        (&self.levels, &mut self.hits, &mut self.sentinels)
    }
}
