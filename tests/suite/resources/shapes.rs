//! Which fields there are: all that were published, at their places and at those of older versions.

use kaos_operator::{
    ALIASES, Age, Defaults, Kind, Reading, Rule, Severity, Source, read, schema,
    schema_with_aliases,
};
use serde_json::Value;

use super::{errors, found, named, reading, rendered, value};

fn field<'s>(schema: &'s Value, path: &str) -> Option<&'s Value> {
    path.split('.')
        .skip(1)
        .try_fold(schema, |at, key| at.get("properties")?.get(key))
}

/// The source of the lists is `support/kaos-operator/README.md`.
#[test]
fn every_field_of_the_published_crds_is_in_the_schemas() {
    let published = [
        include_str!("../../support/kaos-operator/crds-4b08a27.json"),
        include_str!("../../support/kaos-operator/crds-43f4851.json"),
    ];
    let mut compared = 0;
    for text in published {
        let crds: Value = serde_json::from_str(text).unwrap();
        for kind in Kind::ALL {
            let schema = schema_with_aliases(kind);
            for theirs in crds[kind.as_str()]["fields"].as_array().unwrap() {
                let path = theirs["path"].as_str().unwrap();
                if !path.starts_with("spec.") {
                    continue;
                }
                compared += 1;
                let ours =
                    field(&schema, path).unwrap_or_else(|| panic!("{} {path}", kind.as_str()));
                assert_eq!(ours["type"], theirs["type"], "{} {path}", kind.as_str());
                for bound in ["minimum", "maximum", "minItems", "pattern"] {
                    if let Some(theirs) = theirs.get(bound) {
                        let same = ours[bound].as_f64() == theirs.as_f64()
                            && ours[bound].as_str() == theirs.as_str();
                        assert!(same, "{} {path}: {bound}", kind.as_str());
                    }
                }
                for word in theirs["enum"].as_array().into_iter().flatten() {
                    // `spec.type` has names of older runtimes.
                    let words = ours.get("enum").and_then(Value::as_array);
                    assert!(
                        words.is_none_or(|words| words.contains(word)),
                        "{} {path}: {word}",
                        kind.as_str()
                    );
                }
            }
        }
    }
    assert!(compared > 120, "{compared}");
}

#[test]
fn the_schemas_are_structural() {
    fn walk(schema: &Value, path: &str) {
        for word in [
            "$ref", "anyOf", "oneOf", "allOf", "nullable", "$defs", "title",
        ] {
            assert!(schema.get(word).is_none(), "{path}: {word}");
        }
        assert!(schema.get("type").is_some(), "{path} has no type");
        for (key, field) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            walk(field, &format!("{path}.{key}"));
        }
        if let Some(items) = schema.get("items") {
            walk(items, &format!("{path}[]"));
        }
    }
    for kind in Kind::ALL {
        walk(schema(kind), kind.as_str());
        walk(&schema_with_aliases(kind), kind.as_str());
    }
}

/// A document of a kind that has a value at a path and what is required otherwise.
fn with(kind: Kind, path: &str, value: &Value) -> String {
    let required = match kind {
        Kind::Agent => serde_json::json!({"modelAPI": "m", "model": "x"}),
        Kind::McpServer => serde_json::json!({}),
        Kind::ModelApi => serde_json::json!({"mode": "Proxy", "proxyConfig": {"models": ["*"]}}),
    };
    let mut document = serde_json::json!({
        "apiVersion": "kaos.tools/v1alpha1",
        "kind": kind.as_str(),
        "metadata": {"name": "one"},
        "spec": required,
    });
    let mut at = &mut document;
    for key in path.split('.') {
        at = &mut at[key];
    }
    *at = value.clone();
    if path.starts_with("spec.hostedConfig.") {
        document["spec"]["hostedConfig"]["model"] = "m".into();
    }
    if kind == Kind::McpServer && document["spec"].get("type").is_none() {
        document["spec"]["runtime"] = "python-string".into();
    }
    document.to_string()
}

