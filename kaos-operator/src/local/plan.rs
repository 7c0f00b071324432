//! What runs for each workload here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::order::reaches;
use super::probe::{alive, ready};
use super::process::Process;
use super::programs::Programs;
use super::variables;
use crate::finding::{Finding, Rule};
use crate::interpolation::expanded;
use crate::reading::Resources;
use crate::resources::{Identity, KeySelector, SecretText};
use crate::workload::{Env, FileContent, Given, Origin, Program, Workload, too_long};

/// What runs, and the files that it reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Planned {
    /// What runs, in the order of the workloads.
    pub processes: Vec<Process>,
    /// What is to stand in which file.
    pub files: Vec<(PathBuf, SecretText)>,
}

/// Plans a process for each workload, and the files that they read.
///
/// `inherited` is the environment that each gets below its own variables; those of its own win. `folder` is where files
/// are to be.
///
/// # Errors
///
/// All that is missing here: programs, values of Secrets and `ConfigMap`s, what only Kubernetes knows.
pub fn plan(
    workloads: &[Workload],
    resources: &Resources,
    programs: &Programs,
    inherited: &BTreeMap<String, SecretText>,
    folder: &Path,
) -> Result<Planned, Vec<Finding>> {
    let mut planning = Planning {
        resources,
        programs,
        folder,
        files: Vec::new(),
        missing: Vec::new(),
    };
    let mut processes = Vec::new();
    for workload in workloads {
        let env = planning.environment(workload, inherited);
        let files = planning.files(workload);
        if let Some((program, args)) = planning.program(workload, &files) {
            let needed = workload.depends_on.iter().filter(|_| workload.waits);
            let called = workload.peers.iter();
            let called = called.filter(|peer| !reaches(workloads, peer, &workload.identity));
            let after = needed.chain(called);
            processes.push(Process {
                name: workload.name.clone(),
                program,
                args,
                env,
                folder: folder.to_owned(),
                port: workload.port,
                ready: ready(workload),
                alive: alive(workload),
                reports: programs.ours_runs(&workload.program),
                after: after.map(Identity::workload_name).collect(),
            });
        }
    }
    if planning.missing.is_empty() {
        Ok(Planned {
            processes,
            files: planning.files,
        })
    } else {
        planning.missing.sort();
        Err(planning.missing)
    }
}

struct Planning<'p> {
    resources: &'p Resources,
    programs: &'p Programs,
    folder: &'p Path,
    files: Vec<(PathBuf, SecretText)>,
    missing: Vec<Finding>,
}

