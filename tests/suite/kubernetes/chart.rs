//! The chart: that its folder is what the program writes, what its values may be, and that the operator understands what is made
//! of them. What Helm and an API server say of it is in `tests/peers/kubernetes.sh`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, Schemas};
use kaos_operator::Defaults;
use kaos_operator::kubernetes::OperatorSettings;
use kaos_operator::kubernetes::chart::{ChartValues, chart, release, values_schema};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../kaos-operator/chart")
}

/// All files beneath a folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path);
        }
    }
    all
}

#[test]
fn the_folder_of_the_chart_is_what_the_program_writes() {
    let mut there = files(&folder());
    for (path, text) in chart().unwrap() {
        let file = folder().join(path);
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            found == *text,
            "{path}: `kaos operator chart kaos-operator/chart` writes it"
        );
        there.remove(&file);
    }
    assert!(there.is_empty(), "nobody knows {there:?}");
}

#[test]
fn the_defaults_of_the_chart_are_those_of_the_program() {
    let text = fs::read_to_string(folder().join("values.yaml")).unwrap();
    let said: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(said, serde_json::to_value(ChartValues::default()).unwrap());
    let chart = fs::read_to_string(folder().join("Chart.yaml")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for line in ["version", "appVersion"] {
        assert!(chart.contains(&format!("\n{line}: {version}\n")), "{line}");
    }
}

/// What is said of values that are refused.
fn refused(values: &Value) -> Option<String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler
        .add_resource("kaos:values", values_schema())
        .unwrap();
    let index = compiler.compile("kaos:values", &mut schemas).unwrap();
    let valid = schemas.validate(values, index);
    valid.err().map(|error| error.to_string())
}

#[test]
fn values_are_refused_by_the_schema_and_by_the_program_alike() {
    assert_eq!(refused(&json!(ChartValues::default())), None);
    for (said, is_right) in [
        (
            "telemetry.enabled=true,telemetry.endpoint=http://collector.observability:4317",
            true,
        ),
        ("logLevel=debug", true),
        ("gatewayAPI.enabled=true,gatewayAPI.listenerPort=8080", true),
        ("gateway.defaultTimeouts.mcp=1m30s", true),
        (
            "mcpRuntimes.custom.mine.image=x/y:1,mcpRuntimes.custom.mine.paramsEnvVar=P",
            true,
        ),
        (
            "controllerManager.manager.image.tag=test,controllerManager.replicas=2",
            true,
        ),
        (
            "controllerManager.nodeSelector.kubernetes\\.io/os=linux",
            true,
        ),
        ("serviceAccount.annotations.a=b\\,c", true),
        ("telemetry.enabled=maybe", false),
        ("telemtry.enabled=true", false),
        ("controllerManager.replicas=many", false),
        ("controllerManager.manager.args=x", false),
        ("defaultImages.agent=x", false),
        ("gatewayAPI.listenerPort=70000", false),
        ("telemetry=on", false),
        ("logLevel=loud", false),
        ("telemetry.endpoint=collector:4317", false),
        ("gateway.defaultTimeouts.agent=soon", false),
        ("controllerManager.replicas=-1", false),
    ] {
        let (by_program, by_schema) = (ChartValues::set(&[said.to_owned()]), over_defaults(said));
        assert_eq!(by_program.is_ok(), is_right, "{said}: {by_program:?}");
        let by_schema = refused(&by_schema);
        assert_eq!(by_schema.is_none(), is_right, "{said}: {by_schema:?}");
        if let Err(why) = by_program {
            let path = said.split('=').next().unwrap();
            assert!(why.starts_with(&format!("--set {path}: ")), "{why}");
        }
    }
    for said in ["a", "mcpRuntimes.custom.a.args={x}", "tolerations[0].key=x"] {
        assert!(ChartValues::set(&[said.to_owned()]).is_err(), "{said}");
    }
}

/// As Helm takes the words of `--set`: `TRUE` is true, and what begins with a zero is no number.
#[test]
fn a_value_is_of_the_type_that_helm_makes_of_it() {
    for (said, expected) in [
        ("telemetry.enabled=TRUE", Ok(json!(true))),
        ("telemetry.enabled=False", Ok(json!(false))),
        ("controllerManager.manager.image.tag=007", Ok(json!("007"))),
        ("controllerManager.replicas=0", Ok(json!(0))),
        ("controllerManager.replicas=02", Err("want integer")),
        ("controllerManager.manager.image.tag=7", Err("want string")),
        ("logLevel=1", Err("/logLevel")),
    ] {
        let path = said.split('=').next().unwrap();
        let pointer = format!("/{}", path.replace('.', "/"));
        let values = ChartValues::set(&[said.to_owned()]).map(|it| json!(it));
        match expected {
            Ok(value) => assert_eq!(values.unwrap().pointer(&pointer), Some(&value), "{said}"),
            Err(word) => {
                let why = values.unwrap_err();
                assert!(why.starts_with(&format!("--set {path}: ")), "{why}");
                assert!(why.contains(word), "{said}: {why}");
            }
        }
    }
}

