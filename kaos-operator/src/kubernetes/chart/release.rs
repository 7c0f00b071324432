//! What the chart makes of its values, without Helm.

use kube::core::GroupVersionKind;
use serde_json::{Value, json};

use super::super::MANAGER;
use super::super::role::roles;
use super::super::settings::OperatorSettings;
use super::released::labels;
use super::values::ChartValues;
use crate::collector::{HTTP_PORT, parsed};

const PORT: u16 = 8080;

/// The objects that the chart makes of these values in this namespace, but for the CRDs: those that `helm template` prints.
///
/// # Errors
///
/// Values that do not go together.
pub fn release(values: &ChartValues, namespace: &str) -> Result<Vec<Value>, String> {
    let gateway = &values.gateway_api;
    let api = "rbac.authorization.k8s.io";
    let mut account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(MANAGER, namespace),
    });
    if !values.service_account.annotations.is_empty()
        && let Some(metadata) = account.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.insert(
            "annotations".to_owned(),
            json!(values.service_account.annotations),
        );
    }
    let mut all = vec![account];
    let roles = roles(&settings(gateway.enabled, namespace)?).into_iter();
    all.extend(roles.map(|mut role| {
        if let Some(metadata) = role.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("labels".to_owned(), labels(namespace));
        }
        role
    }));
    for kind in ["ClusterRole", "Role"] {
        let mut metadata = metadata(MANAGER, namespace);
        if let Some(metadata) = metadata.as_object_mut().filter(|_| kind == "ClusterRole") {
            metadata.remove("namespace");
        }
        all.push(json!({
            "apiVersion": format!("{api}/v1"),
            "kind": format!("{kind}Binding"),
            "metadata": metadata,
            "roleRef": {"apiGroup": api, "kind": kind, "name": MANAGER},
            "subjects": [{"kind": "ServiceAccount", "name": MANAGER, "namespace": namespace}],
        }));
    }
    all.push(config(values, namespace));
    all.push(runtimes(values, namespace)?);
    all.push(deployment(values, namespace));
    all.push(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(MANAGER, namespace),
        "spec": {
            "selector": selector(),
            "ports": [{"name": "http", "port": PORT, "targetPort": PORT, "protocol": "TCP"}],
        },
    }));
    if gateway.enabled && gateway.create_gateway {
        if gateway.gateway_class_name.is_empty() {
            let wrong = "gatewayAPI.gatewayClassName is required when createGateway is true";
            return Err(wrong.to_owned());
        }
        all.push(json!({
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": {
                "name": gateway.gateway_name,
                "namespace": or(&gateway.gateway_namespace, namespace),
                "labels": labels(namespace),
            },
            "spec": {
                "gatewayClassName": gateway.gateway_class_name,
                "listeners": [{
                    "name": "http",
                    "port": gateway.listener_port,
                    "protocol": gateway.listener_protocol,
                    "allowedRoutes": {"namespaces": {"from": "All"}},
                }],
            },
        }));
    }
    Ok(all)
}

/// All kinds of objects that [`release`] makes of whatever values, in the order in which they are applied, each once.
///
/// # Errors
///
/// None that is known: the values are ours.
pub fn released_kinds() -> Result<Vec<GroupVersionKind>, String> {
    let mut all = ChartValues::default();
    all.gateway_api.enabled = true;
    all.gateway_api.create_gateway = true;
    "any".clone_into(&mut all.gateway_api.gateway_class_name);
    let mut kinds = Vec::new();
    for object in release(&all, "any")? {
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let version = text("apiVersion");
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = GroupVersionKind::gvk(group, version, text("kind"));
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

fn settings(gateway: bool, namespace: &str) -> Result<OperatorSettings, String> {
    let get = |name: &str| match name {
        "SYSTEM_NAMESPACE" => Some(namespace.to_owned()),
        "GATEWAY_API_ENABLED" => Some(gateway.to_string()),
        _ => None,
    };
    OperatorSettings::from_vars(get).map_err(|it| it.to_string())
}

fn or<'t>(text: &'t str, other: &'t str) -> &'t str {
    if text.is_empty() { other } else { text }
}

fn selector() -> Value {
    json!({"app.kubernetes.io/name": MANAGER})
}

fn metadata(name: &str, namespace: &str) -> Value {
    json!({
        "name": name,
        "namespace": namespace,
        "labels": labels(namespace),
    })
}

fn config(values: &ChartValues, namespace: &str) -> Value {
    let images = &values.default_images;
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata("kaos-operator-config", namespace),
        "data": {
            "DEFAULT_AGENT_IMAGE": images.agent_runtime,
            "DEFAULT_LITELLM_IMAGE": images.litellm,
            "DEFAULT_LOG_LEVEL": values.log_level.0.to_uppercase(),
            "DEFAULT_OLLAMA_IMAGE": images.ollama,
            "DEFAULT_TELEMETRY_ENABLED": values.telemetry.enabled.to_string(),
            "DEFAULT_TELEMETRY_ENDPOINT": values.telemetry.endpoint,
        },
    })
}

