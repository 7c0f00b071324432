//! The parts of a workload.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::resources::{EnvVarSource, Identity, KeySelector, PodSpec, SecretText};

/// What a resource becomes when it runs.
///
/// # Example
///
/// What runs, as a person reads it; each value is there, or says where it is:
///
/// ```
/// use kaos_operator::{
///     Env, EnvVarSource, FileContent, FileMount, Given, KeySelector, Prepare, Probe, ProbeKind, Program, RunsIn, Workload,
/// };
///
/// fn shown(it: &Workload) -> Vec<String> {
///     let RunsIn { image, .. } = &it.runs_in;
///     let what = match &it.program {
///         Program::Ollama { model } => format!("{model} in {image}"),
///         other => format!("{other:?} in {image}"),
///     };
///     let first = it.prepare.iter().map(|Prepare { command, .. }| format!("first {command:?}"));
///     let env = it.env.iter().map(|Env { name, value, origin }| format!("{name}={} ({origin})", given(value)));
///     let files = it.files.iter().map(|FileMount { folder, file, content, .. }| match content {
///         FileContent::Text(_) => format!("{folder}/{file}"),
///         FileContent::SecretKey(key) => format!("{folder}/{file}, which is {}", of(key)),
///     });
///     let Probe { kind: ProbeKind::Http(ready), .. } = it.readiness else { return vec![what] };
///     first.chain(env).chain(files).chain([what, format!("is ready when {ready} says so")]).collect()
/// }
///
/// fn given(value: &Given) -> String {
///     match value {
///         Given::Text(text) => text.expose().to_owned(), // may be secret: for whoever runs it
///         Given::SecretKey(key) | Given::ConfigMapKey(key) => of(key),
///         Given::Kubernetes(EnvVarSource { .. }) => "what Kubernetes knows".to_owned(),
///     }
/// }
///
/// fn of(KeySelector { name, key, .. }: &KeySelector) -> String {
///     format!("{key} of {name}")
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The resource that it is of.
    pub identity: Identity,
    /// The name of its Deployment and Service, such as `agent-analyst`.
    pub name: String,
    /// What runs.
    pub program: Program,
    /// What it runs in, where it runs in a container.
    pub runs_in: RunsIn,
    /// Its variables: each once, in order.
    pub env: Vec<Env>,
    /// Files that it reads.
    pub files: Vec<FileMount>,
    /// A folder whose content outlives the program, but not the workload.
    pub data_folder: Option<&'static str>,
    /// What runs, and ends, before it.
    pub prepare: Option<Prepare>,
    /// The port that it listens on.
    pub port: u16,
    /// How one learns that it is alive.
    pub liveness: Probe,
    /// How one learns that it is ready.
    pub readiness: Probe,
    /// The labels by which it is found.
    pub labels: BTreeMap<String, String>,
    /// What it needs, in the order in which that starts.
    pub depends_on: Vec<Identity>,
    /// Whether it starts only once all of that is ready.
    pub waits: bool,
    /// The agents that it calls. They need not be ready: two may call each other.
    pub peers: Vec<Identity>,
    /// Whether others find it.
    pub exposed: bool,
    /// The `ServiceAccount` that it runs as; of Kubernetes.
    pub service_account: Option<String>,
    /// How long a request through a gateway may take.
    pub gateway_timeout: Option<String>,
    /// What Kubernetes is to merge into the pod, as it was written. What it says of variables, image, command and
    /// arguments is in the other fields already.
    pub pod_spec: Option<PodSpec>,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// `kaos agent serve`.
    AgentServe,
    /// `kaos mcp serve`, with the tools of `MCP_TOOLS_STRING`.
    McpServe,
    /// A proxy to models, with the configuration among the files.
    LiteLlm,
    /// A server of one model.
    Ollama {
        /// The model, as Ollama calls it.
        model: String,
    },
    /// Something of the user's own: the container's command, or its image's.
    Custom,
}

