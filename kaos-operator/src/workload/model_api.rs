//! Where models are: `LiteLLM` before a provider, or Ollama.

use super::context::{Context, bare, model_port};
use super::env_list::{EnvList, given};
use super::exported;
use super::litellm;
use super::parts::{
    FileContent, FileMount, Given, Origin, Prepare, Probe, ProbeKind, Program, Workload,
};
use crate::collector::{self, Sending};
use crate::pod::Own;
use crate::reading::Resource;
use crate::resources::{ApiKey, Mode, ModelApiSpec, ProxyConfig, SecretText};

pub(super) fn workload(
    api: &Resource<ModelApiSpec>,
    own: &Own,
    context: &Context<'_>,
) -> Option<Workload> {
    let workload = match api.spec.mode {
        Mode::Proxy => proxy(api, own, context)?,
        Mode::Hosted => hosted(api, own, context)?,
    };
    Some(Workload {
        gateway_timeout: api
            .spec
            .gateway_route
            .as_ref()
            .and_then(|it| it.timeout.clone()),
        pod_spec: api.spec.pod_spec.clone(),
        ..workload
    })
}

fn proxy(api: &Resource<ModelApiSpec>, own: &Own, context: &Context<'_>) -> Option<Workload> {
    let identity = &api.at.identity;
    let proxy = api.spec.proxy_config.as_ref()?;
    let sending = collector::sending(api.spec.telemetry.as_ref(), context.defaults, own);

    let mut env = EnvList::new(own);
    let base = proxy.api_base.as_ref().filter(|it| !it.is_empty());
    env.set_some(
        "PROXY_API_BASE",
        base,
        Origin::Field("spec.proxyConfig.apiBase"),
    );
    if let Some(key) = &proxy.api_key {
        env.give(
            "PROXY_API_KEY",
            key_of(key),
            Origin::Field("spec.proxyConfig.apiKey"),
        );
    }
    env.users();
    env.set(
        "LITELLM_LOG",
        context.defaults.log_level.litellm(),
        Origin::Global("logLevel"),
    );
    if let Sending::To(to) = &sending {
        let exporter = if to.speaks_http() {
            "otlp_http"
        } else {
            "otlp_grpc"
        };
        env.set("OTEL_EXPORTER", exporter, exported::origin(to));
        env.set_some(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            to.endpoint.as_ref(),
            exported::origin(to),
        );
        env.set(
            "OTEL_SERVICE_NAME",
            &*identity.name,
            Origin::Field("metadata.name"),
        );
        exported::attributes(&mut env, identity);
        env.set("OTEL_PYTHON_EXCLUDED_URLS", "/health", Origin::Always);
    }

    let mut workload = bare(
        identity,
        own,
        Program::LiteLlm,
        context.defaults.images.litellm.as_deref(),
    );
    let port = context.addresses.port(identity, model_port(Mode::Proxy));
    if own.container.command.is_none() && own.container.args.is_none() {
        let args = [
            "--config",
            "/etc/litellm/config.yaml",
            "--port",
            &port.to_string(),
        ];
        workload.runs_in.args = args.map(str::to_owned).into();
    }
    Some(Workload {
        port,
        env: env.done(),
        files: vec![FileMount {
            name: format!("litellm-config-{}", identity.name),
            folder: "/etc/litellm",
            file: "config.yaml",
            content: content(proxy, &sending),
        }],
        liveness: probe("/health/liveliness", 30, 10),
        readiness: probe("/health/liveliness", 15, 5),
        ..workload
    })
}

fn content(proxy: &ProxyConfig, sending: &Sending) -> FileContent {
    let own = proxy.config_yaml.as_ref();
    let text = own.and_then(|it| it.from_string.clone());
    let key = own.and_then(|it| it.from_secret_key_ref.clone());
    match (text, key) {
        (Some(text), _) => FileContent::Text(text),
        (None, Some(key)) => FileContent::SecretKey(key),
        (None, None) => {
            let traced = matches!(sending, Sending::To(_));
            FileContent::Text(SecretText::new(litellm::config(proxy, traced)))
        }
    }
}

fn key_of(key: &ApiKey) -> Given {
    match (&key.value, &key.value_from) {
        (_, Some(source)) => given(source),
        (Some(value), None) => Given::Text(value.clone()),
        (None, None) => Given::text(""),
    }
}

fn hosted(api: &Resource<ModelApiSpec>, own: &Own, context: &Context<'_>) -> Option<Workload> {
    let identity = &api.at.identity;
    let model = api.spec.hosted_config.as_ref()?.model.clone();
    let mut env = EnvList::new(own);
    env.users();
    env.set_some(
        "OLLAMA_DEBUG",
        context.defaults.log_level.ollama(),
        Origin::Global("logLevel"),
    );
    let program = Program::Ollama {
        model: model.clone(),
    };
    Some(Workload {
        port: context.addresses.port(identity, model_port(Mode::Hosted)),
        env: env.done(),
        data_folder: Some("/root/.ollama"),
        prepare: Some(Prepare {
            container: "pull-model",
            command: ["/bin/sh", "-c"].map(str::to_owned).into(),
            // The model is an argument, no part of the script: it cannot be a command.
            args: vec![PULL.to_owned(), "pull-model".to_owned(), model],
        }),
        liveness: probe("/", 30, 10),
        readiness: probe("/", 15, 5),
        ..bare(
            identity,
            own,
            program,
            context.defaults.images.ollama.as_deref(),
        )
    })
}

/// Pulls the model `$1` with a server that runs for that.
const PULL: &str = "ollama serve & server=$!; until ollama list >/dev/null 2>&1; do sleep 1; done; \
     ollama pull \"$1\"; pulled=$?; kill $server; exit $pulled";

fn probe(path: &'static str, initial_delay: u32, period: u32) -> Probe {
    Probe {
        kind: ProbeKind::Http(path),
        initial_delay,
        period,
        timeout: Some(5),
        failures: Some(3),
    }
}
