//! The pod of a workload.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::merge::merge;
use crate::workload::{Env, FileContent, FileMount, Given, Probe, ProbeKind, Program, Workload};

/// The annotation of a pod with the hash of what it is made from.
pub(super) const HASH: &str = "kaos.tools/pod-spec-hash";

/// The user and group of pods that run our own images.
const NOBODY: u32 = 65532;

/// 16 hexadecimal digits that stand for a pod's specification and the content of what it reads.
pub(super) fn hash(pod: &Value, inputs: &str) -> String {
    short_hash(&[&pod.to_string(), inputs])
}

/// 16 hexadecimal digits that stand for these texts.
pub(super) fn short_hash(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    let digits = |byte: &u8| format!("{byte:02x}");
    hash.finalize().iter().take(8).map(digits).collect()
}

/// Merges all that `podSpec` says into what is made.
pub(super) fn spec(workload: &Workload) -> Value {
    let mut spec = made(workload);
    let said = workload.pod_spec.as_ref().map(|it| it.as_json().clone());
    if let Some(Value::Object(mut said)) = said {
        without_env(&mut said, workload.runs_in.container);
        merge(&mut spec, &said);
    }
    spec.into()
}

/// The variables of the own container are among the workload's already, with what is added to them.
fn without_env(said: &mut Map<String, Value>, own: &str) {
    let containers = said.get_mut("containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        if container.get("name").is_some_and(|it| it == own)
            && let Some(container) = container.as_object_mut()
        {
            container.remove("env");
        }
    }
}

fn made(workload: &Workload) -> Map<String, Value> {
    let mut spec = Map::new();
    let mut set = |name: &str, value: Value| spec.insert(name.to_owned(), value);
    // A token is for who asks for an account.
    match &workload.service_account {
        None => set("automountServiceAccountToken", false.into()),
        Some(account) => set("serviceAccountName", account.as_str().into()),
    };
    set("securityContext", pod_security(&workload.program));
    if let Some(prepare) = &workload.prepare {
        let init = json!({
            "name": prepare.container,
            "image": workload.runs_in.image,
            "imagePullPolicy": "IfNotPresent",
            "command": prepare.command,
            "args": prepare.args,
            "env": workload.env.iter().map(variable).collect::<Value>(),
            "resources": workload.runs_in.resources.clone().unwrap_or_else(|| json!({})),
            "securityContext": container_security(workload),
            "volumeMounts": mounts(workload),
        });
        set("initContainers", json!([init]));
    }
    set("containers", json!([container(workload)]));
    let volumes = volumes(workload);
    if !volumes.is_empty() {
        set("volumes", volumes.into());
    }
    spec
}

fn container(workload: &Workload) -> Value {
    let runs_in = &workload.runs_in;
    let mut container = json!({
        "name": runs_in.container,
        "image": runs_in.image,
        "imagePullPolicy": "IfNotPresent",
        "env": workload.env.iter().map(variable).collect::<Value>(),
        "ports": [{"name": "http", "containerPort": workload.port, "protocol": "TCP"}],
        "livenessProbe": probe(&workload.liveness, workload.port),
        "readinessProbe": probe(&workload.readiness, workload.port),
        "resources": runs_in.resources.clone().unwrap_or_else(|| resources(&workload.program)),
        "securityContext": container_security(workload),
    });
    let Some(fields) = container.as_object_mut() else {
        return container;
    };
    if !runs_in.command.is_empty() {
        fields.insert("command".to_owned(), json!(runs_in.command));
    }
    if !runs_in.args.is_empty() {
        fields.insert("args".to_owned(), json!(runs_in.args));
    }
    if let Some(folder) = &runs_in.working_dir {
        fields.insert("workingDir".to_owned(), json!(folder));
    }
    let mounts = mounts(workload);
    if !mounts.is_empty() {
        fields.insert("volumeMounts".to_owned(), mounts.into());
    }
    if let Some(said) = &runs_in.volume_mounts {
        let said = Map::from_iter([("volumeMounts".to_owned(), said.clone())]);
        merge(fields, &said);
    }
    container
}

