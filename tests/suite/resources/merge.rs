//! What holds for all, what a component says, and what its user says: who wins.

use kaos_operator::{ClusterAddresses, Defaults, LogLevel, Origin, Rule, workloads};

use super::{named, reading, rendered, telemetry, value};

fn agent(spec: &str) -> String {
    format!(
        "apiVersion: kaos.tools/v1alpha1\nkind: ModelAPI\nmetadata: {{name: m}}\nspec: {{mode: Proxy, proxyConfig: {{models: ['*']}}}}\n---\n\
         apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata: {{name: a}}\nspec: {{modelAPI: m, model: x{spec}}}\n"
    )
}

/// Each row: the component's block, the global enabled and endpoint, and where telemetry goes: nowhere is `""`.
#[test]
fn telemetry_is_merged_field_by_field() {
    const NO: Option<bool> = None;
    const ON: Option<bool> = Some(true);
    const OFF: Option<bool> = Some(false);
    for (block, enabled, endpoint, goes) in [
        ("", NO, "", ""),
        ("", NO, "http://g:4317", ""),
        ("", OFF, "http://g:4317", ""),
        ("", ON, "http://g:4317", "http://g:4317"),
        ("", ON, "", "nowhere"),
        ("{}", ON, "http://g:4317", "http://g:4317"),
        ("{}", NO, "http://g:4317", ""),
        ("{endpoint: 'http://c:4317'}", NO, "", ""),
        ("{endpoint: 'http://c:4317'}", OFF, "http://g:4317", ""),
        (
            "{endpoint: 'http://c:4317'}",
            ON,
            "http://g:4317",
            "http://c:4317",
        ),
        ("{endpoint: 'http://c:4317'}", ON, "", "http://c:4317"),
        ("{endpoint: ''}", ON, "http://g:4317", "http://g:4317"),
        ("{enabled: true}", NO, "", "nowhere"),
        ("{enabled: true}", OFF, "", "nowhere"),
        ("{enabled: true}", OFF, "http://g:4317", "http://g:4317"),
        ("{enabled: true}", ON, "http://g:4317", "http://g:4317"),
        (
            "{enabled: true, endpoint: 'http://c:4317'}",
            OFF,
            "http://g:4317",
            "http://c:4317",
        ),
        (
            "{enabled: true, endpoint: 'http://c:4317'}",
            NO,
            "",
            "http://c:4317",
        ),
        ("{enabled: false}", ON, "http://g:4317", ""),
        (
            "{enabled: false, endpoint: 'http://c:4317'}",
            ON,
            "http://g:4317",
            "",
        ),
        (
            "{enabled: null, endpoint: null}",
            ON,
            "http://g:4317",
            "http://g:4317",
        ),
    ] {
        let config = if block.is_empty() {
            String::new()
        } else {
            format!(", config: {{telemetry: {block}}}")
        };
        let (all, findings) = rendered(&agent(&config), &telemetry(enabled, endpoint));
        let ours = named(&all, "agent-a");
        let row = format!("{block} over {enabled:?} {endpoint}");
        let goes_to = value(ours, "OTEL_EXPORTER_OTLP_ENDPOINT");
        let expected = Some(goes.to_owned()).filter(|it| !["", "nowhere"].contains(&it.as_str()));
        assert_eq!(goes_to, expected, "{row}");
        // All of them or none: nothing is half set.
        for name in [
            "OTEL_SDK_DISABLED",
            "OTEL_SERVICE_NAME",
            "OTEL_RESOURCE_ATTRIBUTES",
            "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
            "KAOS_SPAN_NAMES",
        ] {
            assert_eq!(
                value(ours, name).is_some(),
                expected.is_some(),
                "{row}: {name}"
            );
        }
        let missing = findings.iter().any(|it| {
            it.rule == Rule::EndpointMissing && it.about.as_ref().is_some_and(|it| &*it.name == "a")
        });
        assert_eq!(missing, goes == "nowhere", "{row}");
    }
}

