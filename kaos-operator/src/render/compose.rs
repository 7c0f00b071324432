//! A file for Compose: the Compose Specification of 2025, with inline `configs.content` (Compose 2.23.1).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::interpolation::expanded;
use super::masks::{Masks, Shown};
use super::shell::Shell;
use super::yaml_data::written;
use crate::reading::Resources;
use crate::resources::Kind;
use crate::workload::{Env, FileContent, Given, Program, Workload};

#[derive(Serialize, Default)]
struct File {
    services: BTreeMap<String, Service>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    configs: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    volumes: BTreeMap<String, Value>,
}

#[derive(Serialize)]
struct Service {
    image: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_dir: Option<String>,
    environment: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ports: Vec<String>,
    expose: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    depends_on: BTreeMap<String, Value>,
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    configs: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<String>,
    restart: &'static str,
}

pub(super) fn shown(
    workloads: &[Workload],
    resources: &Resources,
    masks: &Masks<'_>,
) -> Result<String, String> {
    let namespaces: BTreeSet<&str> = workloads.iter().map(|it| &*it.identity.namespace).collect();
    if namespaces.len() > 1 {
        let names = namespaces.into_iter().collect::<Vec<_>>().join(", ");
        return Err(format!(
            "Compose has no namespaces, and these resources are in {names}: render those of one at a time"
        ));
    }
    let mut composing = Composing {
        resources,
        masks,
        file: File::default(),
        shell: Shell::default(),
        notes: Vec::new(),
    };
    for workload in workloads {
        composing.service(workload);
    }
    let mut text =
        "# Made by kaos render. Variables of the shell or of .env have what is secret.\n"
            .to_owned();
    for note in &composing.notes {
        text.push_str("# ");
        text.push_str(&note.replace(char::is_control, " "));
        text.push('\n');
    }
    text.push_str(&written(&composing.file)?);
    Ok(text)
}

struct Composing<'c> {
    resources: &'c Resources,
    masks: &'c Masks<'c>,
    file: File,
    shell: Shell,
    notes: Vec<String>,
}

impl Composing<'_> {
    fn service(&mut self, it: &Workload) {
        let runs_in = &it.runs_in;
        if it.pod_spec.is_some()
            || runs_in.resources.is_some()
            || runs_in.volume_mounts.is_some()
            || runs_in.security_context.is_some()
        {
            self.notes.push(format!("{}: what is Kubernetes' own (podSpec, resources, securityContext, volumeMounts) is left out", it.name));
        }
        let texts = |texts: &[String]| {
            texts
                .iter()
                .map(|it| literal(&self.masks.text(it).into_text()))
                .collect()
        };
        let (mut entrypoint, command): (Vec<_>, Vec<_>) =
            (texts(&runs_in.command), texts(&runs_in.args));
        if let Program::Ollama { model } = &it.program
            && command.is_empty()
        {
            let script = [PULL_AND_SERVE, "ollama", model.as_str()].map(literal);
            entrypoint = ["/bin/sh", "-c"]
                .map(str::to_owned)
                .into_iter()
                .chain(script)
                .collect();
        }
        let depends_on = it
            .depends_on
            .iter()
            .map(|it| (it.workload_name(), json!({"condition": "service_started"})));
        let environment = self.environment(it);
        let configs = self.configs(it);
        let volumes = it.data_folder.map(|folder| {
            self.file.volumes.insert(it.name.clone(), json!({}));
            format!("{}:{folder}", it.name)
        });
        let asked = it.identity.kind == Kind::Agent && it.exposed;
        let service = Service {
            image: literal(&self.masks.text(&runs_in.image).into_text()),
            entrypoint,
            command,
            working_dir: runs_in.working_dir.as_deref().map(literal),
            environment,
            ports: asked
                .then(|| format!("127.0.0.1::{}", it.port))
                .into_iter()
                .collect(),
            expose: vec![it.port.to_string()],
            depends_on: if it.waits {
                depends_on.collect()
            } else {
                BTreeMap::new()
            },
            labels: it.labels.clone(),
            configs,
            volumes: volumes.into_iter().collect(),
            restart: "unless-stopped",
        };
        self.file.services.insert(it.name.clone(), service);
    }

    fn environment(&mut self, it: &Workload) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for env in &it.env {
            let value = match &env.value {
                Given::Text(text) => self.text(it, env, text.expose(), &all),
                Given::SecretKey(key) => self.shell.of_key("Secret", key),
                Given::ConfigMapKey(key) => {
                    match self
                        .resources
                        .config_value(&it.identity.namespace, &key.name, &key.key)
                    {
                        Some(text) => self.text(it, env, text, &all),
                        None => self.shell.of_key("ConfigMap", key),
                    }
                }
                Given::Kubernetes(_) => {
                    self.notes.push(format!(
                        "{}: {} is what Kubernetes says, and is left out",
                        it.name, env.name
                    ));
                    continue;
                }
            };
            all.insert(env.name.clone(), value);
        }
        all
    }

    /// A value; one that is secret comes from a variable when Compose runs.
    fn text(
        &mut self,
        it: &Workload,
        env: &Env,
        text: &str,
        before: &BTreeMap<String, String>,
    ) -> String {
        match self.masks.variable(env, text) {
            Shown::Text(text) => expanded(&text, &|name| before.get(name).cloned(), &literal),
            Shown::Masked(_) => self.shell.of_variable(&it.name, &env.name),
        }
    }

    fn configs(&mut self, it: &Workload) -> Vec<Value> {
        let mut mounts = Vec::new();
        for file in &it.files {
            let content = match &file.content {
                FileContent::SecretKey(key) => {
                    json!({"environment": self.shell.name("Secret", &[&key.name, &key.key])})
                }
                FileContent::Text(text) => {
                    let shown = self.masks.text(text.expose());
                    if matches!(shown, Shown::Masked(_)) {
                        self.notes.push(format!(
                            "{}: something secret in {} is masked; put it back",
                            it.name, file.file
                        ));
                    }
                    json!({"content": literal(&shown.into_text())})
                }
            };
            self.file.configs.insert(file.name.clone(), content);
            mounts.push(
                json!({"source": file.name, "target": format!("{}/{}", file.folder, file.file)}),
            );
        }
        mounts
    }
}

/// Pulls the model `$1` and goes on serving.
const PULL_AND_SERVE: &str = "ollama serve & server=$!; until ollama list >/dev/null 2>&1; do sleep 1; done; \
     ollama pull \"$1\"; wait $server";

/// A text as it is: Compose reads `$` as the beginning of a variable.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
