//! The instruments, with their units and buckets.

use opentelemetry::metrics::{Counter, Histogram, Meter};

use super::tokens::{Each, Tokens};
use crate::conventions::measured::{self, latest};
use crate::{Conventions, semconv};

/// Seconds of one model or tool call: `0.01 · 2ⁿ`.
const CALL_SECONDS: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// Tokens: `4ⁿ`.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Seconds of a whole turn: `0.1 · 2ⁿ`.
const TURN_SECONDS: [f64; 13] = [
    0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6,
];

/// Calls of a turn: `2ⁿ`.
const CALLS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// Milliseconds of Python KAOS's durations: the specification's default, which ends at 10 s, and on
/// to 10 minutes, since a turn may take 5.
const MILLISECONDS: [f64; 20] = [
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10_000.0, 30_000.0, 60_000.0, 120_000.0, 300_000.0, 600_000.0,
];

/// Python KAOS's pair: how many, and how many milliseconds each.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) count: Counter<u64>,
    pub(super) duration: Histogram<f64>,
}

impl Pair {
    fn new(
        meter: &Meter,
        count: &'static str,
        unit: &'static str,
        duration: &'static str,
        of: &str,
    ) -> Self {
        Self {
            count: meter
                .u64_counter(count)
                .with_unit(unit)
                .with_description(format!("Number of {of}s."))
                .build(),
            duration: meter
                .f64_histogram(duration)
                .with_unit("ms")
                .with_description(format!("Duration of a {of}."))
                .with_boundaries(MILLISECONDS.to_vec())
                .build(),
        }
    }
}

/// Seconds of one request to a server of the Model Context Protocol.
const MCP_SECONDS: [f64; 14] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];

#[derive(Clone)]
pub(super) struct Instruments {
    pub(super) requests: Pair,
    pub(super) model_calls: Pair,
    pub(super) tool_calls: Pair,
    pub(super) delegations: Pair,
    pub(super) cost_usd: Counter<f64>,
    pub(super) operation_duration: Histogram<f64>,
    /// The same instrument as that of other operations, or one of its own.
    pub(super) inference_duration: Histogram<f64>,
    pub(super) tokens: Tokens,
    pub(super) time_to_first_chunk: Histogram<f64>,
    pub(super) time_per_output_chunk: Histogram<f64>,
    pub(super) invoke_agent_duration: Histogram<f64>,
    pub(super) invoke_agent_inference_calls: Histogram<u64>,
    pub(super) invoke_agent_tool_calls: Histogram<u64>,
    pub(super) execute_tool_duration: Histogram<f64>,
    pub(super) mcp_duration: Histogram<f64>,
    pub(super) mcp_served_duration: Histogram<f64>,
}

impl Instruments {
    pub(super) fn new(meter: &Meter, conventions: Conventions) -> Self {
        let pair = |count, unit, duration, of| Pair::new(meter, count, unit, duration, of);
        let seconds = |name, description, buckets: &[f64]| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(description)
                .with_boundaries(buckets.to_vec())
                .build()
        };
        let mcp = |name, description| seconds(name, description, &MCP_SECONDS);
        let number = |name, unit, description, buckets: &[f64]| {
            meter
                .u64_histogram(name)
                .with_unit(unit)
                .with_description(description)
                .with_boundaries(buckets.to_vec())
                .build()
        };
        Self {
            requests: pair(
                semconv::KAOS_REQUESTS,
                "{request}",
                semconv::KAOS_REQUEST_DURATION,
                "request",
            ),
            model_calls: pair(
                semconv::KAOS_MODEL_CALLS,
                "{call}",
                semconv::KAOS_MODEL_DURATION,
                "model call",
            ),
            tool_calls: pair(
                semconv::KAOS_TOOL_CALLS,
                "{call}",
                semconv::KAOS_TOOL_DURATION,
                "tool call",
            ),
            delegations: pair(
                semconv::KAOS_DELEGATIONS,
                "{delegation}",
                semconv::KAOS_DELEGATION_DURATION,
                "delegation",
            ),
            cost_usd: meter
                .f64_counter(semconv::KAOS_COST_USD)
                .with_unit("{USD}")
                .with_description("Cost of model calls, by the user's price table.")
                .build(),
            operation_duration: seconds(
                semconv::GEN_AI_CLIENT_OPERATION_DURATION,
                "GenAI operation duration.",
                &CALL_SECONDS,
            ),
            inference_duration: seconds(
                conventions.name(&measured::INFERENCE_DURATION),
                "GenAI operation duration.",
                &CALL_SECONDS,
            ),
            tokens: tokens(meter, conventions),
            time_to_first_chunk: seconds(
                conventions.name(&measured::TIME_TO_FIRST_CHUNK),
                "Time to receive the first chunk of a streamed response.",
                &CALL_SECONDS,
            ),
            time_per_output_chunk: seconds(
                conventions.name(&measured::TIME_PER_OUTPUT_CHUNK),
                "Time between two chunks of a streamed response.",
                &CALL_SECONDS,
            ),
            invoke_agent_duration: seconds(
                semconv::GEN_AI_INVOKE_AGENT_DURATION,
                "Duration of an agent's invocation.",
                &TURN_SECONDS,
            ),
            invoke_agent_inference_calls: number(
                semconv::GEN_AI_INVOKE_AGENT_INFERENCE_CALLS,
                "{inference_call}",
                "Number of model calls of an agent's invocation.",
                &CALLS,
            ),
            invoke_agent_tool_calls: number(
                semconv::GEN_AI_INVOKE_AGENT_TOOL_CALLS,
                "{tool_call}",
                "Number of tool calls of an agent's invocation.",
                &CALLS,
            ),
            execute_tool_duration: seconds(
                semconv::GEN_AI_EXECUTE_TOOL_DURATION,
                "Duration of a tool's execution.",
                &CALL_SECONDS,
            ),
            mcp_duration: mcp(
                semconv::MCP_CLIENT_OPERATION_DURATION,
                "Duration of a request to an MCP server, from when it was sent until its answer came.",
            ),
            mcp_served_duration: mcp(
                semconv::MCP_SERVER_OPERATION_DURATION,
                "Duration of a request that an MCP server answered, from when it was read until its answer was ready.",
            ),
        }
    }
}

fn tokens(meter: &Meter, conventions: Conventions) -> Tokens {
    let of_call = |name, description| {
        let of_call = meter.u64_histogram(name).with_unit("{token}");
        let of_call = of_call.with_description(description);
        of_call.with_boundaries(TOKENS.to_vec()).build()
    };
    let used = |name, description| {
        let used = meter.u64_counter(name).with_unit("{token}");
        used.with_description(description).build()
    };
    match conventions {
        Conventions::Pinned => Tokens::ByType(of_call(
            semconv::GEN_AI_CLIENT_TOKEN_USAGE,
            "Number of input and output tokens used.",
        )),
        Conventions::Latest => Tokens::Each(Box::new(Each {
            input: used(latest::INPUT, "Input tokens used, cached ones included."),
            output: used(latest::OUTPUT, "Output tokens used, reasoning included."),
            cache_read: used(latest::CACHE_READ, "Input tokens read from a cache."),
            cache_write: used(latest::CACHE_WRITE, "Input tokens written to a cache."),
            reasoning: used(latest::REASONING, "Output tokens of reasoning."),
            input_of_call: of_call(latest::INPUT_OF_CALL, "Input tokens of a model call."),
            output_of_call: of_call(latest::OUTPUT_OF_CALL, "Output tokens of a model call."),
        })),
    }
}