impl Planning<'_> {
    fn miss(&mut self, of: &Workload, path: &str, message: String) {
        let identity = &of.identity;
        let finding = match self.resources.located(identity) {
            Some(at) => at.finding(Rule::NotHere, path, message),
            None => Finding::new(Rule::NotHere, None, message).about(identity),
        };
        self.missing.push(finding);
    }

    /// The value of a key of a Secret; what is missing is told.
    fn secret(&mut self, of: &Workload, path: &str, key: &KeySelector) -> Option<SecretText> {
        let value = self
            .resources
            .secret(&of.identity.namespace, &key.name, &key.key);
        if value.is_none() && key.optional != Some(true) {
            let KeySelector { name, key, .. } = key;
            let message = format!(
                "the key {key} of the Secret {name} has no value here: take it from a variable, by {name}/{key}=env:VARIABLE behind --secret"
            );
            self.miss(of, path, message);
        }
        value.cloned()
    }

    fn environment(
        &mut self,
        of: &Workload,
        inherited: &BTreeMap<String, SecretText>,
    ) -> Vec<(String, SecretText)> {
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        for env in &of.env {
            let path = match env.origin {
                Origin::Field(path) => path.to_owned(),
                _ => format!("the variable {}", env.name),
            };
            let value = match &env.value {
                Given::Text(text) => Some(text.clone()),
                Given::SecretKey(key) => self.secret(of, &path, key),
                Given::ConfigMapKey(key) => {
                    let value =
                        self.resources
                            .config_value(&of.identity.namespace, &key.name, &key.key);
                    if value.is_none() && key.optional != Some(true) {
                        let KeySelector { name, key, .. } = key;
                        let message = format!(
                            "the key {key} of the ConfigMap {name} has no value here: add the ConfigMap to the files"
                        );
                        self.miss(of, &path, message);
                    }
                    value.map(SecretText::new)
                }
                // A pod's name or limits: there is no pod.
                Given::Kubernetes(_) => None,
            };
            if let Some(value) = value {
                let text = expanded(
                    value.expose(),
                    &|name| own.get(name).cloned(),
                    &str::to_owned,
                );
                own.insert(env.name.clone(), text);
            }
        }
        match of.program {
            Program::LiteLlm if self.programs.litellm => variables::of_litellm(&mut own, inherited),
            Program::LiteLlm => variables::translated(&mut own),
            _ => {}
        }
        variables::named(&of.identity, &mut own, inherited);
        for (name, value) in &own {
            self.fits(of, name, value);
        }
        let mut all = inherited.clone();
        all.extend(
            own.into_iter()
                .map(|(name, value)| (name, SecretText::new(value))),
        );
        all.into_iter().collect()
    }

    /// Tells a variable that is too long, whose value was not known before.
    fn fits(&mut self, of: &Workload, name: &str, value: &str) {
        let is_known = |it: &Env| it.name == name && matches!(it.value, Given::Text(_));
        if !of.env.iter().any(is_known)
            && let Some(message) = too_long(name, value)
        {
            self.miss(of, "", message);
        }
    }

    /// Where the files of a workload are here, by where they are in a pod.
    fn files(&mut self, of: &Workload) -> Vec<(String, String)> {
        let mut places = Vec::new();
        for file in &of.files {
            let content = match &file.content {
                FileContent::Text(text) => Some(text.clone()),
                FileContent::SecretKey(key) => self.secret(of, "spec.proxyConfig.configYaml", key),
            };
            if let Some(content) = content {
                let place = self.folder.join(format!("{}-{}", of.name, file.file));
                let in_pod = format!("{}/{}", file.folder, file.file);
                places.push((in_pod, place.display().to_string()));
                self.files.push((place, content));
            }
        }
        places
    }

    fn program(
        &mut self,
        of: &Workload,
        files: &[(String, String)],
    ) -> Option<(PathBuf, Vec<String>)> {
        let port = of.port.to_string();
        let programs = self.programs;
        let ours = |args: &[&str]| {
            let at = ["--host", "127.0.0.1", "--port", &port];
            let args = args.iter().chain(&at).map(|it| (*it).to_owned());
            Some((programs.kaos.clone(), args.collect()))
        };
        match &of.program {
            Program::AgentServe => ours(&["agent", "serve"]),
            Program::McpServe => {
                // It has to be there, and our command looks for it under that name.
                self.found(of, "python3", "tools in Python need it: install Python 3")?;
                ours(&["mcp", "serve", "--name", &of.identity.name])
            }
            Program::LiteLlm => {
                let (_, config) = files.first()?;
                if self.programs.litellm {
                    let advice = "install it (pip install 'litellm[proxy]' opentelemetry-sdk opentelemetry-exporter-otlp), or leave out --litellm";
                    let program = self.found(of, "litellm", advice)?;
                    let args = ["--config", config, "--host", "127.0.0.1", "--port", &port];
                    return Some((program, args.map(str::to_owned).into()));
                }
                ours(&["model", "serve", "--config", config])
            }
            Program::Ollama { model } => {
                let advice = "install it from https://ollama.com, or use `mode: Proxy` with the address of one that runs";
                let ollama = self.found(of, "ollama", advice)?;
                let script = format!("export OLLAMA_HOST=127.0.0.1:{port}; {PULL_AND_SERVE}");
                let args = ["-c", &script, &ollama.display().to_string(), model];
                Some((PathBuf::from("/bin/sh"), args.map(str::to_owned).into()))
            }
            Program::Custom => self.custom(of, files),
        }
    }

    /// A program of the user's own: the container's command, if this machine has it.
    fn custom(
        &mut self,
        of: &Workload,
        files: &[(String, String)],
    ) -> Option<(PathBuf, Vec<String>)> {
        const PATH: &str = "spec.container.command";
        let here = |text: &String| {
            let place = files.iter().find(|(in_pod, _)| in_pod == text);
            place.map_or_else(|| text.clone(), |(_, here)| here.clone())
        };
        let Some((program, args)) = of.runs_in.command.split_first() else {
            let image = &of.runs_in.image;
            let message = format!(
                "it runs in the image {image}, and images are not run here: name a program of this machine"
            );
            self.miss(of, PATH, message);
            return None;
        };
        let found = self.programs.find(program);
        if found.is_none() {
            self.miss(
                of,
                PATH,
                format!("there is no program {program} on this machine"),
            );
        }
        let args = args.iter().chain(&of.runs_in.args).map(here).collect();
        Some((found?, args))
    }

    fn found(&mut self, of: &Workload, name: &str, advice: &str) -> Option<PathBuf> {
        let found = self.programs.find(name);
        if found.is_none() {
            let message = format!("there is no program {name} on this machine; {advice}");
            self.miss(of, "", message);
        }
        found
    }
}

/// Pulls the model `$1` with the program `$0`, and goes on serving.
const PULL_AND_SERVE: &str = "\"$0\" serve & server=$!; until \"$0\" list >/dev/null 2>&1; do sleep 1; done; \
     \"$0\" pull \"$1\"; wait $server";
