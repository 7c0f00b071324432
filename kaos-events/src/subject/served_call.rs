use serde::{Deserialize, Serialize};

use crate::fields::fields;
use crate::{Attributes, Incoming, McpCall, SpanContext, Str, ToolCall, ToolKind};

fields! {
    /// A tool executed for somebody else's agent, who asked through the Model Context Protocol; opens a
    /// run.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{ServedCall, Subject};
    ///
    /// let call = Subject::from(ServedCall::new("tools", "calculator"));
    /// assert_eq!(call.span_name(), "tools/call calculator");
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ServedCall {
        /// The name of whoever serves the tool. On the wire it stands in the run (`agent_id`).
        #[serde(skip)]
        pub server: Str as name,
        /// The tool's name.
        pub name: Str as name,
        /// What kind of tool it is.
        #[serde(rename = "tool_type")]
        pub kind: ToolKind as number,
        /// The name that was asked for, where no tool has it: whatever a caller says. Content.
        pub asked_name: Option<Box<Str>> as content(Arguments),
        /// What the tool is for, in its maker's words.
        pub description: Option<Str> as content(Instructions),
        /// The caller's span, from the request.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub parent: Option<Box<SpanContext>> as fields,
        /// The baggage of the request, as it was received: handed on to the services that the tool
        /// asks. Content: it never stands in an event's line.
        #[serde(skip)]
        pub baggage: Option<Box<Str>> as name,
        /// How it was asked.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub mcp: Option<Box<McpCall>> as fields,
        /// The arguments of the request, as JSON. Content.
        pub arguments: Option<Str> as content(Arguments) at start,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
}

impl ServedCall {
    /// A call of this tool of this server.
    pub fn new(server: impl Into<Str>, tool: impl Into<Str>) -> Self {
        Self {
            server: server.into(),
            name: tool.into(),
            ..Self::default()
        }
    }

    /// A call of a tool that this server does not have.
    ///
    /// A caller can make up any name. So that it becomes neither a span's name nor a label, the
    /// call's name is [`ToolCall::OTHER`], and the name asked for is content.
    pub fn unknown(server: impl Into<Str>, asked_name: impl Into<Str>) -> Self {
        Self {
            asked_name: Some(Box::new(asked_name.into())),
            ..Self::new(server, ToolCall::OTHER)
        }
    }

    /// Makes the run part of an existing trace, and hands on the request's baggage.
    #[must_use]
    pub fn parent(mut self, parent: impl Into<Incoming>) -> Self {
        let Incoming { span, baggage } = parent.into();
        self.parent = span.map(Box::new);
        self.baggage = (!baggage.is_empty()).then(|| Box::new(baggage));
        self
    }
}

fields! {
    /// What came of a served call.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{Emitter, Event, RunId, ServedCall, ServedOutcome};
    ///
    /// let mut run = None;
    /// let call = Emitter::new().open(ServedCall::new("tools", "calculator"), |it| {
    ///     run = Some(it.id.clone()); // names the call in the server's own log
    ///     |_: &Event<'_>| ()
    /// });
    /// call.complete(ServedOutcome { result: Some("42".into()), ..ServedOutcome::default() });
    /// let _named: Option<RunId> = run;
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct ServedOutcome {
        /// What the tool gave back. Content.
        pub result: Option<Str> as content(Result),
        /// Size of the result, in bytes.
        pub result_bytes: Option<u64> as number,
        /// A gate skipped the call: the tool did not run.
        pub skipped: bool as number,
        /// `rpc.response.status_code`: the JSON-RPC error code, where the answer was one.
        pub status_code: Option<Str> as name,
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}
