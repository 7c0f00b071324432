//! Sentinels in the input: those of this redactor stay, and others are values like any other.

use std::sync::LazyLock;

use super::engine::Engine;
use super::finding::{Finding, Findings, List};
use super::sentinel::Ranges;
use super::word_set::WordSet;
use super::{Class, letter, sentinel};

static IS_BUILT_IN: LazyLock<WordSet> = LazyLock::new(|| {
    let names: Vec<&str> = Class::BUILT_IN.iter().map(Class::as_str).collect();
    WordSet::new(&names)
});

impl Engine {
    /// Whether a sentinel has a class that no rule of this redactor has, or a keyed token where
    /// there is no key: then something else than this redactor wrote it. Policies have keys of
    /// their own, for contents.
    pub(super) fn is_forged(&self, text: &str, range: (usize, usize)) -> bool {
        let (class, is_keyed) = sentinel::parts(text, range);
        let is_known =
            IS_BUILT_IN.has(class) || self.rules.iter().any(|rule| rule.class().as_str() == class);
        !is_known || (is_keyed && !self.has_key && class != Class::Content.as_str())
    }

    /// Where the next forged sentinel starts.
    pub(super) fn forged_from(&self, text: &str, from: usize) -> Option<usize> {
        sentinel::ranges_from(text, from)
            .find(|range| self.is_forged(text, *range))
            .map(|range| range.0)
    }

    /// Finds all forged sentinels, and takes them out of the others.
    pub(super) fn forged(&self, text: &str, sentinels: &mut Ranges, findings: &mut Findings) {
        sentinels.retain(|range| {
            let is_forged = self.is_forged(text, *range);
            if is_forged {
                findings.add(range.0, range.1, Class::Content, "forged sentinel");
            }
            !is_forged
        });
    }

    /// Takes out findings that hold nothing but sentinels; the others take a sentinel in whole.
    pub(super) fn keep_sentinels(text: &str, sentinels: &[(usize, usize)], findings: &mut List) {
        if sentinels.is_empty() {
            return;
        }
        findings.retain(|finding: &mut Finding| {
            let (start, end) = (finding.start, finding.end);
            let touched = |sentinel: &&(usize, usize)| sentinel.0 < end && start < sentinel.1;
            let mut rest = start;
            let mut holds_more = false;
            let from = sentinels.partition_point(|sentinel| sentinel.1 <= start);
            for sentinel in sentinels.iter().skip(from).take_while(touched) {
                holds_more |= text
                    .get(rest..sentinel.0)
                    .is_some_and(|part| part.contains(letter::is));
                finding.start = finding.start.min(sentinel.0);
                rest = sentinel.1;
            }
            finding.end = end.max(if rest > start { rest } else { end });
            holds_more
                | text
                    .get(rest..end)
                    .is_some_and(|part| part.contains(letter::is) || rest == start)
        });
    }
}
