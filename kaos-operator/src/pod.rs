//! What `container` and `podSpec` say of a component's own container, which is known by its name.

use std::collections::HashMap;

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

/// The user's variables, each once: the last one counts, and stands where it stood.
#[derive(Debug, Default)]
pub(crate) struct Vars {
    list: Vec<EnvVar>,
    by_name: HashMap<String, usize>,
}

impl Vars {
    fn of(all: Vec<EnvVar>) -> Self {
        let latest: HashMap<String, usize> = all
            .iter()
            .enumerate()
            .map(|(index, var)| (var.name.clone(), index))
            .collect();
        let kept = all
            .into_iter()
            .enumerate()
            .filter(|(index, var)| latest.get(&var.name) == Some(index));
        let list: Vec<EnvVar> = kept.map(|(_, var)| var).collect();
        let by_name = list
            .iter()
            .enumerate()
            .map(|(index, var)| (var.name.clone(), index))
            .collect();
        Self { list, by_name }
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, EnvVar> {
        self.list.iter()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&EnvVar> {
        self.list.get(*self.by_name.get(name)?)
    }
}

/// A component's own container with what `podSpec` says of it, which wins.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) container: Container,
    /// Variables of `container.env`.
    pub(crate) env: Vars,
    /// Those of `podSpec`, which are merged by name into all that is derived.
    pub(crate) pod_env: Vars,
    /// Which of the containers in `podSpec` it is.
    pub(crate) in_pod: Option<usize>,
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
        let env = Vars::of(container.env.take().unwrap_or_default());
        let mut own = Self {
            container,
            env,
            pod_env: Vars::default(),
            in_pod: None,
        };
        let Some((index, pod)) = in_pod(kind, pod_spec)? else {
            return Ok(own);
        };
        own.in_pod = Some(index);
        own.pod_env = Vars::of(pod.env.unwrap_or_default());
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
        self.pod_env.get(name).or_else(|| self.env.get(name))
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

/// The container of that name, and which it is.
fn in_pod(
    kind: Kind,
    pod_spec: Option<&PodSpec>,
) -> Result<Option<(usize, Container)>, (String, String)> {
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
        return read.map(|it| Some((index, it)));
    }
    Ok(None)
}