/// The defaults with what is said, as Helm makes it.
fn over_defaults(said: &str) -> Value {
    let mut all = json!(ChartValues::default());
    for pair in said.replace("\\,", ";").split(',') {
        let (path, text) = pair.split_once('=').unwrap();
        let keys = path.replace("\\.", ";");
        let at = keys.split('.').fold(&mut all, |at, key| {
            if !at.is_object() {
                *at = json!({});
            }
            at.as_object_mut()
                .unwrap()
                .entry(key.replace(';', "."))
                .or_insert(Value::Null)
        });
        *at = serde_json::from_str(text).unwrap_or_else(|_| text.replace(';', ",").into());
    }
    all
}

fn named<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let found = objects
        .iter()
        .find(|it| it["kind"] == kind && it["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(map.clone()).unwrap()
}

#[test]
fn the_operator_understands_what_the_chart_makes_of_its_values() {
    let said = "telemetry.enabled=true,telemetry.endpoint=http://collector.observability:4318,logLevel=debug,defaultImages.agentRuntime=mine:1,\
                defaultImages.ollama=,mcpRuntimes.custom.mine.image=x/y:1,mcpRuntimes.custom.slack.image=z:1,gatewayAPI.enabled=true,gateway.defaultTimeouts.mcp=7s";
    let objects = release(
        &ChartValues::set(&[said.to_owned()]).unwrap(),
        "kaos-system",
    )
    .unwrap();
    let config = texts(&named(&objects, "ConfigMap", "kaos-operator-config")["data"]);
    let mut defaults = Defaults::from_vars(|name| config.get(name).cloned()).unwrap();
    assert_eq!(defaults.telemetry.enabled, Some(true));
    assert_eq!(
        defaults.telemetry.endpoint.as_deref(),
        Some("http://collector.observability:4318")
    );
    assert_eq!(defaults.log_level.as_str(), "DEBUG");
    assert_eq!(defaults.images.agent.as_deref(), Some("mine:1"));
    assert_eq!(defaults.images.ollama, None);
    let runtimes = &named(&objects, "ConfigMap", "kaos-mcp-runtimes")["data"]["runtimes.yaml"];
    defaults.take_runtimes(runtimes.as_str().unwrap()).unwrap();
    assert_eq!(defaults.runtimes["mine"].image.as_deref(), Some("x/y:1"));
    assert_eq!(defaults.runtimes["slack"].image.as_deref(), Some("z:1"));
    assert_eq!(
        defaults.runtimes["slack"].args.len(),
        4,
        "the rest of it stays"
    );

    let container = &named(&objects, "Deployment", "kaos-operator")["spec"]["template"]["spec"]["containers"]
        [0];
    let env: BTreeMap<_, _> = container["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["value"].as_str()))
        .collect();
    let settings =
        OperatorSettings::from_vars(|name| env.get(name).copied().flatten().map(str::to_owned))
            .unwrap();
    assert_eq!(settings.gateway.unwrap().timeouts, ["300s", "120s", "7s"]);
    assert_eq!(env["OTEL_EXPORTER_OTLP_PROTOCOL"], Some("http/protobuf"));
    assert_eq!(env["LOG_LEVEL"], Some("DEBUG"));

    // Nothing said: the operator's own defaults.
    let objects = release(&ChartValues::default(), "kaos-system").unwrap();
    let config = texts(&named(&objects, "ConfigMap", "kaos-operator-config")["data"]);
    let mut defaults = Defaults::from_vars(|name| config.get(name).cloned()).unwrap();
    let runtimes = &named(&objects, "ConfigMap", "kaos-mcp-runtimes")["data"]["runtimes.yaml"];
    defaults.take_runtimes(runtimes.as_str().unwrap()).unwrap();
    defaults.telemetry.enabled = None;
    assert_eq!(defaults, Defaults::default());
}

#[test]
fn a_gateway_without_a_class_is_refused() {
    let said = "gatewayAPI.enabled=true,gatewayAPI.createGateway=true";
    let values = ChartValues::set(&[said.to_owned()]).unwrap();
    let why = release(&values, "kaos-system").unwrap_err();
    assert_eq!(
        why,
        "gatewayAPI.gatewayClassName is required when createGateway is true"
    );
    let with = [
        said.to_owned(),
        "gatewayAPI.gatewayClassName=envoy".to_owned(),
    ];
    let objects = release(&ChartValues::set(&with).unwrap(), "kaos-system").unwrap();
    assert_eq!(
        named(&objects, "Gateway", "kaos-gateway")["spec"]["gatewayClassName"],
        "envoy"
    );
}
