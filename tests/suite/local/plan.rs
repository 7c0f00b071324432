//! What runs for each workload here, and what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kaos_operator::local::{Loopback, Planned, Process, Programs, plan};
use kaos_operator::{
    Addresses as _, Defaults, Finding, LogLevel, Reading, Resources, SecretText, Source, read,
    workloads,
};

const TEAM: &str = "
{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {name: llm}, spec: {mode: Proxy, proxyConfig: {models: ['*'], apiKey: {valueFrom: {secretKeyRef: {name: keys, key: openai}}}}}}
---
{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: calculator}, spec: {runtime: python-string, params: 'def add(a: int) -> int: return a'}}
---
{apiVersion: kaos.tools/v1alpha1, kind: Agent, metadata: {name: coordinator}, spec: {modelAPI: llm, model: m, agentNetwork: {access: [analyst]}}}
---
{apiVersion: kaos.tools/v1alpha1, kind: Agent, metadata: {name: analyst}, spec: {modelAPI: llm, model: m, mcpServers: [calculator], agentNetwork: {expose: false, access: [coordinator]}, container: {env: [{name: A, value: one}, {name: B, value: '$(A)-two'}, {name: HOME, value: mine}]}}}
";

fn planned(
    text: &str,
    programs: &Programs,
    give: impl Fn(&mut Resources),
) -> Result<Planned, Vec<Finding>> {
    let (mut resources, _) = read(&[Source::new("team.yaml", text)], &Reading::default());
    give(&mut resources);
    let ports = Loopback::free(&resources).unwrap();
    let all = workloads(&resources, &Defaults::default(), &ports);
    let inherited = [
        ("HOME", "/home"),
        ("PATH", "/bin"),
        ("OTEL_RESOURCE_ATTRIBUTES", CALLERS),
    ];
    let inherited = inherited.map(|(name, value)| (name.to_owned(), SecretText::new(value)));
    let inherited = BTreeMap::from(inherited);
    assert!(ports.finds_unexposed());
    plan(
        &all.workloads,
        &resources,
        programs,
        &inherited,
        Path::new("/state"),
    )
}

/// What the caller says of all that it starts.
const CALLERS: &str =
    "deployment.environment.name=here,service.name=shell,service.namespace=shells,team=red,odd";

fn programs() -> Programs {
    Programs {
        kaos: "/usr/bin/kaos".into(),
        path: std::env::var_os("PATH").unwrap(),
        litellm: false,
    }
}

fn with_key(resources: &mut Resources) {
    resources.give_secret("default", "keys", "openai", SecretText::new("sk-plain"));
}

fn value(of: &Process, name: &str) -> Option<String> {
    let all = of.env.iter().filter(|(it, _)| it == name);
    let all: Vec<_> = all.map(|(_, value)| value.expose().to_owned()).collect();
    assert!(all.len() <= 1, "{name} is there twice");
    all.first().cloned()
}

#[test]
fn a_team_is_processes_at_ports_of_their_own_that_know_each_other() {
    let planned = planned(TEAM, &programs(), with_key).unwrap();
    let names: Vec<&str> = planned
        .processes
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "modelapi-llm",
            "mcpserver-calculator",
            "agent-analyst",
            "agent-coordinator"
        ]
    );
    let [model, tools, analyst, coordinator] = planned.processes.as_slice() else {
        panic!("{planned:?}")
    };
    let at = |port: u16| Some(format!("http://127.0.0.1:{port}"));
    assert_eq!(value(model, "PROXY_API_KEY").as_deref(), Some("sk-plain"));
    assert_eq!(value(analyst, "MODEL_API_URL"), at(model.port));
    assert_eq!(value(analyst, "MCP_SERVER_calculator_URL"), at(tools.port));
    // Unexposed, and found here.
    assert_eq!(
        value(coordinator, "PEER_AGENT_ANALYST_CARD_URL"),
        at(analyst.port)
    );
    assert_eq!(
        value(analyst, "PEER_AGENT_COORDINATOR_CARD_URL"),
        at(coordinator.port)
    );
    assert_eq!(value(analyst, "B").as_deref(), Some("one-two"));
    assert_eq!(
        value(analyst, "HOME").as_deref(),
        Some("mine"),
        "their own wins"
    );
    assert_eq!(value(coordinator, "HOME").as_deref(), Some("/home"));
    assert_eq!(analyst.after, ["modelapi-llm", "mcpserver-calculator"]);
    assert_eq!(
        coordinator.after,
        ["modelapi-llm"],
        "a peer need not be ready"
    );
    let config = "/state/modelapi-llm-config.yaml";
    assert_eq!(model.args[..4], ["model", "serve", "--config", config]);
    assert_eq!(planned.files[0].0, Path::new(config));
    assert!(planned.files[0].1.expose().contains("model_list:"));
    let ports: BTreeSet<u16> = planned.processes.iter().map(|it| it.port).collect();
    assert_eq!(ports.len(), 4);
    assert!(!format!("{planned:?}").contains("sk-plain"));
}