fn runtimes(values: &ChartValues, namespace: &str) -> Result<Value, String> {
    let images = &values.default_images;
    let mut all = json!({
        "python-string": {"image": images.mcp_python_string, "paramsEnvVar": "MCP_TOOLS_STRING"},
        "kubernetes": {"args": ["--port", "8000"]},
        "slack": {
            "image": images.mcp_slack,
            "args": ["--transport", "http", "--port", "8000"],
            "requiredEnv": ["SLACK_BOT_TOKEN", "SLACK_TEAM_ID"],
        },
    });
    if let Some(all) = all.as_object_mut() {
        let kubernetes = all.get_mut("kubernetes").and_then(Value::as_object_mut);
        if let Some(kubernetes) = kubernetes.filter(|_| !images.mcp_kubernetes.is_empty()) {
            kubernetes.insert("image".to_owned(), images.mcp_kubernetes.clone().into());
        }
        for (name, custom) in &values.mcp_runtimes.custom {
            // Helm's `merge`: what the runtime does not say stays as it is.
            let known = all.entry(name).or_insert_with(|| json!({}));
            for (key, value) in custom.as_object().into_iter().flatten() {
                if let Some(known) = known.as_object_mut() {
                    known.insert(key.clone(), value.clone());
                }
            }
        }
    }
    let text = serde_json::to_string_pretty(&json!({"runtimes": all}));
    let text = text.map_err(|it| it.to_string())?;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata("kaos-mcp-runtimes", namespace),
        "data": {"runtimes.yaml": text},
    }))
}

fn variables(values: &ChartValues, namespace: &str) -> Vec<Value> {
    let field = |name: &str, path: &str| json!({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}});
    let text = |name: &str, value: &str| json!({"name": name, "value": value});
    let mut env = vec![
        field("SYSTEM_NAMESPACE", "metadata.namespace"),
        field("POD_NAME", "metadata.name"),
        text("LOG_LEVEL", &values.log_level.0.to_uppercase()),
    ];
    let endpoint = &values.telemetry.endpoint;
    if values.telemetry.enabled && !endpoint.is_empty() {
        env.push(text("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint));
        if parsed(endpoint) == Ok(Some(HTTP_PORT)) {
            env.push(text("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        }
    }
    let (gateway, timeouts) = (&values.gateway_api, &values.gateway.default_timeouts);
    if gateway.enabled {
        env.extend([
            text("GATEWAY_API_ENABLED", "true"),
            text("GATEWAY_NAME", &gateway.gateway_name),
            text(
                "GATEWAY_NAMESPACE",
                or(&gateway.gateway_namespace, namespace),
            ),
            text("GATEWAY_DEFAULT_AGENT_TIMEOUT", &timeouts.agent),
            text("GATEWAY_DEFAULT_MODELAPI_TIMEOUT", &timeouts.model_api),
            text("GATEWAY_DEFAULT_MCP_TIMEOUT", &timeouts.mcp),
        ]);
    }
    env.extend(
        values
            .controller_manager
            .manager
            .env
            .as_array()
            .cloned()
            .unwrap_or_default(),
    );
    env
}

fn deployment(values: &ChartValues, namespace: &str) -> Value {
    let operator = &values.controller_manager;
    let manager = &operator.manager;
    let tag = or(&manager.image.tag, env!("CARGO_PKG_VERSION"));
    let mut pod = json!({
        "serviceAccountName": MANAGER,
        "securityContext": operator.pod_security_context,
        "containers": [{
            "name": "operator",
            "image": format!("{}:{tag}", manager.image.repository),
            "imagePullPolicy": manager.image_pull_policy,
            "args": ["operator", "run", "--host", "::", "--port", PORT.to_string()],
            "env": variables(values, namespace),
            "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": PORT}, "initialDelaySeconds": 15, "periodSeconds": 20},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": PORT}, "periodSeconds": 2},
            "resources": manager.resources,
            "securityContext": manager.container_security_context,
        }],
    });
    if let Some(pod) = pod.as_object_mut() {
        let said = [
            ("nodeSelector", &operator.node_selector),
            ("tolerations", &operator.tolerations),
            (
                "topologySpreadConstraints",
                &operator.topology_spread_constraints,
            ),
        ];
        for (name, value) in said {
            if *value != json!({}) && *value != json!([]) {
                pod.insert(name.to_owned(), value.clone());
            }
        }
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(MANAGER, namespace),
        "spec": {
            "replicas": operator.replicas,
            "selector": {"matchLabels": selector()},
            "template": {"metadata": {"labels": selector()}, "spec": pod},
        },
    })
}