#[test]
fn each_place_of_an_older_version_is_the_field_and_one_that_never_was_is_told() {
    for alias in ALIASES {
        let kind = alias.kind;
        let field = field(schema(kind), alias.to).unwrap_or_else(|| panic!("{}", alias.to));
        let value: Value = match field["type"].as_str().unwrap() {
            "array" => serde_json::json!([{"name": "A", "value": "b"}]),
            "object" if alias.to.ends_with("Ref") => serde_json::json!({"name": "s", "key": "k"}),
            "object" => serde_json::json!({"enabled": false}),
            _ => alias.values.first().map_or("text", |(old, _)| old).into(),
        };
        let (there, findings) = reading(&with(kind, alias.from, &value));
        assert_eq!(errors(&findings), [""; 0], "{}", alias.from);
        let rules: Vec<Rule> = findings.iter().map(|it| it.rule).collect();
        let expected: &[Rule] = if alias.age == Age::Never {
            &[Rule::NeverExisted]
        } else {
            &[]
        };
        assert_eq!(rules, expected, "{}", alias.from);

        let new: Value = alias
            .values
            .first()
            .map_or(value.clone(), |(_, new)| (*new).into());
        let here = with(kind, alias.to, &new);
        let hosted = alias.from.starts_with("spec.hostedConfig.");
        let here = if hosted {
            here.replacen(
                "\"spec\":{",
                "\"spec\":{\"hostedConfig\":{\"model\":\"m\"},",
                1,
            )
        } else {
            here
        };
        let (here, _) = reading(&here);
        let specs = |all: &kaos_operator::Resources| {
            let specs = all.all().map(|it| it.document()["spec"].clone());
            format!("{:?}", specs.collect::<Vec<_>>())
        };
        // An emptied block on the way says nothing.
        let without = |text: String| {
            text.replace("\"config\": Object {}, ", "")
                .replace("\"config\": Object {\"tools\": Object {}}, ", "")
        };
        assert_eq!(
            without(specs(&there)),
            without(specs(&here)),
            "{}",
            alias.from
        );
    }
}

#[test]
fn a_field_said_at_both_places_is_refused() {
    let text = "{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: a},\nspec: {runtime: python-string,\n params: x, config: {tools: {fromString: y}}}}";
    let told = found(text, &Defaults::default());
    assert_eq!(
        told,
        [
            "team.yaml:3:30: error: MCPServer default/a: spec.config.tools.fromString: `spec.params` on line 3 says the same; keep that"
        ]
    );
}

#[test]
fn a_field_that_nobody_knows_is_kept_and_told_with_the_one_that_was_meant() {
    let agent = "apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata: {name: a}\nspec:\n  modelAPI: m\n  model: x\n";
    for (field, meant) in [
        ("  modle: y", "`spec.model` was meant?"),
        ("  mcpServer: [c]", "`spec.mcpServers` was meant?"),
        ("  ModelAPI: y", "`spec.modelAPI` was meant?"),
        ("  access: [b]", "`spec.agentNetwork.access` was meant?"),
        (
            "  instructions: hi",
            "`spec.config.instructions` was meant?",
        ),
        (
            "  config: {telemtry: {}}",
            "`spec.config.telemetry` was meant?",
        ),
        (
            "  config: {memory: {max_sessions: 3}}",
            "`spec.config.memory.maxSessions` was meant?",
        ),
        ("  zzzzzz: 1", "no version of KAOS has this field"),
    ] {
        let text = format!("{agent}{field}\n");
        let (resources, findings) = reading(&text);
        assert_eq!(findings.len(), 1, "{field}: {findings:?}");
        assert_eq!(
            (findings[0].rule, findings[0].severity),
            (Rule::UnknownField, Severity::Warning)
        );
        assert!(
            findings[0].message.ends_with(meant),
            "{field}: {}",
            findings[0].message
        );
        assert_eq!(findings[0].place.as_ref().unwrap().line, 7, "{field}");
        let kept = resources.all().next().unwrap().document();
        assert!(
            kept.to_string()
                .contains(field.trim().split([':', '{']).next().unwrap()),
            "{kept}"
        );

        let strict = Reading {
            strict: true,
            ..Reading::default()
        };
        let (_, findings) = read(&[Source::new("team.yaml", text)], &strict);
        assert_eq!(findings[0].severity, Severity::Error, "{field}");
    }
}

const QUOTES: &str = "expected a text, found a number; put it in quotes: \"…\"";