/// An agent that calls another one starts after it, so that the first question finds it; unless each calls the other.
#[test]
fn an_agent_starts_after_those_that_it_calls_unless_they_call_it() {
    let one_way = TEAM.replace("agentNetwork: {expose: false, access: [coordinator]}, ", "");
    let planned = planned(&one_way, &programs(), with_key).unwrap();
    let coordinator = planned
        .processes
        .iter()
        .find(|it| it.name == "agent-coordinator");
    assert_eq!(
        coordinator.unwrap().after,
        ["modelapi-llm", "agent-analyst"]
    );
}

#[test]
fn all_that_is_missing_here_is_told_at_once_with_its_place() {
    let bare = Programs {
        path: "/nonexistent".into(),
        ..programs()
    };
    let more = "---
{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {name: own}, spec: {mode: Hosted, hostedConfig: {model: 'smollm2:135m'}}}
---
{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: far}, spec: {runtime: custom, container: {image: 'a/b:1'}}}
---
{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: near}, spec: {runtime: custom, container: {image: i, command: [no-such-program, x]}}}
";
    let missing = planned(&format!("{TEAM}{more}"), &bare, |_| ()).unwrap_err();
    let told: Vec<String> = missing.iter().map(Finding::to_string).collect();
    for (line, what) in [
        (
            2,
            "ModelAPI default/llm: spec.proxyConfig.apiKey: the key openai of the Secret keys has no value here: take it from a variable, by keys/openai=env:VARIABLE behind --secret",
        ),
        (
            4,
            "MCPServer default/calculator: there is no program python3 on this machine; tools in Python need it: install Python 3",
        ),
        (
            10,
            "ModelAPI default/own: there is no program ollama on this machine; install it from https://ollama.com, or use `mode: Proxy` with the address of one that runs",
        ),
        (
            12,
            "MCPServer default/far: spec.container.command: it runs in the image a/b:1, and images are not run here: name a program of this machine",
        ),
        (
            14,
            "MCPServer default/near: spec.container.command: there is no program no-such-program on this machine",
        ),
    ] {
        let at = format!("team.yaml:{line}:");
        let found = told
            .iter()
            .any(|it| it.starts_with(&at) && it.ends_with(what));
        assert!(found, "{line} {what}: {told:#?}");
    }
    assert_eq!(told.len(), 5, "{told:#?}");
    let litellm = Programs {
        litellm: true,
        ..bare
    };
    let missing = planned(TEAM, &litellm, with_key).unwrap_err();
    let told: String = missing.iter().map(Finding::to_string).collect();
    let advice = "there is no program litellm on this machine; install it (pip install 'litellm[proxy]' opentelemetry-sdk opentelemetry-exporter-otlp), or leave out --litellm";
    assert!(told.contains(advice), "{told}");
}

/// Wherever telemetry goes, each is a service of its own: its own attributes win over its resource's, these over the caller's.
#[test]
fn each_process_has_a_name_of_its_own_and_what_the_caller_says_of_all() {
    let text = TEAM.replace(
        "{name: HOME, value: mine}",
        "{name: OTEL_RESOURCE_ATTRIBUTES, value: 'team=blue,service.name=thinker'}",
    );
    let planned = planned(&text, &programs(), with_key).unwrap();
    let [model, tools, analyst, coordinator] = planned.processes.as_slice() else {
        panic!("{planned:?}")
    };
    for (process, name, own) in [
        (model, Some("llm"), "llm"),
        (tools, Some("calculator"), "calculator"),
        (coordinator, Some("coordinator"), "coordinator"),
    ] {
        assert_eq!(value(process, "OTEL_SERVICE_NAME").as_deref(), name);
        let attributes = format!(
            "deployment.environment.name=here,team=red,odd,service.namespace=default,kaos.resource.name={own}"
        );
        assert_eq!(value(process, "OTEL_RESOURCE_ATTRIBUTES"), Some(attributes));
    }
    // It has given itself a name.
    assert_eq!(value(analyst, "OTEL_SERVICE_NAME"), None);
    assert_eq!(
        value(analyst, "OTEL_RESOURCE_ATTRIBUTES").as_deref(),
        Some(
            "deployment.environment.name=here,odd,service.namespace=default,kaos.resource.name=analyst,team=blue,service.name=thinker"
        )
    );
}

