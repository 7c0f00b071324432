use std::fmt;
use std::str::FromStr;

/// Which values of a JSON document are meant, in a small part of RFC 9535.
///
/// `$` is the document, `.name` or `['name']` a field, `[3]` an element, `.*` or `[*]` any of
/// either, and `..name` a field at any depth. What holds for a value holds for all below it.
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::JsonPath;
///
/// let path: JsonPath = "$.items[*].note".parse()?;
/// assert_eq!(path.to_string(), "$.items[*].note");
/// assert!("items".parse::<JsonPath>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPath {
    text: String,
    steps: Vec<Step>,
}

/// A path that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("JSON path {path:?} is wrong at byte {offset}")]
pub struct JsonPathError {
    path: String,
    offset: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Element(usize),
    Any,
    /// A field at any depth.
    Deep(String),
}

/// Where a walk through a document is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Field(String),
    Element(usize),
}

impl JsonPath {
    /// Whether exactly this place is meant.
    pub(crate) fn matches(&self, places: &[Place]) -> bool {
        matches(&self.steps, places)
    }
}

fn matches(steps: &[Step], places: &[Place]) -> bool {
    let Some((step, rest)) = steps.split_first() else {
        return places.is_empty();
    };
    let Some((place, below)) = places.split_first() else {
        return false;
    };
    let here = match (step, place) {
        (Step::Any, _) => true,
        (Step::Field(name) | Step::Deep(name), Place::Field(field)) => name == field,
        (Step::Element(index), Place::Element(element)) => index == element,
        _ => false,
    };
    (here && matches(rest, below)) || (matches!(step, Step::Deep(_)) && matches(steps, below))
}

impl FromStr for JsonPath {
    type Err = JsonPathError;

    fn from_str(path: &str) -> Result<Self, JsonPathError> {
        let wrong = |rest: &str| JsonPathError {
            path: path.to_owned(),
            offset: path.len() - rest.len(),
        };
        let mut rest = path.strip_prefix('$').ok_or_else(|| wrong(path))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, tail) = step(rest).ok_or_else(|| wrong(rest))?;
            steps.push(step);
            rest = tail;
        }
        Ok(Self {
            text: path.to_owned(),
            steps,
        })
    }
}

/// The first step of a path and the rest.
fn step(rest: &str) -> Option<(Step, &str)> {
    if let Some(deep) = rest.strip_prefix("..") {
        let (name, tail) = name(deep)?;
        return Some((Step::Deep(name.to_owned()), tail));
    }
    if let Some(tail) = rest.strip_prefix(".*").or_else(|| rest.strip_prefix("[*]")) {
        return Some((Step::Any, tail));
    }
    if let Some(field) = rest.strip_prefix('.') {
        let (name, tail) = name(field)?;
        return Some((Step::Field(name.to_owned()), tail));
    }
    let (inner, tail) = rest.strip_prefix('[')?.split_once(']')?;
    if let Ok(index) = inner.parse() {
        return Some((Step::Element(index), tail));
    }
    let name = inner.strip_prefix('\'')?.strip_suffix('\'')?;
    Some((Step::Field(name.to_owned()), tail))
}

fn name(rest: &str) -> Option<(&str, &str)> {
    let length = rest.find(['.', '[']).unwrap_or(rest.len());
    (length > 0)
        .then(|| rest.split_at_checked(length))
        .flatten()
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
