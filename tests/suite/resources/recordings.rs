//! What we make of the resources that KAOS' own operator was given, beside what it made of them (source:
//! `support/kaos-operator/README.md`). All differences are in one table, with reasons.

use std::collections::BTreeSet;

use kaos_operator::{
    Defaults, FileContent, LogLevel, Probe, ProbeKind, Rule, Source, Workload, Workloads,
};
use serde_json::Value;

use super::{INPUTS, rendered, shown};

const HELM: &str = include_str!("../../support/kaos-operator/helm.json");
const FIFTH: &str =
    include_str!("../../support/kaos-operator/agent-no-global-telemetry.reconcile.json");

pub(crate) const WORLDS: [(&str, &str); 4] = [
    (
        "article",
        include_str!("../../support/kaos-operator/article.rendered.yaml"),
    ),
    (
        "agent-variants",
        include_str!("../../support/kaos-operator/agent-variants.rendered.yaml"),
    ),
    (
        "mcpserver-variants",
        include_str!("../../support/kaos-operator/mcpserver-variants.rendered.yaml"),
    ),
    (
        "modelapi-variants",
        include_str!("../../support/kaos-operator/modelapi-variants.rendered.yaml"),
    ),
];

/// Where ours differs, and why. `*` stands for all workloads of a kind.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "agent-*",
        "+ KAOS_SPAN_NAMES=operator",
        "our agents have three sets of span names, and dashboards know these",
    ),
    ("mcpserver-*", "+ KAOS_SPAN_NAMES=operator", "the same"),
    (
        "modelapi-*",
        "+ OTEL_RESOURCE_ATTRIBUTES",
        "spans of a ModelAPI are found by namespace and resource, too",
    ),
    (
        "agent-user-env",
        "MODEL_NAME: openai/gpt-4o -> mine",
        "the user's value wins",
    ),
    (
        "agent-user-env",
        "OTEL_RESOURCE_ATTRIBUTES: service.namespace=demo,kaos.resource.name=user-env -> service.namespace=demo,kaos.resource.name=user-env,deployment.environment=production",
        "the user's value wins, and ours that does not contradict is kept",
    ),
    (
        "agent-user-env",
        "order",
        "the user's MODEL_NAME stands where the user's variables do",
    ),
    (
        "agent-user-env",
        "image: axsauze/kaos-agent:v0.1.4-dev -> example/other:1",
        "spec.container.image is honoured",
    ),
    (
        "agent-user-env",
        "command: [] -> [\"/other\"]",
        "spec.container.command is honoured",
    ),
    (
        "agent-tel-endpoint-only",
        "+ telemetry",
        "a block that has only an endpoint leaves `enabled` to the global setting",
    ),
    (
        "mcpserver-custom",
        "order",
        "the user's OTEL_SERVICE_NAME stands where the user's variables do",
    ),
    (
        "mcpserver-custom",
        "OTEL_SERVICE_NAME: custom -> mine",
        "the user's value wins",
    ),
    (
        "modelapi-key-value",
        "image: registry.example/berriai/litellm:main-stable -> ignored/x:1",
        "spec.container.image is honoured",
    ),
    (
        "modelapi-hosted",
        "the model is an argument of the script",
        "as a part of it, a model's name could be a command",
    ),
    (
        "modelapi-proxy-empty",
        "not rendered",
        "a proxy without proxyConfig has no configuration to start with: it is an error",
    ),
    (
        "modelapi-secret-yaml",
        "config.yaml",
        "fromSecretKeyRef is honoured",
    ),
    (
        "modelapi-llm-proxy",
        "config.yaml",
        "the recording is of a list of models that was changed later",
    ),
];

/// The operator's environment in a world, as the head of `inputs.yaml` has it.
pub(crate) fn defaults(world: &str) -> Defaults {
    let (endpoint, level) = match world {
        "article" => (
            "http://signoz-otel-collector.observability:4317",
            LogLevel::Debug,
        ),
        "modelapi-variants" => ("http://global:4317", LogLevel::Trace),
        "agent-no-global-telemetry" => ("", LogLevel::Info),
        _ => ("http://global:4317", LogLevel::Info),
    };
    let helm: Value = serde_json::from_str(HELM).unwrap();
    let config = helm[0]["kaos-operator-config"].as_object().unwrap();
    let images = |name: &str| {
        config
            .get(name)
            .filter(|_| name.ends_with("_IMAGE"))
            .map(|it| it.as_str().unwrap().to_owned())
    };
    let mut defaults = Defaults::from_vars(images).unwrap();
    defaults.runtimes.clear();
    defaults
        .take_runtimes(&helm[0]["kaos-mcp-runtimes"].to_string())
        .unwrap();
    defaults.telemetry.enabled = Some(!endpoint.is_empty());
    defaults.telemetry.endpoint = Some(endpoint.to_owned()).filter(|it| !it.is_empty());
    defaults.log_level = level;
    defaults
}

