use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

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
pub struct Report(BTreeMap<Class, usize>);

impl Report {
    /// Findings of one class.
    pub fn count(&self, class: &Class) -> usize {
        self.0.get(class).copied().unwrap_or(0)
    }

    /// Findings of all classes.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The classes found, and how often.
    pub fn iter(&self) -> impl Iterator<Item = (&Class, usize)> {
        self.0.iter().map(|(class, count)| (class, *count))
    }

    /// Adds the findings of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (class, count) in &other.0 {
            *self.0.entry(class.clone()).or_default() += count;
        }
    }

    pub(crate) fn add(&mut self, class: &Class) {
        match self.0.get_mut(class) {
            Some(count) => *count += 1,
            None => {
                self.0.insert(class.clone(), 1);
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (class, count) in &self.0 {
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