/// The container that a workload runs in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunsIn {
    /// The container's name.
    pub container: &'static str,
    /// Its image.
    pub image: String,
    /// What runs instead of the image's own; empty for that.
    pub command: Vec<String>,
    /// Its arguments; empty for the image's own.
    pub args: Vec<String>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// Requests and limits; of Kubernetes.
    pub resources: Option<Value>,
    /// The security context; of Kubernetes.
    pub security_context: Option<Value>,
    /// Mounts of the pod's volumes; of Kubernetes.
    pub volume_mounts: Option<Value>,
}

/// A variable.
#[derive(Debug, Clone, PartialEq)]
pub struct Env {
    /// Its name.
    pub name: String,
    /// Its value, or where that is.
    pub value: Given,
    /// Who says so.
    pub origin: Origin,
}

/// A value, or where it is.
///
/// Closed: whoever starts or shows workloads must say what becomes of each.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// The value.
    Text(SecretText),
    /// A key of a Secret in the workload's namespace.
    SecretKey(KeySelector),
    /// A key of a `ConfigMap` in the workload's namespace.
    ConfigMapKey(KeySelector),
    /// Something that Kubernetes alone knows.
    Kubernetes(EnvVarSource),
}

impl Given {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(SecretText::new(text))
    }
}

/// Who says what a variable's value is.
///
/// # Example
///
/// What a user who sees an odd value is told:
///
/// ```
/// use kaos_operator::{
///     Defaults, NetworkAddresses, Origin, PodSpec, Reading, Source, Workload, Workloads, read, workloads,
/// };
///
/// let text = "{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: sums},
///   spec: {runtime: python-string, container: {env: [{name: LOG_LEVEL, value: DEBUG}]}}}";
/// let (resources, _findings) = read(&[Source::new("tools.yaml", text)], &Reading::default());
/// let all: Workloads = workloads(&resources, &Defaults::default(), &NetworkAddresses);
/// let sums: &Workload = &all.workloads[0];
/// let level = sums.env.iter().find(|it| it.name == "LOG_LEVEL").unwrap();
/// assert_eq!(level.origin, Origin::User);
/// assert_eq!(level.origin.to_string(), "env of the container");
/// let merged: Option<&PodSpec> = sums.pod_spec.as_ref(); // what Kubernetes is to merge
/// assert!(merged.is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A field of the resource.
    Field(&'static str),
    /// A setting for all components.
    Global(&'static str),
    /// The user, among the variables of the container. That wins over all others.
    User,
    /// The user, and what is added to it that does not contradict.
    UserAndAdded,
    /// It is always so.
    Always,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(path) => f.write_str(path),
            Self::Global(name) => write!(f, "global {name}"),
            Self::User => f.write_str("env of the container"),
            Self::UserAndAdded => f.write_str("env of the container, and the resource's own"),
            Self::Always => f.write_str("always"),
        }
    }
}

/// A file that a workload reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMount {
    /// The name of its `ConfigMap`, if it is one of ours.
    pub name: String,
    /// The folder that it is in.
    pub folder: &'static str,
    /// Its name there, and its key in the `ConfigMap`.
    pub file: &'static str,
    /// What it contains.
    pub content: FileContent,
}

/// What a file contains.
///
/// Closed: whoever starts or shows workloads must say what becomes of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileContent {
    /// This.
    Text(SecretText),
    /// A key of a Secret in the workload's namespace.
    SecretKey(KeySelector),
}

/// What runs, and ends, before a workload's program, in the same image and with the same data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepare {
    /// The container's name.
    pub container: &'static str,
    /// What runs.
    pub command: Vec<String>,
    /// Its arguments.
    pub args: Vec<String>,
}

/// How one learns how a workload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What is asked.
    pub kind: ProbeKind,
    /// Seconds before it is asked first.
    pub initial_delay: u32,
    /// Seconds between two times.
    pub period: u32,
    /// Seconds that an answer may take; Kubernetes has 1 if this is none.
    pub timeout: Option<u32>,
    /// How often in a row it may fail; Kubernetes has 3 if this is none.
    pub failures: Option<u32>,
}

/// What is asked.
///
/// Closed: whoever starts or shows workloads must say what becomes of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeKind {
    /// `GET` of this path answers with 200.
    Http(&'static str),
    /// The port takes connections.
    Tcp,
}
