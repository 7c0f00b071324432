use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fields::{always_there, fields};
use crate::texts::Name;
use crate::{Attributes, Str, TextVisitor};

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Intent {
    /// An answer.
    #[default]
    Respond,
    /// Tools.
    ToolUse,
    /// Looking things up, in several steps.
    Research,
    /// A plan.
    Plan,
    /// Nothing yet: the message is unclear.
    Clarify,
    /// An intent of the user's own, or of a newer version.
    Other(Str),
}

impl Intent {
    /// The name on the wire and in attributes.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Respond => "respond",
            Self::ToolUse => "tool_use",
            Self::Research => "research",
            Self::Plan => "plan",
            Self::Clarify => "clarify",
            Self::Other(name) => name,
        }
    }

    /// The name on the wire, to share.
    pub fn to_str(&self) -> Str {
        match self {
            Self::Respond => Str::Static("respond"),
            Self::ToolUse => Str::Static("tool_use"),
            Self::Research => Str::Static("research"),
            Self::Plan => Str::Static("plan"),
            Self::Clarify => Str::Static("clarify"),
            Self::Other(name) => name.clone(),
        }
    }
}

impl From<Str> for Intent {
    fn from(name: Str) -> Self {
        match name.as_str() {
            "respond" => Self::Respond,
            "tool_use" => Self::ToolUse,
            "research" => Self::Research,
            "plan" => Self::Plan,
            "clarify" => Self::Clarify,
            _ => Self::Other(name),
        }
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Intent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Intent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Str::deserialize(deserializer).map(Self::from)
    }
}

fields! {
    /// Finding out what the message asks for.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{Intent, IntentClassification, IntentClassified, IntentOutcome, Scope, Turn};
    ///
    /// fn classify(turn: &Scope<Turn>, message: &str) -> Intent {
    ///     let span = turn.open(IntentClassification::new("keywords"));
    ///     let intent = if message.contains("plan") { Intent::Plan } else { Intent::Respond };
    ///     span.emit(IntentClassified { intent: intent.clone(), confidence: Some(0.6), ..Default::default() });
    ///     span.complete(IntentOutcome { intent: Some(intent.clone()), ..IntentOutcome::default() });
    ///     intent
    /// }
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct IntentClassification {
        /// How: `rules` or `model`.
        pub method: Str as name,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
}

impl IntentClassification {
    /// A classification by this method.
    pub fn new(method: impl Into<Str>) -> Self {
        Self {
            method: method.into(),
            ..Self::default()
        }
    }
}

fields! {
    /// What the classification found.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct IntentOutcome {
        /// The intent.
        pub intent: Option<Intent> as name,
        /// How sure the classifier is, 0 to 1.
        pub confidence: Option<f64> as number,
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}

always_there! { Intent }

impl Name for Intent {
    fn show(&mut self, _tool: Option<&str>, to: &mut impl TextVisitor) {
        if let Self::Other(name) = self {
            to.name(name);
        }
    }
}
