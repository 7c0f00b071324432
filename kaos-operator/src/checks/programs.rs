//! There is something to run, and what it needs.

use crate::collector::{self, Sending};
use crate::defaults::{Defaults, Runtime};
use crate::finding::{Finding, Rule};
use crate::pod::Own;
use crate::reading::{Resource, Resources};
use crate::resources::{
    AgentSpec, ApiKey, McpServerSpec, MemoryType, Mode, ModelApiSpec, ProxyConfig, SecretText,
};
use crate::shape::nearest;
use crate::yaml;

use super::models::offers;

pub(super) fn check(resources: &Resources, defaults: &Defaults, findings: &mut Vec<Finding>) {
    for it in resources.agents.values() {
        let own = Own::of(
            it.at.identity.kind,
            it.spec.container.as_ref(),
            it.spec.pod_spec.as_ref(),
        );
        agent(it, &own.unwrap_or_default(), defaults, findings);
    }
    for it in resources.mcp_servers.values() {
        let own = Own::of(
            it.at.identity.kind,
            it.spec.container.as_ref(),
            it.spec.pod_spec.as_ref(),
        );
        mcp_server(it, &own.unwrap_or_default(), defaults, findings);
    }
    for it in resources.model_apis.values() {
        let own = Own::of(
            it.at.identity.kind,
            it.spec.container.as_ref(),
            it.spec.pod_spec.as_ref(),
        );
        model_api(it, &own.unwrap_or_default(), defaults, findings);
    }
}

/// `custom` has no image but its own.
const CUSTOM: &str = "custom";

fn image<S>(
    resource: &Resource<S>,
    own: &Own,
    default: Option<&String>,
    globally: &str,
    findings: &mut Vec<Finding>,
) {
    let said = own.container.image.as_ref().or(default);
    if said.is_none_or(|it| it.trim().is_empty()) {
        let message = format!("no image is known for this: set it here{globally}");
        findings.push(
            resource
                .at
                .finding(Rule::MissingImage, "spec.container.image", message),
        );
    }
}

fn agent(it: &Resource<AgentSpec>, own: &Own, defaults: &Defaults, findings: &mut Vec<Finding>) {
    image(
        it,
        own,
        defaults.images.agent.as_ref(),
        ", or for all in DEFAULT_AGENT_IMAGE",
        findings,
    );
    let memory = it.spec.config.as_ref().and_then(|it| it.memory.as_ref());
    if memory.is_some_and(|it| it.kind == Some(MemoryType::Remote) || it.memory_store.is_some()) {
        let message = "a MemoryStore is not run here: the agent remembers in its own process";
        findings.push(it.at.finding(Rule::NoEffect, "spec.config.memory", message));
    }
}

fn mcp_server(
    it: &Resource<McpServerSpec>,
    own: &Own,
    defaults: &Defaults,
    findings: &mut Vec<Finding>,
) {
    let name = it.spec.runtime.as_str();
    if let Some(tools) = it.spec.config.as_ref().and_then(|it| it.tools.as_ref()) {
        if tools.from_package.is_some() {
            let message = "packages are not installed when a server starts: use `runtime: custom` with an image that has it";
            findings.push(
                it.at
                    .finding(Rule::Runtime, "spec.config.tools.fromPackage", message),
            );
        }
        if tools.from_secret_key_ref.is_some() && it.spec.params.is_some() {
            let message = "`spec.params` says the same; keep one";
            findings.push(it.at.finding(
                Rule::TwiceSaid,
                "spec.config.tools.fromSecretKeyRef",
                message,
            ));
        }
    }
    let Some(runtime) = defaults.runtimes.get(name) else {
        if name == CUSTOM {
            image(it, own, None, "", findings);
        } else {
            let names = defaults.runtimes.keys().map(String::as_str).chain([CUSTOM]);
            let meant = nearest(name, names.clone());
            let meant = meant.map_or(String::new(), |it| format!("; `{it}` was meant?"));
            let known = names.collect::<Vec<_>>().join(", ");
            let message = format!("`{name}` is no known runtime (there are {known}){meant}");
            findings.push(it.at.finding(Rule::Runtime, "spec.runtime", message));
        }
        return;
    };
    image(
        it,
        own,
        runtime.image.as_ref(),
        ", or for all in the ConfigMap kaos-mcp-runtimes",
        findings,
    );
    tools(it, own, runtime, findings);
    if it.spec.params.is_some() && runtime.params_env_var.is_none() {
        let message = format!("the runtime {name} takes none");
        findings.push(it.at.finding(Rule::NoEffect, "spec.params", message));
    }
    for var in runtime
        .required_env
        .iter()
        .filter(|var| own.get(var).is_none())
    {
        let message = format!("the runtime {name} needs the variable {var}");
        findings.push(
            it.at
                .finding(Rule::MissingVariable, "spec.container.env", message),
        );
    }
}

