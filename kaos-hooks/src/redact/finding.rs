//! Where something was found.

use smallvec::SmallVec;

use super::Class;

/// Findings; a line has few.
pub(crate) type List = SmallVec<[Finding; 3]>;

/// A range of a text and the class of what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) class: Class,
    /// The rule that found it.
    pub(crate) rule: &'static str,
}

/// The findings of one scan, in the order in which the scanners made them.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) List);

impl Findings {
    pub(crate) fn add(&mut self, start: usize, end: usize, class: Class, rule: &'static str) {
        if start < end {
            self.0.push(Finding {
                start,
                end,
                class,
                rule,
            });
        }
    }

    /// Takes out the addresses that are the end of a URL's credentials and its host.
    pub(crate) fn without_hosts(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let credentials: SmallVec<[(usize, usize); 4]> = self
            .0
            .iter()
            .filter(|found| matches!(found.class, Class::UrlUserinfo | Class::ConnectionString))
            .map(|found| (found.start, found.end))
            .collect();
        if credentials.is_empty() {
            return;
        }
        self.0.retain(|found: &mut Finding| {
            let before = credentials.partition_point(|range| range.0 <= found.start);
            let over = before.checked_sub(1).and_then(|last| credentials.get(last));
            found.class != Class::Email || over.is_none_or(|range| found.start > range.1)
        });
    }

    /// Sorted, with overlapping ranges joined: the longer one gives the class.
    pub(crate) fn joined(mut self) -> List {
        self.0
            .sort_by(|a, b| (a.start, b.end, &a.class).cmp(&(b.start, a.end, &b.class)));
        // Of two neighbours that `dedup_by` shows, the first is the later one.
        self.0.dedup_by(|finding, last| {
            let is_over = finding.start < last.end
                || (finding.start == last.end && finding.class == last.class);
            if is_over {
                if finding.end - finding.start > last.end - last.start {
                    std::mem::swap(&mut last.class, &mut finding.class);
                    last.rule = finding.rule;
                }
                last.end = last.end.max(finding.end);
            }
            is_over
        });
        self.0
    }
}