#[test]
fn the_user_s_value_wins_over_each_of_ours() {
    let defaults = telemetry(Some(true), "http://g:4318");
    let spec = ", mcpServers: [t], config: {description: d, instructions: i, systemPrompt: s, reasoningLoopMaxSteps: 3, toolCallMode: native, \
                memory: {enabled: true, type: local, contextLimit: 1, maxSessions: 1, maxSessionEvents: 1, maxReadScope: user, tools: all, failureMode: x, shortTermTokenBudget: 9}, \
                autonomous: {goal: g, intervalSeconds: 30.5, maxIterRuntimeSeconds: 20}, taskConfig: {maxIterations: 3, maxRuntimeSeconds: 4, maxToolCalls: 5}}, agentNetwork: {access: [b]}";
    let beside = "---\n{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: t}, spec: {runtime: python-string, params: x}}\n---\n\
                  {apiVersion: kaos.tools/v1alpha1, kind: Agent, metadata: {name: b}, spec: {modelAPI: m, model: x}}\n";
    let (all, _) = rendered(&(agent(spec) + beside), &defaults);
    let names: Vec<String> = named(&all, "agent-a")
        .env
        .iter()
        .map(|it| it.name.clone())
        .collect();
    assert_eq!(names.len(), 35, "{names:?}");
    for place in [
        "container: {env: ENV}",
        "podSpec: {containers: [{name: agent, env: ENV}]}",
        "config: {env: ENV}",
    ] {
        for name in &names {
            let env = place.replace("ENV", &format!("[{{name: {name}, value: mine}}]"));
            let text = if env.starts_with("config") {
                agent(&spec.replace("config: {", &format!("{}, ", env.trim_end_matches('}'))))
            } else {
                agent(&format!("{spec}, {env}"))
            };
            let (all, findings) = rendered(&(text + beside), &defaults);
            let ours = named(&all, "agent-a");
            let expected = match name.as_str() {
                "OTEL_RESOURCE_ATTRIBUTES" => "service.namespace=default,kaos.resource.name=a,mine",
                _ => "mine",
            };
            assert_eq!(
                value(ours, name).as_deref(),
                Some(expected),
                "{place}: {name}: {findings:?}"
            );
            assert_eq!(
                ours.env.len(),
                names.len() - usize::from(name == "OTEL_EXPORTER_OTLP_ENDPOINT"),
                "{place}: {name}"
            );
        }
    }
}

#[test]
fn the_last_of_the_user_s_values_counts_and_pod_spec_s_over_the_container_s() {
    let spec = ", container: {env: [{name: A, value: '1'}, {name: B, value: '1'}, {name: A, value: '2'}]}, \
                podSpec: {containers: [{name: other, env: [{name: B, value: '9'}]}, {name: agent, image: p, env: [{name: B, value: '3'}, {name: C, value: '4'}]}]}";
    let (all, _) = rendered(&agent(spec), &Defaults::default());
    let ours = named(&all, "agent-a");
    let users: Vec<_> = ours
        .env
        .iter()
        .filter(|it| it.origin == Origin::User)
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(users, ["B", "A", "C"]);
    assert_eq!(
        ["A", "B", "C"].map(|it| value(ours, it).unwrap()),
        ["2", "3", "4"]
    );
    assert_eq!(ours.runs_in.image, "p");
}

#[test]
fn resource_attributes_of_the_user_are_kept_and_ours_that_they_contradict_are_not() {
    for (theirs, both) in [
        ("a=b", "service.namespace=default,kaos.resource.name=a,a=b"),
        (
            "service.namespace=mine",
            "kaos.resource.name=a,service.namespace=mine",
        ),
        (
            " service.namespace =mine,kaos.resource.name=other",
            " service.namespace =mine,kaos.resource.name=other",
        ),
        ("", "service.namespace=default,kaos.resource.name=a"),
    ] {
        let spec = format!(
            ", container: {{env: [{{name: OTEL_RESOURCE_ATTRIBUTES, value: '{theirs}'}}]}}"
        );
        let (all, _) = rendered(&agent(&spec), &telemetry(Some(true), "http://g:4317"));
        assert_eq!(
            value(named(&all, "agent-a"), "OTEL_RESOURCE_ATTRIBUTES").unwrap(),
            both
        );
    }
    let spec = ", container: {env: [{name: OTEL_RESOURCE_ATTRIBUTES, valueFrom: {configMapKeyRef: {name: c, key: k, optional: true}}}]}";
    let (all, _) = rendered(&agent(spec), &telemetry(Some(true), "http://g:4317"));
    assert_eq!(
        value(named(&all, "agent-a"), "OTEL_RESOURCE_ATTRIBUTES").unwrap(),
        "config c/k"
    );
}