/// The resources of a world.
pub(crate) fn world(name: &str) -> String {
    let mark = format!("# world: {name}\n");
    let documents: Vec<&str> = INPUTS
        .split("\n---\n")
        .filter(|it| it.starts_with(&mark))
        .collect();
    assert!(documents.len() > 2, "{name}");
    documents.join("\n---\n")
}

#[test]
fn each_recorded_workload_is_ours_but_for_the_table() {
    let mut used = BTreeSet::new();
    let mut others = Vec::new();
    let mut compared = 0;
    for (name, recorded) in WORLDS {
        let (all, _) = rendered(&world(name), &defaults(name));
        let recorded: Vec<Value> = serde_saphyr::from_multiple(recorded).unwrap();
        for object in recorded.iter().filter(|it| it["kind"] == "Deployment") {
            compared += 1;
            let of = object["metadata"]["name"].as_str().unwrap();
            for difference in differences(of, object, &recorded, &all) {
                let kind = format!("{}-*", of.split('-').next().unwrap());
                let row =
                    |row: &(&str, &str, &str)| [of, &kind].contains(&row.0) && row.1 == difference;
                match DIFFERENCES.iter().position(row) {
                    Some(row) => drop(used.insert(row)),
                    None => others.push(format!("{name}: {of}: {difference}")),
                }
            }
        }
        let ours = all.workloads.iter().filter(|ours| {
            !recorded
                .iter()
                .any(|it| it["metadata"]["name"] == ours.name.as_str())
        });
        assert_eq!(ours.count(), 0, "{name}: more than was recorded");
    }
    assert_eq!(compared, 26);
    assert!(others.is_empty(), "{others:#?}");
    let unused: Vec<_> = (0..DIFFERENCES.len())
        .filter(|row| !used.contains(row))
        .map(|row| DIFFERENCES[row])
        .collect();
    assert!(unused.is_empty(), "these are no differences: {unused:#?}");
}

