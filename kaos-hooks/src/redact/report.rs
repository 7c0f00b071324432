use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use smallvec::SmallVec;

use super::Class;

/// How many findings were redacted, by class; never what they were.
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::Redactor;
///
/// let redacted = Redactor::new().text("kim@corp.dev, password: hunter2");
/// assert_eq!(redacted.report().to_string(), "PASSWORD 1, EMAIL 1");
/// assert_eq!(redacted.report().total(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By class, in order: mostly one or two, for each string of a document.
    counts: SmallVec<[(Class, usize); 2]>,
    /// Each finding, if they are to be explained.
    found: Option<Vec<Explained>>,
}

/// One finding: what it is, by which rule, and where. It does not show the secret.
///
/// # Example
///
/// A rule that takes too much is found by what it took, and where:
///
/// ```
/// use kaos_hooks::redact::{Explained, Redactor};
///
/// let text = "kim@corp.dev, password: hunter2";
/// let found: Vec<Explained> = Redactor::new().explain(text);
/// assert_eq!(&text[found[0].place()], "kim@corp.dev");
/// println!("{}: {}", found[0].class(), found[0].rule());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    class: Class,
    rule: &'static str,
    place: Range<usize>,
}

impl Explained {
    /// What was found.
    pub fn class(&self) -> &Class {
        &self.class
    }

    /// The rule that found it: its name in the tables of the source, a vendor's prefix, or a
    /// few words.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// The bytes of the input where it stands; of JSON, those of the whole string or number.
    pub fn place(&self) -> Range<usize> {
        self.place.clone()
    }
}

impl Report {
    /// Findings of one class.
    pub fn count(&self, class: &Class) -> usize {
        self.slot(class)
            .ok()
            .and_then(|at| self.counts.get(at))
            .map_or(0, |(_, count)| *count)
    }

    /// Findings of all classes.
    pub fn total(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The classes found, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (&Class, usize)> {
        self.counts.iter().map(|(class, count)| (class, *count))
    }

    /// Adds the findings of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (class, count) in &other.counts {
            self.add_many(class, *count);
        }
    }

    /// Where the count of a class stands, or would.
    fn slot(&self, class: &Class) -> Result<usize, usize> {
        self.counts.binary_search_by(|(known, _)| known.cmp(class))
    }

    fn add_many(&mut self, class: &Class, count: usize) {
        match self.slot(class) {
            Ok(at) => {
                if let Some((_, total)) = self.counts.get_mut(at) {
                    *total += count;
                }
            }
            Err(at) => self.counts.insert(at, (class.clone(), count)),
        }
    }

    /// A report that keeps each finding.
    pub(crate) fn explaining() -> Self {
        Self {
            found: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// An empty report that keeps what this one keeps.
    pub(crate) fn like(&self) -> Self {
        Self {
            found: self.found.as_ref().map(|_found| Vec::new()),
            ..Self::default()
        }
    }

    pub(crate) fn into_found(self) -> Vec<Explained> {
        self.found.unwrap_or_default()
    }

    /// Adds the findings of what stands at `place`.
    pub(crate) fn merge_at(&mut self, other: Self, place: Range<usize>) {
        self.merge(&other);
        if let Some(found) = &mut self.found {
            found.extend(other.into_found().into_iter().map(|it| Explained {
                place: place.clone(),
                ..it
            }));
        }
    }

    pub(crate) fn add(&mut self, class: &Class, rule: &'static str, place: Range<usize>) {
        self.add_many(class, 1);
        if let Some(found) = &mut self.found {
            found.push(Explained {
                class: class.clone(),
                rule,
                place,
            });
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (class, count) in &self.counts {
            write!(f, "{separator}{class} {count}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// A text after redaction, and the count of what was taken out.
///
/// `Debug` shows the report only: the rest of the text may still be private.
#[derive(Clone, PartialEq, Eq)]
pub struct Redacted<'t> {
    text: Cow<'t, str>,
    report: Report,
}

impl<'t> Redacted<'t> {
    pub(crate) fn new(text: Cow<'t, str>, report: Report) -> Self {
        Self { text, report }
    }

    /// The safe text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The safe text, borrowed from the input when nothing was found.
    pub fn into_text(self) -> Cow<'t, str> {
        self.text
    }

    /// What was redacted.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The safe text and the report.
    pub fn into_parts(self) -> (Cow<'t, str>, Report) {
        (self.text, self.report)
    }
}

impl AsRef<str> for Redacted<'_> {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redacted")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}