fn variable(env: &Env) -> Value {
    let name = &env.name;
    match &env.value {
        Given::Text(text) => json!({"name": name, "value": text.expose()}),
        Given::SecretKey(key) => json!({"name": name, "valueFrom": {"secretKeyRef": key}}),
        Given::ConfigMapKey(key) => json!({"name": name, "valueFrom": {"configMapKeyRef": key}}),
        Given::Kubernetes(source) => json!({"name": name, "valueFrom": source}),
    }
}

fn probe(probe: &Probe, port: u16) -> Value {
    let mut all = match probe.kind {
        ProbeKind::Http(path) => json!({"httpGet": {"path": path, "port": port, "scheme": "HTTP"}}),
        ProbeKind::Tcp => json!({"tcpSocket": {"port": port}}),
    };
    if let Some(all) = all.as_object_mut() {
        all.insert("initialDelaySeconds".to_owned(), probe.initial_delay.into());
        all.insert("periodSeconds".to_owned(), probe.period.into());
        if let Some(timeout) = probe.timeout {
            all.insert("timeoutSeconds".to_owned(), timeout.into());
        }
        if let Some(failures) = probe.failures {
            all.insert("failureThreshold".to_owned(), failures.into());
        }
    }
    all
}

/// Whether what runs is ours, and so needs neither a user of its own nor a root that can be written.
fn is_ours(program: &Program) -> bool {
    matches!(program, Program::AgentServe | Program::McpServe)
}

fn pod_security(program: &Program) -> Value {
    let mut context = json!({"seccompProfile": {"type": "RuntimeDefault"}});
    if let Some(context) = context.as_object_mut().filter(|_| is_ours(program)) {
        context.insert("runAsNonRoot".to_owned(), true.into());
        context.insert("runAsUser".to_owned(), NOBODY.into());
        context.insert("runAsGroup".to_owned(), NOBODY.into());
        context.insert("fsGroup".to_owned(), NOBODY.into());
    }
    context
}

/// What the user says of it goes before.
fn container_security(workload: &Workload) -> Value {
    let mut context = json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
    });
    if let Some(context) = context.as_object_mut() {
        if is_ours(&workload.program) {
            context.insert("readOnlyRootFilesystem".to_owned(), true.into());
        }
        if let Some(Value::Object(said)) = &workload.runs_in.security_context {
            merge(context, said);
        }
    }
    context
}

/// What is asked for where the user says nothing: room for ours, and for a proxy. What a model needs its user knows.
fn resources(program: &Program) -> Value {
    match program {
        Program::AgentServe | Program::McpServe => json!({
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"memory": "512Mi"},
        }),
        Program::LiteLlm => json!({"requests": {"cpu": "100m", "memory": "512Mi"}}),
        Program::Ollama { .. } | Program::Custom => json!({}),
    }
}

/// The volume of a file's folder. Those of `LiteLLM`'s configuration are called as KAOS calls them.
fn volume_name(file: &FileMount) -> String {
    file.folder
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned()
        + "-config"
}

const DATA: &str = "ollama-data";
const SCRATCH: &str = "tmp";

fn mounts(workload: &Workload) -> Vec<Value> {
    let files = workload.files.iter();
    let files = files.map(|it| json!({"name": volume_name(it), "mountPath": it.folder}));
    let data = workload.data_folder.iter();
    let data = data.map(|it| json!({"name": DATA, "mountPath": it}));
    let scratch = is_ours(&workload.program).then(|| json!({"name": SCRATCH, "mountPath": "/tmp"}));
    files.chain(data).chain(scratch).collect()
}

fn volumes(workload: &Workload) -> Vec<Value> {
    let files = workload.files.iter().map(|file| match &file.content {
        FileContent::Text(_) => {
            json!({"name": volume_name(file), "configMap": {"name": file.name}})
        }
        FileContent::SecretKey(key) => json!({
            "name": volume_name(file),
            "secret": {
                "secretName": key.name,
                "items": [{"key": key.key, "path": file.file}],
            },
        }),
    });
    let data = workload.data_folder.iter();
    let data = data.map(|_| json!({"name": DATA, "emptyDir": {}}));
    let scratch = is_ours(&workload.program).then(|| json!({"name": SCRATCH, "emptyDir": {}}));
    files.chain(data).chain(scratch).collect()
}
