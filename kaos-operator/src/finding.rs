//! What is found in resources: errors, warnings and notes, each with its place.

use std::fmt;
use std::sync::Arc;

use crate::resources::Identity;

/// How much a [`Finding`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Nothing to do.
    Note,
    /// It goes on, but hardly as meant.
    Warning,
    /// It cannot go on.
    Error,
}

/// What kind of thing was found: stable, so that a program can tell findings apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A file or folder could not be read.
    Unreadable,
    /// A text is not YAML, or of a kind that is not taken (aliases beyond all measure, unknown tags, a key twice).
    Yaml,
    /// A file is a template, not YAML yet.
    Template,
    /// A document is of a kind that nothing is made of.
    PassedOver,
    /// A document is not a resource: no `kind`, no `apiVersion`, or another version.
    NotAResource,
    /// A value has the wrong type, is out of range, or not one of those that a field may have.
    Shape,
    /// A required field is missing.
    Required,
    /// A field that no version of KAOS knows.
    UnknownField,
    /// A field that never existed, but whose meaning is clear.
    NeverExisted,
    /// A field of an older version and its successor are both there.
    TwiceSaid,
    /// A name that Kubernetes refuses, or that is too long with what is put before it.
    Name,
    /// Two resources of one kind and name.
    Duplicate,
    /// A resource that is named but not there.
    MissingReference,
    /// A peer that is named but not there.
    MissingPeer,
    /// A peer that offers no Service: it is left out.
    PeerWithoutService,
    /// A model that the `ModelAPI` does not offer.
    ModelNotOffered,
    /// A Secret or `ConfigMap` that is used but not among the resources.
    MissingSecret,
    /// A secret whose value also stands in texts that are no secrets: it is masked only where it stands alone.
    IndistinctSecret,
    /// An endpoint of telemetry that is no `http://host:port`.
    Endpoint,
    /// An endpoint whose port is that of another protocol.
    EndpointProtocol,
    /// Telemetry is enabled, and there is no endpoint: it stays off.
    EndpointMissing,
    /// Agents that name each other in a circle.
    Cycle,
    /// No image is known to run this with.
    MissingImage,
    /// A runtime of MCP servers that is not known, or what it needs is missing.
    Runtime,
    /// A variable without which a runtime does not work.
    MissingVariable,
    /// A value that is longer than what a program can be started with.
    TooLong,
    /// A program that has no telemetry.
    NoTelemetry,
    /// A configuration of the user's own for `LiteLLM`.
    OwnConfiguration,
    /// A field that is read but has no effect here.
    NoEffect,
    /// What this machine lacks to run it: a program, or a value.
    NotHere,
}

impl Rule {
    /// How much findings of this kind matter.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::PassedOver | Self::Cycle | Self::OwnConfiguration => Severity::Note,
            Self::UnknownField
            | Self::NeverExisted
            | Self::MissingSecret
            | Self::IndistinctSecret
            | Self::PeerWithoutService
            | Self::EndpointProtocol
            | Self::MissingVariable
            | Self::EndpointMissing
            | Self::NoTelemetry
            | Self::NoEffect => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// Whether a resource can not be rendered at all because of this.
    pub(crate) fn keeps_from_rendering(self) -> bool {
        self.severity() == Severity::Error
            && !matches!(self, Self::MissingPeer | Self::Endpoint | Self::Duplicate)
    }
}

/// A place in a source: lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file's name, as it was given.
    pub source: Arc<str>,
    /// The line; 0 if it is about the source as a whole.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.source),
            line => write!(f, "{}:{line}:{}", self.source, self.column),
        }
    }
}

/// One thing that was found. Its text names fields, types and resources, never the value of a field that
/// may be secret.
///
/// # Example
///
/// What ends a check, and what it is counted as:
///
/// ```
/// use kaos_operator::{Finding, Reading, Rule, Severity, Source, read};
///
/// let (_resources, findings) = read(&[Source::new("team.yaml", "kind: Agent")], &Reading::default());
/// let fatal: Vec<&Finding> = findings.iter().filter(|it| it.severity == Severity::Error).collect();
/// assert_eq!(fatal[0].rule, Rule::NotAResource);
/// assert_eq!(fatal[0].place.as_ref().unwrap().line, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where, if it was read from a source.
    pub place: Option<Place>,
    /// How much it matters.
    pub severity: Severity,
    /// What kind of thing it is.
    pub rule: Rule,
    /// The resource that it is about, if it is about one.
    pub about: Option<Identity>,
    /// The field's path, such as `spec.config.memory`; empty if it is about the whole.
    pub path: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Finding {
    pub(crate) fn new(rule: Rule, place: Option<Place>, message: impl Into<String>) -> Self {
        Self {
            place,
            severity: rule.severity(),
            rule,
            about: None,
            path: String::new(),
            message: message.into(),
        }
    }

    pub(crate) fn about(mut self, about: &Identity) -> Self {
        self.about = Some(about.clone());
        self
    }

    pub(crate) fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// With `--strict`: what is not of a known shape is refused.
    pub(crate) fn strictly(mut self) -> Self {
        if matches!(self.rule, Rule::UnknownField | Rule::NeverExisted) {
            self.severity = Severity::Error;
        }
        self
    }
}

/// One line: `team.yaml:12:5: warning: Agent demo/analyst: spec.modle: …`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(match self.severity {
            Severity::Note => "note: ",
            Severity::Warning => "warning: ",
            Severity::Error => "error: ",
        })?;
        if let Some(about) = &self.about {
            write!(f, "{about}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}
