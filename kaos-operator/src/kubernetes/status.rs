//! What is said of a resource: a pure function of what was found and seen.
//!
//! # Example
//!
//! ```
//! use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
//! use k8s_openapi::jiff::Timestamp;
//! use kaos_operator::kubernetes::status::{ApplyFailure, DependencyState, Observed, Status, StatusUpdate, evaluate};
//! use kaos_operator::{Identity, Kind};
//!
//! let analyst = Identity { kind: Kind::Agent, namespace: "demo".into(), name: "analyst".into() };
//! let StatusUpdate { status, news } = evaluate(&Observed {
//!     identity: &analyst,
//!     generation: Some(1),
//!     findings: &[],
//!     workload: None,
//!     endpoint: None,
//!     model_api: Some("llm"),
//!     needs: &[(analyst.sibling(Kind::ModelApi, "llm"), DependencyState::Missing)],
//!     missing: &[],
//!     refused: None::<&ApplyFailure>,
//!     deployment: None,
//!     before: &Status::default(),
//!     now: Time(Timestamp::UNIX_EPOCH),
//! });
//! assert_eq!(status.phase, "Waiting");
//! assert!(news.iter().any(|(_reason, message, warns)| *warns && message.contains("is not there")));
//! ```

mod conditions;
mod evaluate;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use evaluate::{StatusUpdate, evaluate};

use crate::finding::Finding;
use crate::resources::Identity;
use crate::shape::schema_of;
use crate::workload::Workload;

/// The status of a resource: KAOS' own fields, and conditions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// Pending, Waiting (for what it needs), Ready or Failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Whether it can serve.
    pub ready: bool,
    /// Where it is found, such as `http://agent-analyst.demo.svc.cluster.local:8000`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    /// How it is, in words; what is worth a warning is said as long as it holds.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The generation of the specification that this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`, `Progressing`, `TelemetryConfigured`, `DependenciesReady`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// How its Deployment is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deployment: Option<DeploymentSeen>,
    /// What it is made of: the `ModelAPI` of an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) linked_resources: Option<LinkedResources>,
}

/// How a Deployment is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeploymentSeen {
    /// Pods.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) replicas: i32,
    /// Those that can serve.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) ready_replicas: i32,
    /// Those that can serve for long enough.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) available_replicas: i32,
    /// Those of the newest specification.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) updated_replicas: i32,
    /// Its own conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) conditions: Vec<DeploymentCondition>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// What a resource is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LinkedResources {
    /// The `ModelAPI`.
    pub(crate) modelapi: String,
}

/// The schema of a status.
pub(super) fn schema() -> Value {
    let mut schema = schema_of::<Status>();
    if let Some(conditions) = schema
        .pointer_mut("/properties/conditions")
        .and_then(Value::as_object_mut)
    {
        conditions.insert("x-kubernetes-list-type".to_owned(), "map".into());
        conditions.insert("x-kubernetes-list-map-keys".to_owned(), json!(["type"]));
    }
    schema
}

/// How something is that a resource needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencyState {
    /// It is ready.
    Ready,
    /// It is there, and not ready.
    NotReady,
    /// It is not there.
    Missing,
}

/// Why objects could not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplyFailure {
    /// There is an object of this name that is somebody else's: its kind and name, and whose.
    Foreign(String),
    /// The API server says no, for good.
    Invalid(String),
    /// The operator may not.
    Forbidden(String),
}

/// What was found and seen of a resource.
#[derive(Debug)]
pub struct Observed<'o> {
    /// Which it is.
    pub identity: &'o Identity,
    /// The generation of its specification.
    pub generation: Option<i64>,
    /// What was found about it.
    pub findings: &'o [Finding],
    /// What it becomes, if it can be rendered.
    pub workload: Option<&'o Workload>,
    /// Where it is found.
    pub endpoint: Option<String>,
    /// The `ModelAPI` of an agent.
    pub model_api: Option<&'o str>,
    /// What it needs, and how that is.
    pub needs: &'o [(Identity, DependencyState)],
    /// Secrets, `ConfigMap`s and their keys that are not there.
    pub missing: &'o [String],
    /// Why its objects could not be written.
    pub refused: Option<&'o ApplyFailure>,
    /// Its Deployment.
    pub deployment: Option<&'o Deployment>,
    /// What was said before.
    pub before: &'o Status,
    /// Now.
    pub now: Time,
}