/// Between two starts of a program nobody is given its port, and a server that listens as servers do still gets it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_port_is_its_components_alone_for_as_long_as_the_team_is_there() {
    use kaos_operator::Addresses as _;
    use tokio::net::TcpSocket;

    let (resources, _) = read(&[Source::new("team.yaml", TEAM)], &Reading::default());
    let here = Loopback::free(&resources).unwrap();
    let ports: Vec<u16> = resources
        .all()
        .map(|it| here.port(&it.identity, 0))
        .collect();
    assert!(ports.len() > 1);
    for port in ports {
        let at = ([127, 0, 0, 1], port).into();
        let other = TcpSocket::new_v4().unwrap().bind(at);
        assert_eq!(other.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        for _start in 0..3 {
            let server = tokio::net::TcpListener::bind(at).await.unwrap();
            let other = TcpSocket::new_v4().unwrap().bind(at);
            assert_eq!(other.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
            drop(server);
        }
    }
}

/// What LiteLLM would be told of log lines and of the protocol, our own proxy is told in its own words.
#[test]
fn our_proxy_is_told_what_litellm_is_told() {
    let (mut resources, _) = read(&[Source::new("team.yaml", TEAM)], &Reading::default());
    with_key(&mut resources);
    let ports = Loopback::free(&resources).unwrap();
    let mut defaults = Defaults {
        log_level: LogLevel::Debug,
        ..Defaults::default()
    };
    defaults.telemetry.enabled = Some(true);
    defaults.telemetry.endpoint = Some("http://127.0.0.1:4318".to_owned());
    let all = workloads(&resources, &defaults, &ports);
    let path = std::env::var_os("PATH").unwrap();
    let folder = Path::new("/state");
    let planned = |programs: &Programs| {
        plan(
            &all.workloads,
            &resources,
            programs,
            &BTreeMap::new(),
            folder,
        )
    };
    let ours = &planned(&programs()).unwrap().processes[0];
    assert_eq!(value(ours, "LOG_LEVEL").as_deref(), Some("DEBUG"));
    let protocol = value(ours, "OTEL_EXPORTER_OTLP_PROTOCOL");
    assert_eq!(protocol.as_deref(), Some("http/protobuf"));
    let theirs = Programs {
        litellm: true,
        path: {
            let folder = std::env::temp_dir().join(format!("kaos-plan-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            std::os::unix::fs::symlink("/bin/true", folder.join("litellm")).unwrap();
            std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path))).unwrap()
        },
        ..programs()
    };
    let theirs = &planned(&theirs).unwrap().processes[0];
    assert_eq!(value(theirs, "LITELLM_LOG").as_deref(), Some("DEBUG"));
    assert_eq!(value(theirs, "LOG_LEVEL"), None);
    std::fs::remove_dir_all(std::env::temp_dir().join(format!("kaos-plan-{}", std::process::id())))
        .unwrap();
}

/// A value that no program can be started with is told before anything starts, whoever knows it.
#[test]
fn a_secret_that_is_too_long_for_a_variable_is_told() {
    let long = |resources: &mut Resources| {
        let value = SecretText::new("s".repeat(128 * 1024));
        resources.give_secret("default", "keys", "openai", value);
    };
    let missing = planned(TEAM, &programs(), long).unwrap_err();
    let told: Vec<String> = missing.iter().map(Finding::to_string).collect();
    let what = "131086 bytes are too long: it is the variable PROXY_API_KEY, and a program can be given 131071 in one";
    assert!(told.len() == 1 && told[0].ends_with(what), "{told:#?}");
}
