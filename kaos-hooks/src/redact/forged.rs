//! Sentinels in the input: those of this redactor stay, and others are values like any other.

use super::engine::Engine;
use super::finding::{Finding, Findings};
use super::{Class, sentinel};

impl Engine {
    /// Whether a sentinel has a class that no rule of this redactor has, or a keyed token where
    /// there is no key: then something else than this redactor wrote it. Policies have keys of
    /// their own, for contents.
    pub(super) fn is_forged(&self, text: &str, range: (usize, usize)) -> bool {
        let (class, is_keyed) = sentinel::parts(text, range);
        let is_known = Class::BUILT_IN.iter().any(|known| known.as_str() == class)
            || self.rules.iter().any(|rule| rule.class().as_str() == class);
        !is_known || (is_keyed && !self.has_key && class != Class::Content.as_str())
    }

    /// Where the next forged sentinel starts.
    pub(super) fn forged_from(&self, text: &str, from: usize) -> Option<usize> {
        sentinel::ranges_from(text, from)
            .find(|range| self.is_forged(text, *range))
            .map(|range| range.0)
    }

    /// Finds all forged sentinels.
    pub(super) fn forged(&self, text: &str, sentinels: &[(usize, usize)], findings: &mut Findings) {
        for range in sentinels {
            if self.is_forged(text, *range) {
                findings.add(range.0, range.1, Class::Content, "forged sentinel");
            }
        }
    }

    /// Takes out findings that hold nothing but sentinels; the others take a sentinel in whole.
    pub(super) fn keep_sentinels(
        &self,
        text: &str,
        mut sentinels: Vec<(usize, usize)>,
        findings: &mut Vec<Finding>,
    ) {
        sentinels.retain(|range| !self.is_forged(text, *range));
        if sentinels.is_empty() {
            return;
        }
        findings.retain_mut(|finding| {
            let (start, end) = (finding.start, finding.end);
            let touched = |sentinel: &&(usize, usize)| sentinel.0 < end && start < sentinel.1;
            let mut rest = start;
            let mut holds_more = false;
            let from = sentinels.partition_point(|sentinel| sentinel.1 <= start);
            for sentinel in sentinels.iter().skip(from).take_while(touched) {
                holds_more |= text
                    .get(rest..sentinel.0)
                    .is_some_and(|part| part.contains(char::is_alphanumeric));
                finding.start = finding.start.min(sentinel.0);
                rest = sentinel.1;
            }
            finding.end = end.max(if rest > start { rest } else { end });
            holds_more
                | text
                    .get(rest..end)
                    .is_some_and(|part| part.contains(char::is_alphanumeric) || rest == start)
        });
    }
}
