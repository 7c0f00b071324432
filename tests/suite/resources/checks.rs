//! Each thing that can be known to be wrong before anything starts, in a table.

use kaos_operator::{
    Defaults, Finding, NetworkAddresses, RenderFormat, Rule, SecretText, render, workloads,
};

use super::{rendered, telemetry};

const M: &str = "{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {name: m}, spec: {mode: Proxy, proxyConfig: {models: [exact, 'openai/*']}}}";

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: kaos.tools/v1alpha1, kind: {kind}, metadata: {{name: {name}}}, spec: {{{spec}}}}}"
    )
}

fn agent(name: &str, more: &str) -> String {
    let model = if more.contains("model:") {
        ""
    } else {
        "model: exact, "
    };
    let api = if more.contains("modelAPI:") {
        ""
    } else {
        "modelAPI: m, "
    };
    document("Agent", name, &format!("{api}{model}{more}"))
}

fn server(more: &str) -> String {
    document("MCPServer", "s", more)
}

fn api(more: &str) -> String {
    document("ModelAPI", "p", more)
}

fn findings(documents: &[String], defaults: &Defaults) -> Vec<Finding> {
    let text = [&[M.to_owned()], documents].concat().join("\n---\n");
    rendered(&text, defaults).1
}

#[test]
fn each_check_finds_what_it_is_for_and_says_so() {
    let proxy = |more: &str| {
        api(&format!(
            "mode: Proxy, proxyConfig: {{models: [a], {more}}}"
        ))
    };
    let rows: &[(&[String], Rule, &str, &str)] = &[
        // References.
        (&[agent("a", "modelAPI: mm")], Rule::MissingReference, "spec.modelAPI", "ModelAPI default/mm is not there"),
        (&[agent("a", "mcpServers: [t]"), server("runtime: python-string, params: x")], Rule::MissingReference, "spec.mcpServers[0]", "MCPServer default/t is not there"),
        (&[agent("a", "agentNetwork: {access: [bob]}"), agent("bobo", "")], Rule::MissingPeer, "spec.agentNetwork.access[0]", "Agent default/bob is not there; `bobo` was meant?"),
        (&[agent("a", "agentNetwork: {access: [b]}"), agent("b", "agentNetwork: {expose: false}")], Rule::PeerWithoutService, "spec.agentNetwork.access[0]", "Agent default/b has no Service (`agentNetwork.expose: false`): it is left out"),
        (&[agent("a", "mcpServers: [far]"), "{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: far, namespace: away}, spec: {runtime: python-string, params: x}}".to_owned()], Rule::MissingReference, "spec.mcpServers[0]", "MCPServer default/far is not there; there is one in the namespace away"),
        // Models.
        (&[agent("a", "model: claude")], Rule::ModelNotOffered, "spec.model", "`claude` is not offered by ModelAPI default/m, which has exact, openai/*"),
        (&[agent("a", "model: openai")], Rule::ModelNotOffered, "spec.model", "`openai` is not offered"),
        (&[proxy("configYaml: {fromString: 'model_list: [{model_name: z}]'}")], Rule::ModelNotOffered, "spec.proxyConfig.configYaml.fromString", "`z` is not among spec.proxyConfig.models"),
        (&[proxy("configYaml: {fromString: '[a'}")], Rule::Yaml, "spec.proxyConfig.configYaml.fromString", "is no YAML: line "),
        (&[proxy("configYaml: {fromString: a, fromSecretKeyRef: {name: s, key: k, optional: true}}")], Rule::TwiceSaid, "spec.proxyConfig.configYaml", "`fromString` and"),
        // Secrets.
        (&[proxy("apiKey: {valueFrom: {secretKeyRef: {name: s, key: k}}}")], Rule::MissingSecret, "spec.proxyConfig.apiKey.valueFrom", "the Secret s (key k) is not among these resources"),
        (&[proxy("apiKey: {valueFrom: {secretKeyRef: {name: s, key: api_key}}}"), "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {api-key: sk-very}}".to_owned()], Rule::MissingSecret, "spec.proxyConfig.apiKey.valueFrom", "the Secret s has no key api_key; `api-key` was meant?"),
        (&[proxy("apiKey: {value: a, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}")], Rule::TwiceSaid, "spec.proxyConfig.apiKey", "`value` and `valueFrom`"),
        (&[agent("a", "container: {env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}")], Rule::MissingSecret, "spec.container.env[0]", "A: the ConfigMap c (key k) is not among"),
        (&[server("type: python-runtime, config: {tools: {fromSecretKeyRef: {name: s, key: k}}}")], Rule::MissingSecret, "spec.config.tools.fromSecretKeyRef", "the Secret s (key k)"),
        (&["{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {k: '~~~'}}".to_owned()], Rule::Shape, "Secret s: data.k", "expected a text in base64"),
        // Lengths.
        (&[server(&format!("runtime: python-string, params: {}", "x".repeat(128 * 1024)))], Rule::TooLong, "spec.params", "131089 bytes are too long: it is the variable MCP_TOOLS_STRING"),
        // Endpoints.
        (&[agent("a", "config: {telemetry: {enabled: true}}")], Rule::EndpointMissing, "spec.config.telemetry", "telemetry is enabled without an endpoint, here or globally: it stays off"),
        (&[agent("a", "config: {telemetry: {enabled: true, endpoint: 'otel:4317'}}")], Rule::Endpoint, "spec.config.telemetry.endpoint", "is no endpoint: expected http://host:port"),
        (&[agent("a", "config: {telemetry: {enabled: true, endpoint: 'grpc://otel:4317'}}")], Rule::Endpoint, "spec.config.telemetry.endpoint", "is no endpoint: expected http:// or https://"),
        (&[agent("a", "config: {telemetry: {enabled: true, endpoint: 'http://otel:port'}}")], Rule::Endpoint, "spec.config.telemetry.endpoint", "is no endpoint: expected a port"),
        (&[agent("a", "config: {telemetry: {enabled: true, endpoint: 'http://:4317'}}")], Rule::Endpoint, "spec.config.telemetry.endpoint", "is no endpoint: expected a host"),
        (&[agent("a", "config: {telemetry: {enabled: true, endpoint: 'http://otel'}}")], Rule::EndpointProtocol, "spec.config.telemetry.endpoint", "says no port"),
        (&[server("runtime: python-string, params: x, telemetry: {enabled: true, endpoint: 'http://otel:4318'}")], Rule::EndpointProtocol, "spec.telemetry.endpoint", "port 4318 is that of HTTP, which is chosen"),
        (&[server("runtime: python-string, params: x, telemetry: {enabled: true, endpoint: 'http://otel:4318'}, container: {env: [{name: OTEL_EXPORTER_OTLP_PROTOCOL, value: grpc}]}")], Rule::EndpointProtocol, "spec.telemetry.endpoint", "port 4318 is that of HTTP, and OTEL_EXPORTER_OTLP_PROTOCOL is grpc"),
        (&[server("runtime: python-string, params: x, telemetry: {enabled: true, endpoint: 'http://[::1]:4317'}, container: {env: [{name: OTEL_EXPORTER_OTLP_PROTOCOL, value: http/protobuf}]}")], Rule::EndpointProtocol, "spec.telemetry.endpoint", "port 4317 is that of gRPC"),
        // What the user says of the endpoint is told where it stands, and not at all when nothing is sent.
        (&[agent("a", "config: {telemetry: {enabled: true}}, container: {env: [{name: X, value: z}, {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: 'otel:4317'}]}")], Rule::Endpoint, "spec.container.env[1]", "OTEL_EXPORTER_OTLP_ENDPOINT: is no endpoint: expected http://host:port"),
        (&[agent("a", "config: {telemetry: {enabled: true}}, podSpec: {containers: [{name: agent, env: [{name: OTEL_EXPORTER_OTLP_ENDPOINT, value: 'otel:4317'}]}]}")], Rule::Endpoint, "spec.podSpec.containers[0].env[0]", "OTEL_EXPORTER_OTLP_ENDPOINT: is no endpoint"),
        // Pods.
        (&[agent("a", "podSpec: {containers: [{name: agnet, image: i}]}")], Rule::NoEffect, "spec.podSpec.containers[0].name", "no container of this pod is called `agnet` but this one; `agent` was meant?"),
        (&[agent("a", "podSpec: {contaniers: [{name: agent, image: i}]}")], Rule::UnknownField, "spec.podSpec.contaniers", "Kubernetes has no such field of a pod; `containers` was meant?"),
        (&[agent("a", "podSpec: {containers: [{name: agent, evn: []}]}")], Rule::UnknownField, "spec.podSpec.containers[0].evn", "Kubernetes has no such field of a container; `env` was meant?"),
        (&[agent("a", "podSpec: {containers: {name: agent}}")], Rule::Shape, "spec.podSpec.containers", "expected a list of containers, as - {name: agent, …}"),
        (&[agent("a", "podSpec: {containers: [{image: i}]}")], Rule::Required, "spec.podSpec.containers[0].name", "it is required: containers are merged by it, and this one's is `agent`"),
        (&[agent("a", "podSpec: {containers: [{name: agent, envFrom: [{secretRef: {name: s}}]}]}")], Rule::NoEffect, "spec.podSpec.containers[0].envFrom", "its variables are Kubernetes' own: they are not known here"),
        // Circles.
        (&[agent("a", "agentNetwork: {access: [b]}"), agent("b", "agentNetwork: {access: [c]}"), agent("c", "agentNetwork: {access: [a]}")], Rule::Cycle, "spec.agentNetwork.access", "these agents name each other: a → b → c → a"),
        (&[agent("a", "agentNetwork: {access: [a]}")], Rule::NoEffect, "spec.agentNetwork.access[0]", "the agent names itself, which is left out"),
        // Names.
        (&[agent(&"n".repeat(58), "")], Rule::Name, "metadata.name", "has 58 letters; at most 57 fit: its Service is called `agent-…`"),
        (&[document("MCPServer", &"n".repeat(54), "runtime: python-string, params: x")], Rule::Name, "metadata.name", "has 54 letters; at most 53 fit"),
        (&[document("ModelAPI", &"n".repeat(55), "mode: Hosted, hostedConfig: {model: a}")], Rule::Name, "metadata.name", "has 55 letters; at most 54 fit"),
        (&[agent("Analyst", "")], Rule::Name, "metadata.name", "expected lower-case letters, digits and -"),
        (&[agent("a.b", "")], Rule::Name, "metadata.name", "expected lower-case"),
        (&[agent("a-", "")], Rule::Name, "metadata.name", "expected lower-case"),
        (&["{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: s, namespace: N_1}, spec: {runtime: python-string, params: x}}".to_owned()], Rule::Name, "metadata.namespace", "expected lower-case"),
        (&[agent("a", "container: {env: [{name: 'A B', value: x}]}")], Rule::Name, "spec.container.env[0]", "a variable's name has"),
        (&[agent("a", "container: {env: [{name: \"A\\nB\", value: x}]}")], Rule::Name, "spec.container.env[0]", "a variable's name has"),
        (&[agent("a", "container: {env: [{name: A, value: \"x\\0\"}]}")], Rule::Shape, "spec.container.env[0]", "A: no variable has the character NUL"),
        (&[agent("a", "container: {env: [{name: A, value: x, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]}")], Rule::TwiceSaid, "spec.container.env[0]", "A: `value` and `valueFrom`"),
        (&[agent("a", "container: {env: [{name: A, valueFrom: {}}]}")], Rule::Shape, "spec.container.env[0]", "A: expected one of secretKeyRef"),
        // Duplicates.
        (&[agent("a", ""), agent("a", "")], Rule::Duplicate, "", "is there already: team.yaml:3:1"),
        (&["{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {k: one-of-them}}".to_owned(), "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {k: the-other-one}}".to_owned()], Rule::Duplicate, "metadata.name", "Secret default/s: is there already: team.yaml:3:1"),
        (&["{apiVersion: v1, kind: ConfigMap, metadata: {name: s}, data: {k: a}}".to_owned(), "{apiVersion: v1, kind: ConfigMap, metadata: {name: s}, data: {k: a}}".to_owned()], Rule::Duplicate, "metadata.name", "ConfigMap default/s: is there already: team.yaml:3:1"),
        // Programs.
        (&[server("runtime: python-sting")], Rule::Runtime, "spec.runtime", "`python-sting` is no known runtime (there are kubernetes, python-string, slack, custom); `python-string` was meant?"),
        (&[server("type: node-runtime, config: {}")], Rule::Runtime, "spec.runtime", "`node-runtime` is no known runtime"),
        (&[server("type: python-runtime, config: {tools: {fromPackage: p}}")], Rule::Runtime, "spec.config.tools.fromPackage", "packages are not installed"),
        (&[server("runtime: custom")], Rule::MissingImage, "spec.container.image", "no image is known for this: set it here"),
        (&[server("runtime: kubernetes")], Rule::MissingImage, "spec.container.image", "no image is known for this: set it here, or for all in the ConfigMap kaos-mcp-runtimes"),
        (&[server("runtime: python-string")], Rule::MissingVariable, "spec.params", "there are no tools: `params` has their functions"),
        (&[server("runtime: slack, container: {env: [{name: SLACK_TEAM_ID, value: x}]}")], Rule::MissingVariable, "spec.container.env", "the runtime slack needs the variable SLACK_BOT_TOKEN"),
        (&[server("runtime: slack, params: x, container: {env: [{name: SLACK_TEAM_ID, value: x}, {name: SLACK_BOT_TOKEN, value: x}]}")], Rule::NoEffect, "spec.params", "the runtime slack takes none"),
        (&[api("mode: Proxy")], Rule::Required, "spec.proxyConfig", "it is required with `mode: Proxy`"),
        (&[api("mode: Hosted")], Rule::Required, "spec.hostedConfig", "it is required with `mode: Hosted`"),
        (&[api("mode: Hosted, hostedConfig: {model: x}, proxyConfig: {models: [a]}")], Rule::NoEffect, "spec.proxyConfig", "`mode: Hosted` has no use for it"),
        (&[api("mode: Proxy, hostedConfig: {model: x}, proxyConfig: {models: [a]}")], Rule::NoEffect, "spec.hostedConfig", "`mode: Proxy` has no use for it"),
        (&[api("mode: Proxy, proxyConfig: {models: []}")], Rule::Shape, "spec.proxyConfig.models", "at least 1 is required"),
        (&[agent("a", "config: {memory: {type: remote, memoryStore: ms}}")], Rule::NoEffect, "spec.config.memory", "a MemoryStore is not run here"),
        (&[api("mode: Hosted, hostedConfig: {model: x}, telemetry: {enabled: true}")], Rule::NoTelemetry, "spec.telemetry", "Ollama has no telemetry"),
        (&[document("ModelAPI", "p", "mode: Proxy, telemetry: {enabled: true, endpoint: 'http://o:4317'}, proxyConfig: {models: ['*'], configYaml: {fromString: 'model_list: []'}}")], Rule::OwnConfiguration, "spec.proxyConfig.configYaml", "it is taken as it is; for traces it needs litellm_settings with success_callback: [\"otel\"]"),
        // What to write instead.
        (&[agent("a", "container: {env: {A: b}}")], Rule::Shape, "spec.container.env", "expected a list, found a map; write - {name: A, value: \"…\"} for each variable"),
        (&[agent("a", "mcpServers: [{name: s}]")], Rule::Shape, "spec.mcpServers[0]", "expected a text, found a map; it is a list of names: [calculator, …]"),
        (&[proxy("apiKey: sk-1")], Rule::Shape, "spec.proxyConfig.apiKey", "expected a map, found a text; write apiKey: {value: …}, or {valueFrom: {secretKeyRef: {name: …, key: …}}}"),
        (&["{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {k: 17}}".to_owned()], Rule::Shape, "Secret s: stringData.k", "expected a text, found a number; put it in quotes: \"…\""),
        // Documents.
        (&["{apiVersion: kaos.tools/v1alpha1, kind: Agnt, metadata: {name: a}}".to_owned()], Rule::NotAResource, "kind", "`Agnt` is no kind of kaos.tools/v1alpha1; `Agent` was meant?"),
        (&["{apiVersion: kaos.tools/v1, kind: Agent, metadata: {name: a}}".to_owned()], Rule::NotAResource, "apiVersion", "expected `kaos.tools/v1alpha1`"),
        (&["{apiVersion: v1, kind: Service, metadata: {name: a}}".to_owned()], Rule::PassedOver, "", "Service: nothing is made of it here"),
        (&["{apiVersion: kaos.tools/v1alpha1, kind: MemoryStore, metadata: {name: a}}".to_owned()], Rule::PassedOver, "", "MemoryStore: nothing is made of it here"),
    ];
    for (documents, rule, path, message) in rows {
        let found = findings(documents, &Defaults::default());
        let [found] = found.as_slice() else {
            panic!("{documents:?}: {found:#?}");
        };
        assert_eq!((found.rule, found.path.as_str()), (*rule, *path), "{found}");
        assert!(found.message.starts_with(message), "{found}");
        assert!(found.place.is_some(), "{found}");
        assert_eq!(found.severity, rule.severity());
        let wrong = found.to_string().contains("apiVersion:");
        assert!(
            !wrong || found.to_string().contains("Agent default/a: "),
            "{found}"
        );
    }
}

