//! Text as its reader will decode it: without escapes, zero-width and full-width characters.

mod escapes;

use escapes::Escapes;
pub(crate) use escapes::candidate;

use super::ascii;
use super::draft::{Changed, Given, Known};
use super::hit::Hit;
use super::looks::Looks;
use super::sentinel::Ranges;

/// A decoded text that knows where its bytes came from.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) text: String,
    /// Where its escapes stood; the first is none, and stands at the start.
    steps: Vec<Step>,
}

/// An escape that was decoded: behind it both texts go on alike.
#[derive(Clone, Copy, Default)]
struct Step {
    /// Where the decoded text goes on.
    at: usize,
    /// Where the escape starts in the original, and where that goes on.
    start: usize,
    end: usize,
}

impl View {
    /// Becomes the decoded text; whether there is anything to decode.
    pub(super) fn decode(&mut self, text: &str) -> bool {
        let mut escapes = Escapes::new(text.as_bytes(), 0, text.len());
        let Some(first) = escapes.next() else {
            return false;
        };
        self.text.clear();
        self.text.reserve(text.len());
        self.steps.clear();
        self.steps.push(Step::default());
        let mut copied = 0;
        for escape in std::iter::once(first).chain(escapes) {
            self.text.push_str(ascii::cut(text, copied, escape.start));
            if let Some(letter) = escape.letter {
                self.text.push(letter);
            }
            self.steps.push(Step {
                at: self.text.len(),
                start: escape.start,
                end: escape.end,
            });
            copied = escape.end;
        }
        self.text.push_str(ascii::cut(text, copied, text.len()));
        true
    }

    /// The decoded text with its literals and sentinels, which are left empty.
    pub(super) fn known<'v>(
        &'v self,
        hits: &'v [Hit],
        sentinels: &mut Ranges,
        changed: Option<Changed>,
    ) -> Known<'v> {
        Known {
            text: &self.text,
            given: Given {
                hits,
                start: 0,
                looks: Looks::ALL,
            },
            is_ours: changed.is_some() || sentinels.is_empty(),
            sentinels: std::mem::take(sentinels),
            changed,
        }
    }

    /// The offset for one of the original; nothing inside an escape.
    pub(super) fn offset(&self, original: usize) -> Option<usize> {
        let after = self.steps.partition_point(|step| step.end <= original);
        let last = self.steps.get(after.checked_sub(1)?)?;
        let is_inside = self
            .steps
            .get(after)
            .is_some_and(|next| next.start < original);
        (!is_inside).then_some(last.at + (original - last.end))
    }

    /// Becomes `text`, which has sentinels in the place of some ranges of the original; for each,
    /// its range in the view, too, and how long the sentinel is. Whether any escape is left.
    pub(super) fn cut(&mut self, text: &mut String, cuts: &[Cut]) -> bool {
        std::mem::swap(&mut self.text, text);
        let mut cuts = cuts.iter().peekable();
        // How far both texts were moved, modulo what an offset holds.
        let (mut view, mut original) = (0usize, 0usize);
        self.steps.retain_mut(|step| {
            while let Some(cut) = cuts.next_if(|cut| cut.original.1 <= step.start) {
                view = view
                    .wrapping_add(cut.written)
                    .wrapping_sub(cut.view.1 - cut.view.0);
                original = original
                    .wrapping_add(cut.written)
                    .wrapping_sub(cut.original.1 - cut.original.0);
            }
            // It is gone with what was cut.
            let is_cut =
                step.end > 0 && cuts.peek().is_some_and(|cut| cut.original.0 <= step.start);
            *step = Step {
                at: step.at.wrapping_add(view),
                start: step.start.wrapping_add(original),
                end: step.end.wrapping_add(original),
            };
            !is_cut
        });
        self.steps.len() > 1
    }

    /// The offset of the original for an offset of the view.
    pub(crate) fn original(&self, offset: usize) -> usize {
        let after = self.steps.partition_point(|step| step.at <= offset);
        let last = after.checked_sub(1).and_then(|last| self.steps.get(last));
        let last = last.copied().unwrap_or_default();
        last.end + (offset - last.at)
    }

    /// The offset of the original behind the last byte before an offset of the view.
    pub(crate) fn original_end(&self, offset: usize) -> usize {
        let after = self.steps.partition_point(|step| step.at < offset);
        let exact = self.steps.get(after).filter(|step| step.at == offset);
        let last = exact.or_else(|| after.checked_sub(1).and_then(|last| self.steps.get(last)));
        let last = last.copied().unwrap_or_default();
        last.end + (offset - last.at)
    }
}

