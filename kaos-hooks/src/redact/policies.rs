use super::{ContentPolicy, JsonPath};

/// Which part of an agent's content is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// What a person or another agent asked.
    Input,
    /// What an agent or its tools are told to be: instructions, descriptions, definitions.
    Instructions,
    /// What the agent or model answered.
    Output,
    /// What a model thought aloud.
    Thinking,
    /// The arguments of a tool call.
    Arguments,
    /// The result of a tool call.
    Result,
    /// The text of an error.
    Error,
}

impl Field {
    const ALL: [Self; 7] = [
        Self::Input,
        Self::Instructions,
        Self::Output,
        Self::Thinking,
        Self::Arguments,
        Self::Result,
        Self::Error,
    ];
}

/// The policy that lets out least.
fn strictest<'p>(policies: impl Iterator<Item = &'p ContentPolicy>) -> &'p ContentPolicy {
    let lets_out = |policy: &&ContentPolicy| match policy {
        ContentPolicy::None => 0,
        ContentPolicy::Hash(_) => 1,
        ContentPolicy::Redacted => 2,
        ContentPolicy::Full => 3,
    };
    policies
        .min_by_key(lets_out)
        .unwrap_or(&ContentPolicy::None)
}

/// The content policies of one sink: per field, per tool, and per value inside a tool's JSON.
///
/// The narrowest policy wins: a tool's path, then the tool, then the field, then the policy for
/// everything.
///
/// # Example
///
/// ```
/// use kaos_hooks::redact::{ContentPolicies, ContentPolicy, Field, Redactor};
///
/// let policies = ContentPolicies::new(ContentPolicy::Redacted)
///     .field(Field::Thinking, ContentPolicy::None)
///     .tool("transfer", ContentPolicy::Redacted)
///     .tool_path("transfer", "$.note".parse()?, ContentPolicy::None);
/// let arguments = r#"{"amount": 12, "note": "for Kim's party"}"#;
/// let safe = policies
///     .apply(&Redactor::new(), Field::Arguments, Some("transfer"), arguments)
///     .expect("the rest may leave");
/// assert_eq!(safe.as_str(), r#"{"amount": 12, "note": "<redacted:CONTENT:15-chars>"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContentPolicies {
    everything: ContentPolicy,
    fields: Vec<(Field, ContentPolicy)>,
    tools: Vec<(String, ContentPolicy)>,
    paths: Vec<(String, JsonPath, ContentPolicy)>,
}

impl ContentPolicies {
    /// All that they say; of keys, which one it is.
    #[cfg(feature = "audit")]
    pub(crate) fn described(&self) -> String {
        let mut lines = vec![self.everything.described()];
        for (field, policy) in &self.fields {
            lines.push(format!("{field:?} {}", policy.described()));
        }
        for (tool, policy) in &self.tools {
            lines.push(format!("{tool:?} {}", policy.described()));
        }
        for (tool, path, policy) in &self.paths {
            lines.push(format!("{tool:?} {path:?} {}", policy.described()));
        }
        lines.join("\n")
    }

    /// One policy for everything.
    pub fn new(everything: ContentPolicy) -> Self {
        Self {
            everything,
            ..Self::default()
        }
    }

    /// A policy for one field.
    #[must_use]
    pub fn field(mut self, field: Field, policy: ContentPolicy) -> Self {
        self.fields.push((field, policy));
        self
    }

    /// A policy for the arguments, results and errors of one tool.
    #[must_use]
    pub fn tool(mut self, tool: impl Into<String>, policy: ContentPolicy) -> Self {
        self.tools.push((tool.into(), policy));
        self
    }

    /// A policy for some values in the JSON arguments and results of one tool.
    #[must_use]
    pub fn tool_path(
        mut self,
        tool: impl Into<String>,
        path: JsonPath,
        policy: ContentPolicy,
    ) -> Self {
        self.paths.push((tool.into(), path, policy));
        self
    }

    /// The policy for a field, of a tool if one is named; the last one given wins.
    pub fn policy(&self, field: Field, tool: Option<&str>) -> &ContentPolicy {
        let of_tool = self
            .tools
            .iter()
            .rev()
            .find(|(name, _)| Some(name.as_str()) == tool);
        let of_field = self.fields.iter().rev().find(|(one, _)| *one == field);
        of_tool
            .map(|(_, policy)| policy)
            .or(of_field.map(|(_, policy)| policy))
            .unwrap_or(&self.everything)
    }

    /// Whether there is no other policy than that for everything, and it is to redact.
    pub(super) fn is_one_for_all(&self) -> bool {
        matches!(self.everything, ContentPolicy::Redacted)
            && self.fields.is_empty()
            && self.tools.is_empty()
            && self.paths.is_empty()
    }

    /// The policy for content that could be any: the strictest there is; full only if all are.
    pub(super) fn unnamed(&self) -> &ContentPolicy {
        let fields = Field::ALL.iter().map(|field| self.policy(*field, None));
        strictest(
            fields
                .chain([&self.everything])
                .chain(self.of_tools(Field::Arguments)),
        )
    }

    /// The policy for the arguments or result of a tool whose name is lost.
    pub(super) fn of_unknown_tool(&self, field: Field) -> &ContentPolicy {
        strictest(self.of_tools(field).chain([self.policy(field, None)]))
    }

    /// The policies that hold for some tool only.
    fn of_tools(&self, field: Field) -> impl Iterator<Item = &ContentPolicy> {
        let tools = self.tools.iter().map(|(name, _)| name);
        tools
            .map(move |name| self.policy(field, Some(name)))
            .chain(self.paths.iter().map(|(.., policy)| policy))
    }

    /// The policies for values in the JSON of a tool.
    pub(super) fn of_paths(&self, tool: Option<&str>) -> Vec<(&JsonPath, &ContentPolicy)> {
        let of_tool = |(name, ..): &&(String, _, _)| Some(name.as_str()) == tool;
        let paths = self.paths.iter().filter(of_tool);
        paths.map(|(_, path, policy)| (path, policy)).collect()
    }
}