#[test]
fn models_are_offered_by_name_by_prefix_or_all() {
    for (models, model, offered) in [
        ("['*']", "anything/at-all", true),
        ("[a, b]", "b", true),
        ("[a, b]", "c", false),
        ("['openai/*']", "openai/gpt-4o", true),
        ("['openai/*']", "openai", false),
        ("['openai/*']", "openai-2/gpt", false),
        ("['openai/*']", "azure/openai/gpt", false),
        ("['gpt*']", "gpt-4o", false),
        ("['gpt*']", "gpt*", false),
    ] {
        let api = document(
            "ModelAPI",
            "p",
            &format!("mode: Proxy, proxyConfig: {{models: {models}}}"),
        );
        let agent = document("Agent", "a", &format!("modelAPI: p, model: '{model}'"));
        let found = findings(&[api, agent], &Defaults::default());
        assert_eq!(found.is_empty(), offered, "{models} {model}: {found:?}");
    }
}

#[test]
fn names_at_the_limit_are_fine() {
    let found = findings(
        &[
            agent(&"n".repeat(57), ""),
            document(
                "MCPServer",
                &"n".repeat(53),
                "runtime: python-string, params: x",
            ),
            document(
                "ModelAPI",
                &"n".repeat(54),
                "mode: Hosted, hostedConfig: {model: a}",
            ),
            agent("9-digits-first", ""),
        ],
        &Defaults::default(),
    );
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn what_is_wrong_with_the_global_endpoint_is_said_once() {
    let agents: Vec<String> = (0..5).map(|it| agent(&format!("a{it}"), "")).collect();
    let found = findings(&agents, &telemetry(Some(true), "collector:4317"));
    let told: Vec<String> = found.iter().map(Finding::to_string).collect();
    assert_eq!(
        told,
        ["error: global telemetry.endpoint: is no endpoint: expected http://host:port"]
    );
    let none = findings(&agents, &telemetry(Some(false), "collector:4317"));
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn two_agents_that_name_each_other_are_told_and_both_rendered() {
    let text = [
        M.to_owned(),
        agent("a", "agentNetwork: {access: [b]}"),
        agent("b", "agentNetwork: {access: [a]}"),
    ]
    .join("\n---\n");
    let (all, findings) = rendered(&text, &Defaults::default());
    assert_eq!(findings.len(), 1);
    assert_eq!(all.workloads.len(), 3);
    for (one, other) in [("agent-a", "B"), ("agent-b", "A")] {
        let workload = super::named(&all, one);
        assert!(super::value(workload, &format!("PEER_AGENT_{other}_CARD_URL")).is_some());
        assert_eq!(workload.depends_on.len(), 1, "a peer need not be ready");
    }
}

#[test]
fn every_circle_is_told_once_and_ways_that_lead_into_one_are_none() {
    let names = |list: &str| format!("agentNetwork: {{access: [{list}]}}");
    let found = findings(
        &[
            agent("way", &names("a, end")),
            agent("a", &names("b")),
            agent("b", &names("a, end")),
            agent("end", ""),
            agent("x", &names("z")),
            agent("z", &names("x")),
        ],
        &Defaults::default(),
    );
    let told: Vec<&str> = found
        .iter()
        .map(|it| it.message.rsplit(": ").next().unwrap())
        .collect();
    assert_eq!(told, ["a → b → a", "x → z → x"]);
}

#[test]
fn a_secret_that_is_given_is_not_missed_and_not_shown() {
    let text = document(
        "ModelAPI",
        "p",
        "mode: Proxy, proxyConfig: {models: [a], apiBase: 'http://u:from-a-variable@h:1', apiKey: {valueFrom: {secretKeyRef: {name: s, key: k}}}}",
    );
    let (mut resources, _) = super::reading(&text);
    resources.give_secret("default", "s", "k", SecretText::new("from-a-variable"));
    let all = workloads(&resources, &Defaults::default(), &NetworkAddresses);
    assert!(all.findings.is_empty(), "{:?}", all.findings);
    let shown = render(&all, &resources, RenderFormat::Env, &str::to_owned).unwrap();
    assert!(
        !shown.contains("from-a-variable") && shown.contains("http://u:[masked]@h:1"),
        "{shown}"
    );
    assert_eq!(
        resources.secret("default", "s", "k").unwrap().expose(),
        "from-a-variable"
    );
}

/// Telemetry that the user's own variable switches off goes nowhere: nothing is wrong with where.
#[test]
fn an_endpoint_is_no_matter_where_the_sdk_is_switched_off() {
    for off in ["true", "TRUE"] {
        let more = format!(
            "config: {{telemetry: {{enabled: true, endpoint: 'otel:4317'}}}}, container: {{env: [{{name: OTEL_SDK_DISABLED, value: '{off}'}}]}}"
        );
        let found = findings(&[agent("a", &more)], &Defaults::default());
        assert!(found.is_empty(), "{found:?}");
    }
}

/// An agent that is not there is a mistake; one that others do not see is left out, as Kubernetes would.
#[test]
fn a_peer_without_a_service_is_left_out_and_one_that_is_missing_keeps_all_from_starting() {
    let b = agent("b", "agentNetwork: {expose: false}");
    let text = [M.to_owned(), agent("a", "agentNetwork: {access: [b]}"), b].join("\n---\n");
    let (all, findings) = rendered(&text, &Defaults::default());
    assert!(super::errors(&findings).is_empty(), "{findings:?}");
    let a = super::named(&all, "agent-a");
    assert_eq!(super::value(a, "PEER_AGENTS"), None);
    let missing = rendered(&text.replace("[b]", "[c]"), &Defaults::default()).1;
    assert_eq!(super::errors(&missing).len(), 1, "{missing:?}");
}

/// More than are listed are counted.
#[test]
fn what_is_not_listed_of_a_document_is_counted() {
    let many: Vec<String> = (0..1000).map(|it| format!("x{it}: 1")).collect();
    let found = findings(&[agent("a", &many.join(", "))], &Defaults::default());
    assert_eq!(found.len(), 201, "{}", found.len());
    let last = found.iter().find(|it| it.message.contains("more")).unwrap();
    assert_eq!(last.message, "800 more like these are not listed");
    let wrong: Vec<String> = (0..300).map(|it| format!("{{name: {it}}}")).collect();
    let wrong = format!("container: {{env: [{}]}}", wrong.join(", "));
    let found = findings(
        &[agent("a", &format!("{}, {wrong}", many.join(", ")))],
        &Defaults::default(),
    );
    assert!(
        !super::errors(&found).is_empty(),
        "an error that is not listed is one"
    );
}

#[test]
fn a_model_that_names_its_provider_is_not_given_it_twice() {
    let api = api(
        "mode: Proxy, proxyConfig: {provider: openai, models: ['openai/*', gpt-4o, '*', openai-2/x]}",
    );
    let (all, _) = rendered(&api, &Defaults::default());
    let kaos_operator::FileContent::Text(config) = &all.workloads[0].files[0].content else {
        panic!("a text");
    };
    let models: Vec<&str> = config
        .expose()
        .lines()
        .filter_map(|it| it.trim().strip_prefix("model: "))
        .collect();
    assert_eq!(
        models,
        [
            "\"openai/*\"",
            "\"openai/gpt-4o\"",
            "\"openai/*\"",
            "\"openai/openai-2/x\""
        ]
    );
}

#[test]
fn runtimes_that_cannot_be_read_are_told_with_their_place() {
    let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: kaos-mcp-runtimes}, data: {runtimes.yaml: 'a: ['}}";
    let (resources, _) = super::reading(text);
    let mut defaults = Defaults::default();
    let found = defaults.take_runtimes_of(&resources);
    assert_eq!(found.len(), 1, "{found:?}");
    let told = found[0].to_string();
    assert!(
        told.starts_with(
            "team.yaml:1:1: error: ConfigMap default/kaos-mcp-runtimes: data.runtimes.yaml: line 1"
        ),
        "{told}"
    );
}
