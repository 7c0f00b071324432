//! What `container` and `podSpec` say of a component's own container, which is known by its name.

use serde_json::Value;

use crate::resources::{Container, EnvVar, Kind, PodSpec, SecretText};

/// The name of the container that runs a kind of component.
pub(crate) fn container_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Agent => "agent",
        Kind::McpServer => "mcp-server",
        Kind::ModelApi => "model-api",
    }
}

/// A component's own container with what `podSpec` says of it, which wins.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) container: Container,
    /// Variables of `container.env`, each once: the last one counts.
    pub(crate) env: Vec<EnvVar>,
    /// Those of `podSpec`, which are merged by name into all that is derived.
    pub(crate) pod_env: Vec<EnvVar>,
}

impl Own {
    /// # Errors
    ///
    /// What is wrong with the container in `podSpec`, by path.
    pub(crate) fn of(
        kind: Kind,
        container: Option<&Container>,
        pod_spec: Option<&PodSpec>,
    ) -> Result<Self, (String, String)> {
        let mut container = container.cloned().unwrap_or_default();
        let env = once(&container.env.take().unwrap_or_default());
        let mut own = Self {
            container,
            env,
            pod_env: Vec::new(),
        };
        let Some(pod) = in_pod(kind, pod_spec)? else {
            return Ok(own);
        };
        own.pod_env = once(&pod.env.unwrap_or_default());
        let to = &mut own.container;
        over(&mut to.image, pod.image);
        over(&mut to.command, pod.command);
        over(&mut to.args, pod.args);
        over(&mut to.working_dir, pod.working_dir);
        over(&mut to.resources, pod.resources);
        over(&mut to.security_context, pod.security_context);
        over(&mut to.volume_mounts, pod.volume_mounts);
        Ok(own)
    }

    /// What the user says of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&EnvVar> {
        let mut all = self.pod_env.iter().chain(&self.env);
        all.find(|var| var.name == name)
    }

    /// The text that the user gives a variable; none if it comes from elsewhere.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let var = self.get(name).filter(|var| var.value_from.is_none())?;
        Some(var.value.as_ref().map_or("", SecretText::expose))
    }
}

fn over<T>(to: &mut Option<T>, from: Option<T>) {
    if from.is_some() {
        *to = from;
    }
}

/// Each variable once, where it stands last.
fn once(vars: &[EnvVar]) -> Vec<EnvVar> {
    let last = |index: usize, var: &EnvVar| {
        let later = vars.iter().skip(index + 1);
        later.into_iter().all(|it| it.name != var.name)
    };
    let kept = vars
        .iter()
        .enumerate()
        .filter(|(index, var)| last(*index, var));
    kept.map(|(_, var)| var.clone()).collect()
}

fn in_pod(kind: Kind, pod_spec: Option<&PodSpec>) -> Result<Option<Container>, (String, String)> {
    let containers = pod_spec
        .and_then(|it| it.as_json().get("containers"))
        .and_then(Value::as_array);
    let name = container_name(kind);
    for (index, container) in containers.into_iter().flatten().enumerate() {
        if container.get("name").and_then(Value::as_str) != Some(name) {
            continue;
        }
        let path = format!("spec.podSpec.containers[{index}]");
        let env = container.get("env").and_then(Value::as_array);
        for (index, var) in env.into_iter().flatten().enumerate() {
            if var.get("value").is_some_and(|it| !it.is_string()) {
                let message = "expected a text; put it in quotes: \"…\"".to_owned();
                return Err((format!("{path}.env[{index}].value"), message));
            }
        }
        // The error may have a value.
        let read = serde_json::from_value(container.clone()).ok();
        let read = read.ok_or_else(|| (path, "is no container as Kubernetes has it".to_owned()));
        return read.map(Some);
    }
    Ok(None)
}