fn differences(of: &str, object: &Value, recorded: &[Value], all: &Workloads) -> Vec<String> {
    let Some(ours) = all.workloads.iter().find(|it| it.name == of) else {
        return vec!["not rendered".to_owned()];
    };
    let pod = &object["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let mut found = variables(ours, container);
    let texts = |it: &Value| {
        it.as_array().map_or(Vec::new(), |it| {
            it.iter()
                .map(|it| it.as_str().unwrap().to_owned())
                .collect()
        })
    };
    let mut compare = |what: &str, recorded: String, ours: String| {
        if recorded != ours {
            found.push(format!("{what}: {recorded} -> {ours}"));
        }
    };
    compare(
        "image",
        container["image"].as_str().unwrap().to_owned(),
        ours.runs_in.image.clone(),
    );
    compare(
        "command",
        format!("{:?}", texts(&container["command"])),
        format!("{:?}", ours.runs_in.command),
    );
    compare(
        "args",
        format!("{:?}", texts(&container["args"])),
        format!("{:?}", ours.runs_in.args),
    );
    compare(
        "container",
        container["name"].as_str().unwrap().to_owned(),
        ours.runs_in.container.to_owned(),
    );
    compare(
        "port",
        container["ports"][0]["containerPort"].to_string(),
        ours.port.to_string(),
    );
    compare(
        "liveness",
        probe(&container["livenessProbe"]),
        ours_probe(&ours.liveness),
    );
    compare(
        "readiness",
        probe(&container["readinessProbe"]),
        ours_probe(&ours.readiness),
    );
    let labels = serde_json::to_value(&ours.labels).unwrap();
    compare(
        "labels",
        object["metadata"]["labels"].to_string(),
        labels.to_string(),
    );
    compare(
        "selector",
        object["spec"]["selector"]["matchLabels"].to_string(),
        labels.to_string(),
    );
    compare(
        "pod labels",
        object["spec"]["template"]["metadata"]["labels"].to_string(),
        labels.to_string(),
    );
    let resources = ours
        .runs_in
        .resources
        .clone()
        .unwrap_or_else(|| serde_json::json!({}));
    compare(
        "resources",
        container["resources"].to_string(),
        resources.to_string(),
    );
    let account = ours
        .service_account
        .clone()
        .map_or(Value::Null, Value::from);
    compare(
        "service account",
        pod["serviceAccountName"].to_string(),
        account.to_string(),
    );
    let kind = |it: &&Value| it["kind"] == "Service" && it["metadata"]["name"] == of;
    let service = recorded
        .iter()
        .find(kind)
        .map_or(Value::Null, |it| it["spec"]["ports"][0]["port"].clone());
    compare("service", service.to_string(), ours.port.to_string());
    found.extend(files(ours, pod, container, recorded));
    found
}

/// A variable that the recording has twice counts as Kubernetes has it: the last one.
fn variables(ours: &Workload, container: &Value) -> Vec<String> {
    let mut theirs: Vec<(&str, String)> = Vec::new();
    for env in container["env"].as_array().into_iter().flatten() {
        let (name, key) = (
            env["name"].as_str().unwrap(),
            &env["valueFrom"]["secretKeyRef"],
        );
        let text = match env["value"].as_str() {
            Some(text) => text.to_owned(),
            None => format!(
                "secret {}/{}",
                key["name"].as_str().unwrap(),
                key["key"].as_str().unwrap()
            ),
        };
        theirs.retain(|(it, _)| *it != name);
        theirs.push((name, text));
    }
    let ours: Vec<(&str, String)> = ours
        .env
        .iter()
        .map(|env| (env.name.as_str(), shown(env)))
        .collect();
    let has = |all: &[(&str, String)], name: &str| all.iter().any(|(it, _)| *it == name);
    let mut found = Vec::new();
    let mut telemetry = false;
    for (name, value) in &ours {
        match theirs.iter().find(|(it, _)| it == name) {
            Some((_, theirs)) if theirs == value => {}
            Some((_, theirs)) => found.push(format!("{name}: {theirs} -> {value}")),
            None if *name == "OTEL_SDK_DISABLED" => telemetry = true,
            None if telemetry && name.starts_with("OTEL_") => {}
            None if *name == "OTEL_RESOURCE_ATTRIBUTES" => found.push(format!("+ {name}")),
            None => found.push(format!("+ {name}={value}")),
        }
    }
    if telemetry {
        found.push("+ telemetry".to_owned());
    }
    found.extend(
        theirs
            .iter()
            .filter(|(name, _)| !has(&ours, name))
            .map(|(name, _)| format!("- {name}")),
    );
    let order = |all: &[(&str, String)], other: &[(&str, String)]| {
        let both = all.iter().map(|(name, _)| (*name).to_owned());
        both.filter(|name| has(other, name)).collect::<Vec<_>>()
    };
    if order(&ours, &theirs) != order(&theirs, &ours) {
        found.push("order".to_owned());
    }
    found
}

fn probe(probe: &Value) -> String {
    let kind = match probe["httpGet"]["path"].as_str() {
        Some(path) => format!("{path}:{}", probe["httpGet"]["port"]),
        None => format!("tcp:{}", probe["tcpSocket"]["port"]),
    };
    let number = |name: &str| probe[name].to_string();
    [
        kind,
        number("initialDelaySeconds"),
        number("periodSeconds"),
        number("timeoutSeconds"),
        number("failureThreshold"),
    ]
    .join(" ")
    .replace(":11434", "")
    .replace(":8000", "")
}

fn ours_probe(probe: &Probe) -> String {
    let kind = match probe.kind {
        ProbeKind::Http(path) => path,
        ProbeKind::Tcp => "tcp",
    };
    let number = |it: Option<u32>| it.map_or("null".to_owned(), |it| it.to_string());
    format!(
        "{kind} {} {} {} {}",
        probe.initial_delay,
        probe.period,
        number(probe.timeout),
        number(probe.failures)
    )
}

/// Files, the folder that outlives the program, and what runs before it.
fn files(ours: &Workload, pod: &Value, container: &Value, recorded: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mount = &container["volumeMounts"][0];
    for file in &ours.files {
        assert_eq!(mount["mountPath"], file.folder);
        assert_eq!(pod["volumes"][0]["configMap"]["name"], file.name.as_str());
        let map = recorded
            .iter()
            .find(|it| it["kind"] == "ConfigMap" && it["metadata"]["name"] == file.name.as_str());
        let theirs = map.unwrap()["data"][file.file].as_str().unwrap();
        let same = match &file.content {
            FileContent::SecretKey(_) => false,
            // Comments are nobody's configuration.
            FileContent::Text(text) => parsed(text.expose()) == parsed(theirs),
        };
        if !same {
            found.push(file.file.to_owned());
        }
    }
    assert_eq!(
        ours.files.is_empty(),
        pod["volumes"][0]["configMap"].is_null()
    );
    if let Some(prepare) = &ours.prepare {
        let init = &pod["initContainers"][0];
        assert_eq!(init["name"], prepare.container);
        assert_eq!(
            init["command"],
            serde_json::to_value(&prepare.command).unwrap()
        );
        assert_eq!(mount["mountPath"], ours.data_folder.unwrap());
        assert!(
            init["args"][0]
                .as_str()
                .unwrap()
                .contains("ollama pull smollm2:135m")
        );
        assert!(
            prepare.args[0].contains("ollama pull \"$1\"") && prepare.args[2] == "smollm2:135m"
        );
        found.push("the model is an argument of the script".to_owned());
    }
    found
}

fn parsed(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// The fifth world was recorded as lists of variables.
#[test]
fn without_global_telemetry_the_same_but_that_nothing_is_half_set() {
    let (all, findings) = rendered(
        &world("agent-no-global-telemetry"),
        &defaults("agent-no-global-telemetry"),
    );
    let steps: Vec<Value> = serde_json::from_str(FIFTH).unwrap();
    let mut compared = 0;
    for step in &steps {
        let Some(name) = step["step"].as_str().unwrap().strip_prefix("container of ") else {
            continue;
        };
        compared += 1;
        let ours = super::named(&all, &format!("agent-{name}"));
        let theirs = step["observed"]["env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it[0].as_str().unwrap(), it[1].as_str().unwrap()));
        // Enabled without an endpoint, theirs has four variables of five.
        let theirs: Vec<String> = theirs
            .filter(|(name, _)| !name.starts_with("OTEL_"))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let ours: Vec<String> = ours
            .env
            .iter()
            .map(|env| format!("{}={}", env.name, shown(env)))
            .collect();
        assert_eq!(ours, theirs, "{name}");
    }
    assert_eq!(compared, 2);
    let rules: Vec<_> = findings
        .iter()
        .map(|it| (it.rule, it.about.as_ref().unwrap().name.to_string()))
        .collect();
    assert_eq!(
        rules,
        [(Rule::EndpointMissing, "tel-no-endpoint".to_owned())]
    );
}

/// What theirs says as the status of a resource that fails is an error of ours.
#[test]
fn what_failed_there_is_an_error_here() {
    let mut no_image = defaults("agent-no-global-telemetry");
    no_image.images.agent = None;
    for (world_name, defaults, name, rule) in [
        (
            "agent-variants",
            defaults("agent-variants"),
            "bad-model",
            Rule::ModelNotOffered,
        ),
        (
            "mcpserver-variants",
            defaults("mcpserver-variants"),
            "unknown",
            Rule::Runtime,
        ),
        (
            "mcpserver-variants",
            defaults("mcpserver-variants"),
            "custom-no",
            Rule::MissingImage,
        ),
        (
            "modelapi-variants",
            defaults("modelapi-variants"),
            "bad-yaml",
            Rule::ModelNotOffered,
        ),
        (
            "agent-no-global-telemetry",
            no_image,
            "no-image",
            Rule::MissingImage,
        ),
    ] {
        let (all, findings) = rendered(&world(world_name), &defaults);
        let found = findings
            .iter()
            .any(|it| it.rule == rule && it.about.as_ref().is_some_and(|it| &*it.name == name));
        assert!(found, "{name}: {findings:#?}");
        assert!(
            !all.workloads.iter().any(|it| &*it.identity.name == name),
            "{name}"
        );
    }
}

#[test]
fn each_of_the_34_recorded_resources_is_read() {
    let worlds: Vec<String> = WORLDS
        .iter()
        .map(|(name, _)| *name)
        .chain(["agent-no-global-telemetry"])
        .map(world)
        .collect();
    let mut read = 0;
    for text in worlds {
        let (resources, findings) = kaos_operator::read(
            &[Source::new("inputs.yaml", text)],
            &kaos_operator::Reading::default(),
        );
        assert!(findings.is_empty(), "{findings:#?}");
        read += resources.all().count();
    }
    assert_eq!(read, 34);
}