/// What is in a specification, the path that is told, and how that begins.
const WRONG: &[(&str, &str, &str)] = &[
    ("model: 4711", "spec.model", QUOTES),
    (
        "config: {env: [{name: PORT, value: 4711}]}",
        "spec.container.env[0].value",
        QUOTES,
    ),
    (
        "container: {env: [{name: A, value: 47.11}]}",
        "spec.container.env[0].value",
        QUOTES,
    ),
    (
        "container: {command: [a, 4711]}",
        "spec.container.command[1]",
        QUOTES,
    ),
    (
        "container: {env: [{name: A, value: on}]}",
        "spec.container.env[0].value",
        "expected a text, found a boolean; put it in quotes",
    ),
    (
        "config: {reasoningLoopMaxSteps: '4711'}",
        "spec.config.reasoningLoopMaxSteps",
        "expected a whole number, found a text; write it without quotes",
    ),
    (
        "config: {reasoningLoopMaxSteps: 4711}",
        "spec.config.reasoningLoopMaxSteps",
        "expected a number from 1 to 20",
    ),
    (
        "config: {reasoningLoopMaxSteps: 4.5}",
        "spec.config.reasoningLoopMaxSteps",
        "expected a whole number, found a number",
    ),
    (
        "config: {memory: {shortTermTokenBudget: 4711471147}}",
        "spec.config.memory.shortTermTokenBudget",
        "expected a number from 0 to 4294967295",
    ),
    (
        "waitForDependencies: 'true'",
        "spec.waitForDependencies",
        "expected true or false, found a text; write it without quotes",
    ),
    (
        "mcpServers: s4711",
        "spec.mcpServers",
        "expected a list, found a text; a list of one is written as [\"…\"]",
    ),
    (
        "config: s4711",
        "spec.config",
        "expected a map, found a text",
    ),
    (
        "agentNetwork: [s4711]",
        "spec.agentNetwork",
        "expected a map, found a list",
    ),
    (
        "config: {toolCallMode: nativ}",
        "spec.config.toolCallMode",
        "expected one of auto, native, string; `native` was meant?",
    ),
    (
        "gatewayRoute: {timeout: 5 minutes}",
        "spec.gatewayRoute.timeout",
        "expected a duration such as `300s` or `1h30m`",
    ),
    (
        "podSpec: {containers: [{name: agent, env: [{name: A, value: 4711}]}]}",
        "spec.podSpec.containers[0].env[0].value",
        "expected a text; put it in quotes",
    ),
];

#[test]
fn a_value_of_a_wrong_type_says_what_to_do_and_never_what_it_is() {
    for (spec, path, told) in WRONG {
        let base = if spec.starts_with("model:") {
            ""
        } else {
            ", model: x"
        };
        let text = format!(
            "apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata: {{name: a}}\nspec: {{modelAPI: m{base}, {spec}}}\n---\n{{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {{name: m}}, spec: {{mode: Proxy, proxyConfig: {{models: ['*']}}}}}}"
        );
        let (all, findings) = rendered(&text, &Defaults::default());
        assert_eq!(findings.len(), 1, "{spec}: {findings:#?}");
        assert_eq!(
            (findings[0].severity, findings[0].path.as_str()),
            (Severity::Error, *path),
            "{spec}"
        );
        assert!(
            findings[0].message.starts_with(told),
            "{spec}: {}",
            findings[0].message
        );
        assert_eq!(findings[0].place.as_ref().unwrap().line, 4, "{spec}");
        assert!(!findings[0].to_string().contains("4711"), "{}", findings[0]);
        assert_eq!(all.workloads.len(), 1, "{spec}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file() {
    let text = "apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata: {name: a}\nspec:\n  config: {memory: {type: locl}}\n  model: 4\n---\napiVersion: kaos.tools/v1alpha1\nkind: ModelAPI\nmetadata: {}\nspec: {mode: proxy}\n---\napiVersion: v1\nkind: Secret\n---\nnothing: of ours\n---\n- a\n";
    let lines: Vec<(u32, Rule)> = reading(text)
        .1
        .iter()
        .map(|it| (it.place.as_ref().unwrap().line, it.rule))
        .collect();
    let expected = [
        (5, Rule::Required),
        (5, Rule::Shape),
        (6, Rule::Shape),
        (10, Rule::Required),
        (11, Rule::Shape),
        (13, Rule::Required),
        (16, Rule::NotAResource),
        (18, Rule::NotAResource),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn lists_as_kubectl_prints_them_are_read_and_null_is_absent() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: kaos.tools/v1alpha1\n  kind: MCPServer\n  metadata: {name: a, namespace: b, uid: '1', resourceVersion: '7', creationTimestamp: null}\n  spec: {runtime: custom, params: null, telemetry: null, container: {image: i}}\n  status: {phase: Ready}\n";
    let (all, findings) = rendered(text, &Defaults::default());
    assert!(findings.is_empty(), "{findings:#?}");
    let server = named(&all, "mcpserver-a");
    assert_eq!(&*server.identity.namespace, "b");
    assert_eq!(value(server, "MCP_TOOLS_STRING"), None);
}
