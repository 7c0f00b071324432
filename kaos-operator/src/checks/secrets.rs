//! Secrets and `ConfigMap`s that are used are there.

use std::sync::Arc;

use crate::component::Component;
use crate::finding::{Finding, Rule};
use crate::reading::{Keys, Located, Resources};
use crate::resources::{EnvVar, EnvVarSource, KeySelector};
use crate::shape::nearest;
use crate::words::Words;

pub(super) fn check(
    resources: &Resources,
    components: &[Component<'_>],
    findings: &mut Vec<Finding>,
) {
    let mut check = Check {
        resources,
        findings,
    };
    for component in components {
        let own = component.own.iter();
        for EnvVar {
            name, value_from, ..
        } in own.flat_map(|it| it.env.iter().chain(it.pod_env.iter()))
        {
            if let Some(source) = value_from {
                let path = component.variable(name);
                check.source(component.at, source, &path, &format!("{name}: "));
            }
        }
    }
    for it in resources.mcp_servers.values() {
        let tools = it.spec.config.as_ref().and_then(|it| it.tools.as_ref());
        if let Some(key) = tools.and_then(|it| it.from_secret_key_ref.as_ref()) {
            check.key(
                &it.at,
                key,
                "spec.config.tools.fromSecretKeyRef",
                "",
                "Secret",
            );
        }
    }
    for it in resources.model_apis.values() {
        let Some(proxy) = &it.spec.proxy_config else {
            continue;
        };
        if let Some(source) = proxy.api_key.as_ref().and_then(|it| it.value_from.as_ref()) {
            check.source(&it.at, source, "spec.proxyConfig.apiKey.valueFrom", "");
        }
        if let Some(key) = proxy
            .config_yaml
            .as_ref()
            .and_then(|it| it.from_secret_key_ref.as_ref())
        {
            check.key(
                &it.at,
                key,
                "spec.proxyConfig.configYaml.fromSecretKeyRef",
                "",
                "Secret",
            );
        }
    }
}

/// A secret that cannot be told from what is none is told: it is not masked everywhere.
pub(super) fn distinct(resources: &Resources, words: &Words, findings: &mut Vec<Finding>) {
    for ((namespace, name), keys) in &resources.secrets {
        for (key, value) in &keys.values {
            let text = value.as_ref().map_or("", |it| it.expose().trim());
            if !text.is_empty() && words.have(text) {
                let message = "its value is a word that stands in other texts, too: it is masked only where it stands alone";
                let path = format!("Secret {namespace}/{name}: {key}");
                findings.push(
                    Finding::new(Rule::IndistinctSecret, keys.place.clone(), message).path(path),
                );
            }
        }
    }
}

struct Check<'c> {
    resources: &'c Resources,
    findings: &'c mut Vec<Finding>,
}

impl Check<'_> {
    fn source(&mut self, at: &Located, source: &EnvVarSource, path: &str, of: &str) {
        if let Some(key) = &source.secret_key_ref {
            self.key(at, key, path, of, "Secret");
        }
        if let Some(key) = &source.config_map_key_ref {
            self.key(at, key, path, of, "ConfigMap");
        }
    }

    fn key(&mut self, at: &Located, key: &KeySelector, path: &str, of: &str, kind: &str) {
        let all = match kind {
            "Secret" => &self.resources.secrets,
            _ => &self.resources.config_maps,
        };
        let namespace = Arc::clone(&at.identity.namespace);
        let keys: Option<&Keys> = all.get(&(namespace, key.name.clone()));
        if key.optional == Some(true) || keys.is_some_and(|it| it.values.contains_key(&key.key)) {
            return;
        }
        let KeySelector { name, key, .. } = key;
        let message = match keys {
            None => format!("{of}the {kind} {name} (key {key}) is not among these resources"),
            Some(keys) => {
                let meant = nearest(key, keys.values.keys().map(String::as_str));
                let meant = meant.map_or(String::new(), |it| format!("; `{it}` was meant?"));
                format!("{of}the {kind} {name} has no key {key}{meant}")
            }
        };
        self.findings
            .push(at.finding(Rule::MissingSecret, path, message));
    }
}
