//! Requests to servers of the Model Context Protocol, whatever they were made for.

use std::time::Duration;

use kaos_hooks::{McpCall, McpRequest, Outcome, ServedCall, Server, Str};
use opentelemetry::metrics::BoundHistogram;

use super::instruments::Instruments;
use super::labels::{Ending, Labels};
use crate::semconv;

/// A request, but for its ids and how long it took.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct McpKey {
    method: Str,
    /// Of a tool's call.
    tool: Option<Str>,
    status_code: Option<Str>,
    protocol_version: Option<Str>,
    transport: Option<Str>,
    network_protocol: Option<Str>,
    server: Option<(Str, u16)>,
    ending: Ending,
    /// Whether we were the server.
    served: bool,
}

impl McpKey {
    pub(super) fn new(call: &McpCall, tool: Option<Str>, ending: Ending) -> Self {
        let server = call.server.as_ref();
        Self {
            method: call.method.clone(),
            tool,
            status_code: call.status_code.clone(),
            protocol_version: call.protocol_version.clone(),
            transport: call.transport.clone(),
            network_protocol: call.network_protocol.clone(),
            server: server.map(|Server { address, port }| (address.clone(), *port)),
            ending,
            served: false,
        }
    }

    /// A request that is no tool's call.
    pub(super) fn of_request(
        request: &McpRequest,
        outcome: Option<Outcome<'_>>,
        ending: Ending,
    ) -> Self {
        let mcp = match outcome {
            Some(Outcome::McpRequest(outcome)) => outcome.mcp.as_deref(),
            _ => None,
        };
        if let Some(mcp) = mcp {
            return Self::new(mcp, None, ending);
        }
        let unknown = McpCall {
            method: request.method.clone(),
            ..McpCall::default()
        };
        Self::new(&unknown, None, ending)
    }

    /// A tool's call, as its server saw it; `None` where it is not known how it was asked.
    pub(super) fn of_served(
        call: &ServedCall,
        outcome: Option<Outcome<'_>>,
        ending: &Ending,
    ) -> Option<Self> {
        let status_code = match outcome {
            Some(Outcome::ServedCall(outcome)) => outcome.status_code.clone(),
            _ => None,
        };
        let tool = ending.tool_name(&call.name);
        Some(Self {
            status_code,
            served: true,
            ..Self::new(call.mcp.as_deref()?, Some(tool), ending.clone())
        })
    }
}

pub(super) struct McpSeries(BoundHistogram<f64>);

impl McpSeries {
    pub(super) fn new(to: &Instruments, key: &McpKey) -> Self {
        let mut labels = Labels::default();
        labels.text(semconv::MCP_METHOD_NAME, &key.method);
        if let Some(tool) = &key.tool {
            labels.word(semconv::GEN_AI_OPERATION_NAME, "execute_tool");
            labels.text(semconv::GEN_AI_TOOL_NAME, tool);
        }
        for (name, value) in [
            (semconv::RPC_RESPONSE_STATUS_CODE, &key.status_code),
            (semconv::MCP_PROTOCOL_VERSION, &key.protocol_version),
            (semconv::NETWORK_TRANSPORT, &key.transport),
            (semconv::NETWORK_PROTOCOL_NAME, &key.network_protocol),
        ] {
            if let Some(value) = value {
                labels.text(name, value);
            }
        }
        let server = key.server.as_ref();
        labels.server(server.map(|(address, port)| (address, *port)));
        labels.ending(&key.ending);
        let duration = if key.served {
            &to.mcp_served_duration
        } else {
            &to.mcp_duration
        };
        Self(duration.bind(&labels))
    }

    pub(super) fn record(&self, duration: Duration) {
        self.0.record(duration.as_secs_f64());
    }
}
