//! A server of the Model Context Protocol.

use super::context::{Context, MCP_PORT as PORT, bare};
use super::env_list::EnvList;
use super::exported;
use super::parts::{Given, Origin, Probe, ProbeKind, Program, Workload};
use crate::collector;
use crate::defaults::Runtime;
use crate::pod::Own;
use crate::reading::Resource;
use crate::resources::McpServerSpec;

pub(super) fn workload(
    server: &Resource<McpServerSpec>,
    own: &Own,
    context: &Context<'_>,
) -> Workload {
    let (identity, spec) = (&server.at.identity, &server.spec);
    let none = Runtime::default();
    let runtime = context
        .defaults
        .runtimes
        .get(&spec.runtime)
        .unwrap_or(&none);

    let mut env = EnvList::new(own);
    if let Some(name) = &runtime.params_env_var {
        env.set_some(name, spec.params.as_ref(), Origin::Field("spec.params"));
        let tools = spec.config.as_ref().and_then(|it| it.tools.as_ref());
        if let Some(key) = tools.and_then(|it| it.from_secret_key_ref.as_ref()) {
            let origin = Origin::Field("spec.config.tools.fromSecretKeyRef");
            env.give(name, Given::SecretKey(key.clone()), origin);
        }
    }
    env.users();
    let port = context.addresses.port(identity, PORT);
    if port != PORT {
        env.set("MCP_PORT", port.to_string(), Origin::Always);
    }
    let sending = collector::sending(spec.telemetry.as_ref(), context.defaults, own);
    exported::set(&mut env, identity, &sending);
    env.set(
        "LOG_LEVEL",
        context.defaults.log_level.as_str(),
        Origin::Global("logLevel"),
    );

    let probe = |initial_delay, period, failures| Probe {
        kind: ProbeKind::Tcp,
        initial_delay,
        period,
        timeout: Some(3),
        failures: Some(failures),
    };
    let ours = runtime.params_env_var.as_deref() == Some("MCP_TOOLS_STRING");
    let program = if ours {
        Program::McpServe
    } else {
        Program::Custom
    };
    let mut workload = bare(identity, own, program, runtime.image.as_deref());
    if own.container.command.is_none() && own.container.args.is_none() {
        workload.runs_in.command.clone_from(&runtime.command);
        workload.runs_in.args.clone_from(&runtime.args);
    }
    Workload {
        port,
        env: env.done(),
        liveness: probe(20, 10, 3),
        readiness: probe(15, 5, 2),
        service_account: spec.service_account_name.clone(),
        gateway_timeout: spec
            .gateway_route
            .as_ref()
            .and_then(|it| it.timeout.clone()),
        pod_spec: spec.pod_spec.clone(),
        ..workload
    }
}
