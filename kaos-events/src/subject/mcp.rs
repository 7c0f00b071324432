//! What is asked of servers of the Model Context Protocol.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fields::fields;
use crate::{Attributes, Server, Str};

fields! {
    /// A request to a server of the Model Context Protocol that is no tool's call: `initialize`, which
    /// begins a connection, or `tools/list`.
    ///
    /// A call of a tool is a [`ToolCall`](crate::ToolCall), whose outcome says how the server was asked.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{McpRequest, Subject};
    ///
    /// let request = Subject::from(McpRequest::new("tools/list"));
    /// assert_eq!(request.span_name(), "tools/list");
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct McpRequest {
        /// The method: one of the protocol's words.
        pub method: Str as name,
        /// What the user adds.
        #[serde(skip)]
        pub attributes: Attributes as attributes,
    }
}

impl McpRequest {
    /// A request of this method.
    pub fn new(method: impl Into<Str>) -> Self {
        Self {
            method: method.into(),
            ..Self::default()
        }
    }
}

fields! {
    /// What came of a request to a server of the Model Context Protocol.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_events::{McpCall, McpOutcome, McpRequest, Scope, Turn};
    ///
    /// fn list_tools(turn: &Scope<Turn>) {
    ///     let request = turn.open(McpRequest::new("tools/list"));
    ///     // … the server is asked …
    ///     let asked = McpCall { protocol_version: Some("2025-11-25".into()), ..McpCall::default() };
    ///     request.complete(McpOutcome { mcp: Some(Box::new(asked)), ..McpOutcome::default() });
    /// }
    /// ```
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct McpOutcome {
        /// How the server was asked.
        #[serde(default, deserialize_with = "crate::fields::boxed")]
        pub mcp: Option<Box<McpCall>> as fields,
        /// What the user adds.
        pub attributes: Attributes as attributes,
    }
}

fields! {
    /// How a server of the Model Context Protocol was asked: part of the outcome of what asked it.
    #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
    #[serde(default)]
    pub struct McpCall {
        /// The method, for example `tools/call`.
        pub method: Str as name,
        /// The JSON-RPC request id; absent where no request was sent.
        pub request_id: Option<Str> as name,
        /// The protocol session.
        pub session_id: Option<Str> as name,
        /// `rpc.response.status_code`: the JSON-RPC error code, where the server gave one.
        pub status_code: Option<Str> as name,
        /// The protocol version agreed on.
        pub protocol_version: Option<Str> as name,
        /// `network.transport`: `pipe` for stdio, `tcp` for HTTP.
        pub transport: Option<Str> as name,
        /// `network.protocol.name`: `http`, or absent for stdio.
        pub network_protocol: Option<Str> as name,
        /// Where the server is, unless it is a child process.
        #[serde(default, deserialize_with = "crate::fields::object")]
        pub server: Option<Server> as fields,
        /// From when the request was sent until its answer came, or nobody waited for it any more. A
        /// tool's span takes longer: gates and a new connection are in it.
        pub duration: Option<Duration> as number,
    }
}
