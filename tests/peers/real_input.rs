//! One turn against the model that the environment names, with `OTelHook`, `MetricsHook` and
//! `AuditHook` on: prints what each of them says of it, as one JSON object.
//!
//! `MODEL_API_URL`, `MODEL_NAME` and `OPENAI_API_KEY` as for `OpenAiModel::from_env`.
//! `--trail DIR` is where the audit trail goes, `--stream` reads the answer as it is made,
//! `--calculate` forces a call of a calculator first, `--intent` asks the model for the intent.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use kaos_hooks::audit::{AuditHook, SigningKey, Trail};
use kaos_hooks::{
    BodyBuf, Event, EventBuf, LlmCall, LlmParams, Outcome, Phase, Session, SpanTree, Str, Usage,
    Value,
};
use kaos_otel_hook::{Memory, Telemetry};
use kaos_runner::openai::OpenAiBuilder;
use kaos_runner::{
    Agent, Deltas, FunctionTool, Message, Model, ModelError, ModelReply, ModelRequest, OpenAiModel,
    Runner, ToolError,
};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ScopeMetrics};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
