use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Immutable text that is cheap to clone: a static literal, a shared string, or one that is made
/// when it is first read.
///
/// Names, models and call ids travel from the agent's configuration through every event to every
/// hook. Cloning a `Str` never allocates, and a hook may take the shared string over as it is
/// ([`Str::into_shared`]).
///
/// # Example
///
/// ```
/// use kaos_events::Str;
///
/// let fixed = Str::from("gpt-4o");               // no allocation
/// let made = Str::from(format!("tool-{}", 7));   // one allocation, shared by all clones
/// assert_eq!(made.clone(), *"tool-7");
/// assert_eq!(fixed.len(), 6);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Str {
    /// A literal of the program.
    Static(&'static str),
    /// A string that was made at run time.
    Shared(Arc<str>),
    /// A string that is made when it is first read.
    Lazy(Arc<LazyStr>),
}

impl Str {
    /// A copy of borrowed text.
    pub fn copied(text: &str) -> Self {
        Self::Shared(Arc::from(text))
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
            Self::Lazy(text) => text.read(),
        }
    }

    /// A text that `make` makes when it is first read, once for all clones: for what is large and
    /// often read by nobody, such as a conversation as JSON. `about` is roughly how many bytes it
    /// will have; queues count it by that as long as it is not made.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::Str;
    ///
    /// let numbers = Str::lazy(6, || "1, 2, 3".to_owned());
    /// assert_eq!(numbers, *"1, 2, 3");
    /// ```
    pub fn lazy(about: usize, make: impl FnOnce() -> String + Send + 'static) -> Self {
        let text = LazyLock::new(Box::new(move || Arc::from(make())) as Make);
        Self::Lazy(Arc::new(LazyStr { about, text }))
    }

    /// How many bytes it has, or will have about, without making it.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Lazy(text) => text.about,
            known => known.len(),
        }
    }

    /// The text as a shared string; allocates only for a literal.
    pub fn into_shared(self) -> Arc<str> {
        match self {
            Self::Static(text) => Arc::from(text),
            Self::Shared(text) => text,
            Self::Lazy(text) => Arc::clone(text.made()),
        }
    }
}

type Make = Box<dyn FnOnce() -> Arc<str> + Send>;

/// What [`Str::lazy`] makes a text from.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use kaos_events::{LazyStr, Str};
///
/// /// The text for a queue: one that is made when it is read is made here, and once.
/// fn shared(text: &Str) -> Arc<str> {
///     match text {
///         Str::Lazy(lazy) => Arc::clone(LazyStr::made(lazy)),
///         other => Arc::from(other.as_str()),
///     }
/// }
/// assert_eq!(&*shared(&Str::lazy(6, || "1, 2, 3".to_owned())), "1, 2, 3");
/// ```
pub struct LazyStr {
    about: usize,
    text: LazyLock<Arc<str>, Make>,
}

impl LazyStr {
    /// The text; made now if it was not before.
    pub fn made(&self) -> &Arc<str> {
        &self.text
    }

    /// Out of the way of the texts that are there, which are nearly all.
    #[cold]
    fn read(&self) -> &str {
        self.made()
    }
}

impl fmt::Debug for LazyStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.made(), f)
    }
}

impl Default for Str {
    fn default() -> Self {
        Self::Static("")
    }
}

impl Deref for Str {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&'static str> for Str {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<String> for Str {
    fn from(text: String) -> Self {
        Self::Shared(Arc::from(text))
    }
}

impl From<Arc<str>> for Str {
    fn from(text: Arc<str>) -> Self {
        Self::Shared(text)
    }
}

impl From<&Self> for Str {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl From<Cow<'static, str>> for Str {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::Static(text),
            Cow::Owned(text) => Self::from(text),
        }
    }
}

impl PartialEq for Str {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let (text, other) = (self.as_str(), other.as_str());
        // Mostly it is the very same text.
        std::ptr::eq(text, other) || text == other
    }
}

impl Eq for Str {}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Str {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Str {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Str {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
