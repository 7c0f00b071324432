use std::fmt;
use std::sync::Arc;

use super::engine::Engine;
use super::rule::Rule;
use super::text::TextRedactor;
use super::{Class, HashKey, Redactor, RuleError};

/// Settings and own rules of a [`Redactor`].
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::Redactor;
///
/// let redactor = Redactor::builder()
///     .rule("BADGE", "EMP-", r"EMP-\d{6}\b")
///     .checked_rule("EVEN", "no:", r"no:\d+", |found| found.ends_with(['0', '2', '4', '6', '8']))
///     .build()?;
/// let text = redactor.text("EMP-123456 has no:12, not no:13");
/// assert_eq!(text.as_str(), "<redacted:BADGE:10-chars> has <redacted:EVEN:5-chars>, not no:13");
///
/// let refused = Redactor::builder().rule("X", "ab", "ab.*").build().unwrap_err();
/// assert_eq!(refused.to_string(), "literal of rule X has 2 bytes, 3 to 64 are needed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Settings of a file, where each that is wrong says so:
///
/// ```
/// use kaos_hooks::redact::{ClassError, HashKey, HashKeyError, JsonPath, JsonPathError, Redactor, RedactorBuilder};
///
/// fn without(classes: &[&str]) -> Result<RedactorBuilder, ClassError> {
///     let mut builder = Redactor::builder();
///     for class in classes {
///         builder = builder.without(class.parse()?);
///     }
///     Ok(builder)
/// }
/// assert_eq!(without(&["E-MAIL"]).err().unwrap().to_string(), "no built-in class is named \"E-MAIL\"");
///
/// let key: Result<HashKey, HashKeyError> = HashKey::new("secret");
/// assert!(key.unwrap_err().to_string().ends_with("got 6"));
/// let path: Result<JsonPath, JsonPathError> = "$.items[".parse();
/// assert!(path.is_err());
/// ```
#[derive(Default)]
pub struct RedactorBuilder {
    rules: Vec<Result<Rule, RuleError>>,
    tokens: Option<HashKey>,
    max_bytes: Option<usize>,
    addresses: bool,
    phones: bool,
    off: Vec<Class>,
}

impl Redactor {
    /// A redactor with own rules or other settings.
    pub fn builder() -> RedactorBuilder {
        RedactorBuilder::default()
    }
}

impl RedactorBuilder {
    /// A rule of your own: where `literal` (at least 3 bytes, ASCII case aside) stands, `regex`
    /// is tried from its first byte on, over at most 4 KiB; what it matches is redacted.
    ///
    /// The name stands in the sentinel: 1 to 20 capitals, digits and `_`, no built-in class.
    #[must_use]
    pub fn rule(mut self, name: &str, literal: &str, regex: &str) -> Self {
        self.rules.push(Rule::new(name, literal, regex, None));
        self
    }

    /// A rule whose match counts only if `validator` accepts it, such as a check digit.
    #[must_use]
    pub fn checked_rule(
        mut self,
        name: &str,
        literal: &str,
        regex: &str,
        validator: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.rules
            .push(Rule::new(name, literal, regex, Some(Arc::new(validator))));
        self
    }

    /// Writes keyed tokens, `<redacted:CLASS:16 hex digits>`, instead of lengths, so that equal
    /// secrets can be joined. Off by default.
    #[must_use]
    pub fn tokens(mut self, key: HashKey) -> Self {
        self.tokens = Some(key);
        self
    }

    /// Longest text that is looked at, in bytes; a longer one leaves as a sentinel.
    ///
    /// The default is [`Redactor::MAX_BYTES`]. A small limit loses long contents, a large one
    /// costs time: about a second for 100 to 500 MB.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Redacts IP addresses, too. Off by default: they are the first thing one looks for.
    #[must_use]
    pub fn ip_addresses(mut self) -> Self {
        self.addresses = true;
        self
    }

    /// Redacts telephone numbers in international form, too. Off by default.
    #[must_use]
    pub fn phone_numbers(mut self) -> Self {
        self.phones = true;
        self
    }

    /// Leaves what is of this class, such as [`Class::Token`]. A class by its name is
    /// `"TOKEN".parse::<Class>()`.
    #[must_use]
    pub fn without(mut self, class: Class) -> Self {
        self.off.push(class);
        self
    }

    /// The redactor.
    ///
    /// # Errors
    ///
    /// Fails on the first own rule that cannot be used, and says why.
    pub fn build(self) -> Result<Redactor, RuleError> {
        let rules = self
            .rules
            .into_iter()
            .collect::<Result<Vec<Rule>, RuleError>>()?;
        let has_key = self.tokens.is_some();
        Ok(Redactor::of(TextRedactor {
            engine: Engine::new(rules, self.addresses, self.phones, self.off, has_key),
            tokens: self.tokens,
            max_bytes: self.max_bytes.unwrap_or(Redactor::MAX_BYTES),
        }))
    }
}

impl fmt::Debug for RedactorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactorBuilder")
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}