#[test]
fn log_levels_reach_each_program_by_its_own_variable() {
    let apis = "---\n{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {name: h}, spec: {mode: Hosted, hostedConfig: {model: s}}}\n";
    for (name, level, agents, litellm, ollama) in [
        ("trace", LogLevel::Trace, "TRACE", "DEBUG", Some("2")),
        ("Debug", LogLevel::Debug, "DEBUG", "DEBUG", Some("1")),
        ("INFO", LogLevel::Info, "INFO", "INFO", None),
        ("warn", LogLevel::Warning, "WARNING", "WARNING", None),
        ("WARNING", LogLevel::Warning, "WARNING", "WARNING", None),
        ("error", LogLevel::Error, "ERROR", "ERROR", None),
        ("CRITICAL", LogLevel::Error, "ERROR", "ERROR", None),
    ] {
        assert_eq!(LogLevel::named(name), Some(level));
        let defaults = Defaults {
            log_level: level,
            ..Defaults::default()
        };
        let (all, _) = rendered(&(agent("") + apis), &defaults);
        assert_eq!(value(named(&all, "agent-a"), "LOG_LEVEL").unwrap(), agents);
        assert_eq!(
            value(named(&all, "modelapi-m"), "LITELLM_LOG").unwrap(),
            litellm
        );
        assert_eq!(
            value(named(&all, "modelapi-h"), "OLLAMA_DEBUG").as_deref(),
            ollama
        );
    }
    assert_eq!(LogLevel::named("loud"), None);
}

#[test]
fn litellm_exports_in_the_protocol_of_the_endpoint_and_is_told_to_by_its_configuration() {
    for (endpoint, exporter) in [
        ("http://g:4317", "otlp_grpc"),
        ("http://g:4318", "otlp_http"),
        ("https://g", "otlp_grpc"),
    ] {
        let (all, _) = rendered(&agent(""), &telemetry(Some(true), endpoint));
        let ours = named(&all, "modelapi-m");
        assert_eq!(value(ours, "OTEL_EXPORTER").unwrap(), exporter);
        let protocol = value(named(&all, "agent-a"), "OTEL_EXPORTER_OTLP_PROTOCOL");
        assert_eq!(
            protocol.as_deref(),
            (exporter == "otlp_http").then_some("http/protobuf")
        );
        let kaos_operator::FileContent::Text(config) = &ours.files[0].content else {
            panic!("a text");
        };
        let config: serde_json::Value = serde_saphyr::from_str(config.expose()).unwrap();
        assert_eq!(
            config["litellm_settings"]["success_callback"],
            serde_json::json!(["otel"])
        );
        assert_eq!(
            config["litellm_settings"]["failure_callback"],
            serde_json::json!(["otel"])
        );
    }
}

#[test]
fn the_operator_s_variables_are_read_and_one_that_means_nothing_is_refused() {
    let vars = |text: &'static str| {
        move |name: &str| {
            text.split(' ')
                .find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
                .map(str::to_owned)
        }
    };
    let defaults = Defaults::from_vars(vars("DEFAULT_TELEMETRY_ENABLED=TRUE DEFAULT_TELEMETRY_ENDPOINT=http://g:4317 DEFAULT_LOG_LEVEL=debug DEFAULT_AGENT_IMAGE=a:1 DEFAULT_OLLAMA_IMAGE=")).unwrap();
    assert_eq!(defaults.telemetry.enabled, Some(true));
    assert_eq!(
        defaults.telemetry.endpoint.as_deref(),
        Some("http://g:4317")
    );
    assert_eq!(defaults.log_level, LogLevel::Debug);
    assert_eq!(
        (defaults.images.agent.as_deref(), defaults.images.ollama),
        (Some("a:1"), None)
    );
    assert_eq!(Defaults::from_vars(vars("")).unwrap(), Defaults::default());
    let bad = Defaults::from_vars(vars("DEFAULT_LOG_LEVEL=loud")).unwrap_err();
    assert_eq!(
        bad.to_string(),
        "DEFAULT_LOG_LEVEL: expected TRACE, DEBUG, INFO, WARNING or ERROR"
    );
    let bad = Defaults::from_vars(vars("DEFAULT_TELEMETRY_ENABLED=maybe")).unwrap_err();
    assert_eq!(
        bad.to_string(),
        "DEFAULT_TELEMETRY_ENABLED: expected true or false"
    );
}

#[test]
fn a_config_map_of_runtimes_is_taken() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kaos-mcp-runtimes}\ndata:\n  runtimes.yaml: |\n    runtimes:\n      mine: {image: 'x/y:1', paramsEnvVar: P}\n---\n\
                apiVersion: kaos.tools/v1alpha1\nkind: MCPServer\nmetadata: {name: s}\nspec: {runtime: mine, params: hello}\n";
    let (resources, _) = reading(text);
    let mut defaults = Defaults::default();
    defaults
        .take_runtimes(resources.mcp_runtimes().unwrap())
        .unwrap();
    let all = workloads(&resources, &defaults, &ClusterAddresses::default());
    assert_eq!(value(named(&all, "mcpserver-s"), "P").unwrap(), "hello");
    assert!(defaults.take_runtimes("- a").is_err());
    assert!(defaults.take_runtimes("a: {image: [}").is_err());
}