/// Functions that are tools, from wherever.
fn tools(it: &Resource<McpServerSpec>, own: &Own, runtime: &Runtime, findings: &mut Vec<Finding>) {
    const VARIABLE: &str = "MCP_TOOLS_STRING";
    let from = it.spec.config.as_ref().and_then(|it| it.tools.as_ref());
    let elsewhere =
        from.is_some_and(|it| it.from_secret_key_ref.is_some() || it.from_package.is_some());
    let said = it
        .spec
        .params
        .as_ref()
        .is_some_and(|it| !it.trim().is_empty());
    let ours = runtime.params_env_var.as_deref() == Some(VARIABLE);
    // Its own container may have them anyway.
    let custom = own.container.command.is_some() || own.container.image.is_some();
    if ours && !said && !elsewhere && !custom && own.get(VARIABLE).is_none() {
        let message = "there are no tools: `params` has their functions";
        findings.push(it.at.finding(Rule::MissingVariable, "spec.params", message));
    }
}

fn model_api(
    it: &Resource<ModelApiSpec>,
    own: &Own,
    defaults: &Defaults,
    findings: &mut Vec<Finding>,
) {
    let sending = collector::sending(it.spec.telemetry.as_ref(), defaults, own);
    match it.spec.mode {
        Mode::Proxy => {
            image(
                it,
                own,
                defaults.images.litellm.as_ref(),
                ", or for all in DEFAULT_LITELLM_IMAGE",
                findings,
            );
            match &it.spec.proxy_config {
                None => findings.push(it.at.finding(
                    Rule::Required,
                    "spec.proxyConfig",
                    "it is required with `mode: Proxy`",
                )),
                Some(proxy) => self::proxy(it, proxy, &sending, findings),
            }
            if it.spec.hosted_config.is_some() {
                findings.push(it.at.finding(
                    Rule::NoEffect,
                    "spec.hostedConfig",
                    "`mode: Proxy` has no use for it",
                ));
            }
        }
        Mode::Hosted => {
            image(
                it,
                own,
                defaults.images.ollama.as_ref(),
                ", or for all in DEFAULT_OLLAMA_IMAGE",
                findings,
            );
            if it.spec.hosted_config.is_none() {
                findings.push(it.at.finding(
                    Rule::Required,
                    "spec.hostedConfig",
                    "it is required with `mode: Hosted`",
                ));
            }
            if it.spec.proxy_config.is_some() {
                findings.push(it.at.finding(
                    Rule::NoEffect,
                    "spec.proxyConfig",
                    "`mode: Hosted` has no use for it",
                ));
            }
            if sending != Sending::Off {
                let message =
                    "Ollama has no telemetry: its calls are seen as the agents' model calls alone";
                findings.push(it.at.finding(Rule::NoTelemetry, "spec.telemetry", message));
            }
        }
    }
}

fn proxy(
    it: &Resource<ModelApiSpec>,
    proxy: &ProxyConfig,
    sending: &Sending,
    findings: &mut Vec<Finding>,
) {
    let both = |it: &ApiKey| it.value.is_some() && it.value_from.is_some();
    if proxy.api_key.as_ref().is_some_and(both) {
        let message = "`value` and `valueFrom` are one too many";
        findings.push(
            it.at
                .finding(Rule::TwiceSaid, "spec.proxyConfig.apiKey", message),
        );
    }
    let Some(config) = &proxy.config_yaml else {
        return;
    };
    if config.from_string.is_some() && config.from_secret_key_ref.is_some() {
        let message = "`fromString` and `fromSecretKeyRef` are one too many";
        findings.push(
            it.at
                .finding(Rule::TwiceSaid, "spec.proxyConfig.configYaml", message),
        );
    }
    let text = config.from_string.as_ref().map(SecretText::expose);
    if let Some(text) = text {
        own_models(it, proxy, text, findings);
    }
    let traced = text.is_some_and(|it| it.contains("otel"));
    if matches!(sending, Sending::To(_)) && !traced {
        let message = "it is taken as it is; for traces it needs litellm_settings with success_callback: [\"otel\"] and failure_callback: [\"otel\"]";
        findings.push(it.at.finding(
            Rule::OwnConfiguration,
            "spec.proxyConfig.configYaml",
            message,
        ));
    }
}

/// The models of a configuration of the user's own are among those that agents may ask for.
fn own_models(
    it: &Resource<ModelApiSpec>,
    proxy: &ProxyConfig,
    text: &str,
    findings: &mut Vec<Finding>,
) {
    const PATH: &str = "spec.proxyConfig.configYaml.fromString";
    let (documents, problem) = yaml::documents(text);
    if let Some(problem) = problem {
        let message = format!(
            "is no YAML: line {} of it: {}",
            problem.mark.line, problem.message
        );
        findings.push(it.at.finding(Rule::Yaml, PATH, message));
        return;
    }
    let lists = documents.iter().filter_map(|it| it.get("model_list"));
    for model in lists.flat_map(yaml::Node::items) {
        let name = model.get("model_name").and_then(yaml::Node::text);
        if let Some(name) = name.filter(|name| !offers(&proxy.models, name)) {
            let message = format!("`{name}` is not among spec.proxyConfig.models");
            findings.push(it.at.finding(Rule::ModelNotOffered, PATH, message));
        }
    }
}
