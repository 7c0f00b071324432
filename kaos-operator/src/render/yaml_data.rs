//! Workloads as YAML.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::masks::Masks;
use crate::resources::Identity;
use crate::workload::{Env, FileContent, Given, Probe, ProbeKind, Program, Workload};

#[derive(Serialize)]
struct All<'w> {
    workloads: Vec<One<'w>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'w> {
    name: &'w str,
    resource: String,
    program: Value,
    image: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    env: Vec<Variable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_folder: Option<&'static str>,
    port: u16,
    liveness: Value,
    readiness: Value,
    labels: &'w std::collections::BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<String>,
    waits: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    peers: Vec<String>,
    exposed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_from: Option<Value>,
    origin: String,
}

pub(super) fn shown(workloads: &[Workload], masks: &Masks<'_>) -> Result<String, String> {
    let workloads = workloads.iter().map(|it| one(it, masks)).collect();
    written(&All { workloads })
}

/// Any value as YAML: no line is folded, so that a text stays as it was written.
pub(super) fn written(value: &impl Serialize) -> Result<String, String> {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_with_options(value, options).map_err(|error| error.to_string())
}

fn one<'w>(it: &'w Workload, masks: &Masks<'_>) -> One<'w> {
    let texts = |texts: &[String]| texts.iter().map(|it| masks.text(it).into_text()).collect();
    let names = |all: &[Identity]| all.iter().map(Identity::workload_name).collect();
    One {
        name: &it.name,
        resource: it.identity.to_string(),
        program: program(&it.program),
        image: masks.text(&it.runs_in.image).into_text(),
        command: texts(&it.runs_in.command),
        args: texts(&it.runs_in.args),
        env: it.env.iter().map(|env| variable(env, masks)).collect(),
        files: files(it, masks),
        data_folder: it.data_folder,
        port: it.port,
        liveness: probe(&it.liveness),
        readiness: probe(&it.readiness),
        labels: &it.labels,
        depends_on: names(&it.depends_on),
        waits: it.waits,
        peers: names(&it.peers),
        exposed: it.exposed,
    }
}

fn program(program: &Program) -> Value {
    match program {
        Program::AgentServe => "kaos agent serve".into(),
        Program::McpServe => "kaos mcp serve".into(),
        Program::LiteLlm => "litellm".into(),
        Program::Ollama { model } => json!({"ollama": model}),
        Program::Custom => "custom".into(),
    }
}

fn variable(env: &Env, masks: &Masks<'_>) -> Variable {
    let (value, value_from) = match &env.value {
        Given::Text(text) => (Some(masks.variable(env, text.expose()).into_text()), None),
        Given::SecretKey(key) => (None, Some(json!({"secretKeyRef": key}))),
        Given::ConfigMapKey(key) => (None, Some(json!({"configMapKeyRef": key}))),
        Given::Kubernetes(source) => (None, serde_json::to_value(source).ok()),
    };
    Variable {
        name: env.name.clone(),
        value,
        value_from,
        origin: env.origin.to_string(),
    }
}

fn files(it: &Workload, masks: &Masks<'_>) -> Vec<Value> {
    let file = |file: &crate::workload::FileMount| {
        let path = format!("{}/{}", file.folder, file.file);
        match &file.content {
            FileContent::Text(text) => {
                json!({"path": path, "content": masks.text(text.expose()).into_text()})
            }
            FileContent::SecretKey(key) => json!({"path": path, "secretKeyRef": key}),
        }
    };
    it.files.iter().map(file).collect()
}

fn probe(probe: &Probe) -> Value {
    let mut map = Map::new();
    match probe.kind {
        ProbeKind::Http(path) => map.insert("httpGet".to_owned(), path.into()),
        ProbeKind::Tcp => map.insert("tcp".to_owned(), true.into()),
    };
    let numbers = [
        ("initialDelaySeconds", Some(probe.initial_delay)),
        ("periodSeconds", Some(probe.period)),
        ("timeoutSeconds", probe.timeout),
        ("failureThreshold", probe.failures),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            map.insert(name.to_owned(), number.into());
        }
    }
    map.into()
}