/// A range that a sentinel replaces.
#[derive(Clone, Copy)]
pub(super) struct Cut {
    pub(super) original: (usize, usize),
    pub(super) view: (usize, usize),
    /// How long the sentinel is.
    pub(super) written: usize,
}

impl Cut {
    /// A range of a text, not yet of its views.
    pub(super) fn of(start: usize, end: usize) -> Self {
        Self {
            original: (start, end),
            view: (start, end),
            written: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, View};

    const SENTINEL: &str = "<redacted:EMAIL:5-chars>";

    const PIECES: &[&str] = &[
        "a", "@b.co", "%40", "%4", "\\u0040", "\\", "\\\\", "\u{200b}", "\u{ff14}", "\u{a0}",
        "\u{201c}", "é", "%2540", "\\u200b", "u0040",
    ];

    #[test]
    fn a_view_with_sentinels_is_what_the_text_with_them_reads_as() {
        let mut number = 1u64;
        let mut below = |bound: usize| {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(99);
            usize::try_from(number >> 33).unwrap() % bound
        };
        let mut compared = 0;
        for _ in 0..20_000 {
            let count = 1 + below(12);
            let text: String = (0..count).map(|_| PIECES[below(PIECES.len())]).collect();
            let mut view = View::default();
            if !view.decode(&text) {
                continue;
            }
            let mut places: Vec<usize> = (0..4)
                .map(|_| below(text.len() + 1))
                .filter(|at| text.is_char_boundary(*at))
                .collect();
            places.sort_unstable();
            places.dedup();
            let (mut cut_text, mut cut_view) = (String::new(), String::new());
            let (mut copied, mut seen) = (0, 0);
            let mut cuts = Vec::new();
            for pair in places.chunks_exact(2) {
                let (Some(from), Some(to)) = (view.offset(pair[0]), view.offset(pair[1])) else {
                    continue;
                };
                cut_text.push_str(&text[copied..pair[0]]);
                cut_text.push_str(SENTINEL);
                cut_view.push_str(&view.text[seen..from]);
                cut_view.push_str(SENTINEL);
                (copied, seen) = (pair[1], to);
                cuts.push(Cut {
                    view: (from, to),
                    written: SENTINEL.len(),
                    ..Cut::of(pair[0], pair[1])
                });
            }
            cut_text.push_str(&text[copied..]);
            cut_view.push_str(&view.text[seen..]);
            let is_left = view.cut(&mut cut_view, &cuts);
            let mut fresh = View::default();
            assert_eq!(fresh.decode(&cut_text), is_left, "{text:?} {cut_text:?}");
            if !is_left {
                assert_eq!(view.text, cut_text);
                continue;
            }
            assert_eq!(view.text, fresh.text, "{text:?} {cut_text:?}");
            for at in 0..=fresh.text.len() {
                assert_eq!(
                    view.original(at),
                    fresh.original(at),
                    "{text:?} {cut_text:?}"
                );
                assert_eq!(
                    view.original_end(at),
                    fresh.original_end(at),
                    "{cut_text:?}"
                );
            }
            compared += usize::from(!cuts.is_empty());
        }
        assert!(compared > 1_000, "{compared}");
    }
}
