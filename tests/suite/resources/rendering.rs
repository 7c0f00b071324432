//! What is shown is what it says: a shell reads the variables, and Compose the file.

use std::collections::BTreeMap;
use std::process::Command;

use kaos_operator::{
    ClusterAddresses, Defaults, NetworkAddresses, Reading, RenderFormat, Source, masking, read,
    render, workloads,
};
use serde_json::{Value, json};

use super::telemetry;

const TEAM: &str = include_str!("../../support/kaos-operator/article.yaml");

fn form(text: &str, form: RenderFormat, defaults: &Defaults) -> Result<String, String> {
    let (resources, _) = read(&[Source::new("team.yaml", text)], &Reading::default());
    let all = match form {
        RenderFormat::Compose => workloads(&resources, defaults, &NetworkAddresses),
        _ => workloads(&resources, defaults, &ClusterAddresses::default()),
    };
    render(&all, &resources, form, &str::to_owned)
}

fn awkward() -> String {
    let env = json!([
        {"name": "QUOTES", "value": "it's \"so\" `now` $HOME $(date) \\ # !"},
        {"name": "LINES", "value": "one\ntwo\n\n  three\t\n"},
        {"name": "EMPTY"},
        {"name": "BLANKS", "value": "  a  "},
        {"name": "ÜBER", "value": "x"},
        {"name": "UNICODE", "value": "é→😀\u{feff}"},
        {"name": "BOOL", "value": "yes"},
        {"name": "NUMBER", "value": "0123"},
        {"name": "NULL", "value": "~"},
        {"name": "BASE", "value": "http://h"},
        {"name": "REFERS", "value": "$(BASE)/p?$(MISSING)&$$(BASE)$$"},
        {"name": "COLON", "value": "a: b"},
        {"name": "CONTROL", "value": "\u{1b}[31mred\u{7}"},
        {"name": "FROM_MAP", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "FROM_SECRET", "valueFrom": {"secretKeyRef": {"name": "one-secret", "key": "its.key"}}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]);
    let env = env
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["name"] != "ÜBER")
        .collect::<Vec<_>>();
    let server = json!({
        "apiVersion": "kaos.tools/v1alpha1", "kind": "MCPServer", "metadata": {"name": "s"},
        "spec": {"runtime": "custom", "container": {"image": "i:1", "command": ["run", "$HOME"], "args": ["a b"], "env": env, "resources": {"limits": {"cpu": "1"}}}},
    });
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": "of the $map"}});
    format!("{server}\n---\n{map}")
}

#[test]
fn a_shell_reads_every_value_as_it_was_written() {
    let text = form(&awkward(), RenderFormat::Env, &Defaults::default()).unwrap();
    assert!(
        text.contains(
            "# FROM_SECRET is the key its.key of the Secret one-secret  # env of the container\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("# POD is what Kubernetes says  # env of the container\n"),
        "{text}"
    );
    let script = format!(
        "set -eu\n{text}\nfor name in QUOTES LINES EMPTY BLANKS UNICODE BOOL NUMBER NULL REFERS COLON CONTROL FROM_MAP LOG_LEVEL; do eval \"printf '%s\\0' \\\"\\$$name\\\"\"; done\n"
    );
    let output = Command::new("sh").arg("-c").arg(&script).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read = String::from_utf8(output.stdout).unwrap();
    let read: Vec<&str> = read.split_terminator('\0').collect();
    assert_eq!(
        read,
        [
            "it's \"so\" `now` $HOME $(date) \\ # !",
            "one\ntwo\n\n  three\t\n",
            "",
            "  a  ",
            "é→😀\u{feff}",
            "yes",
            "0123",
            "~",
            "http://h/p?$(MISSING)&$(BASE)$",
            "a: b",
            "\u{1b}[31mred\u{7}",
            "of the $map",
            "INFO"
        ]
    );
}

/// What Compose makes of a text: variables of the shell are put in, and `$$` is `$`.
fn interpolated(text: &str, shell: &BTreeMap<&str, &str>) -> String {
    let mut read = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        read.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            read.push('$');
            rest = after;
        } else {
            let (inside, after) = after.strip_prefix('{').unwrap().split_once('}').unwrap();
            let (name, message) = inside.split_once(":?").unwrap();
            assert!(!message.is_empty());
            read.push_str(shell[name]);
            rest = after;
        }
    }
    read + rest
}

#[test]
fn compose_reads_every_value_as_it_was_written() {
    let text = form(&awkward(), RenderFormat::Compose, &Defaults::default()).unwrap();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    let service = &file["services"]["mcpserver-s"];
    let shell = BTreeMap::from([("ONE_SECRET_ITS_KEY", "hidden")]);
    let read = |name: &str| interpolated(service["environment"][name].as_str().unwrap(), &shell);
    assert_eq!(read("QUOTES"), "it's \"so\" `now` $HOME $(date) \\ # !");
    assert_eq!(read("LINES"), "one\ntwo\n\n  three\t\n");
    assert_eq!(read("REFERS"), "http://h/p?$(MISSING)&$(BASE)$");
    assert_eq!(read("CONTROL"), "\u{1b}[31mred\u{7}");
    assert_eq!(read("FROM_SECRET"), "hidden");
    assert_eq!(read("FROM_MAP"), "of the $map");
    assert_eq!(read("NULL"), "~");
    assert_eq!(service["environment"].get("POD"), None);
    assert_eq!(
        interpolated(service["entrypoint"][1].as_str().unwrap(), &shell),
        "$HOME"
    );
    assert_eq!(service["command"], json!(["a b"]));
    assert!(
        text.contains("# mcpserver-s: POD is what Kubernetes says, and is left out\n"),
        "{text}"
    );
    assert!(
        text.contains("# mcpserver-s: what is Kubernetes' own"),
        "{text}"
    );
}

#[test]
fn the_team_is_a_whole_compose_file() {
    let hosted = "\n---\n{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {name: local, namespace: kaos-hierarchy}, spec: {mode: Hosted, hostedConfig: {model: 'smollm2:135m'}}}";
    let text = form(
        &format!("{TEAM}{hosted}"),
        RenderFormat::Compose,
        &telemetry(Some(true), "http://otel:4317"),
    )
    .unwrap();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    let services = file["services"].as_object().unwrap();
    assert_eq!(services.len(), 7);
    for (name, service) in services {
        for key in service.as_object().unwrap().keys() {
            // The Compose Specification's words for a service.
            let known = [
                "image",
                "entrypoint",
                "command",
                "working_dir",
                "environment",
                "ports",
                "expose",
                "depends_on",
                "labels",
                "configs",
                "volumes",
                "restart",
            ];
            assert!(known.contains(&key.as_str()), "{name}: {key}");
        }
        for other in service
            .get("depends_on")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            assert!(
                services.contains_key(other.0),
                "{name} depends on {}",
                other.0
            );
        }
        for config in service
            .get("configs")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let source = config["source"].as_str().unwrap();
            assert!(
                file["configs"][source]["content"].is_string(),
                "{name}: {source}"
            );
        }
        for volume in service
            .get("volumes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let (source, _) = volume.as_str().unwrap().split_once(':').unwrap();
            assert!(file["volumes"].get(source).is_some(), "{name}: {source}");
        }
        for (_, value) in service["environment"].as_object().unwrap() {
            assert!(value.is_string(), "{name}: {value}");
        }
        // Addresses are those of Compose's network.
        if let Some(url) = service["environment"].get("MODEL_API_URL") {
            assert_eq!(url, "http://modelapi-llm-proxy:8000");
        }
    }
    let script = file["services"]["modelapi-local"]["entrypoint"]
        .as_array()
        .unwrap();
    assert_eq!(script[4], "smollm2:135m");
    assert!(script[2].as_str().unwrap().contains("server=$$!;"));
    let proxy = &file["services"]["modelapi-llm-proxy"]["environment"]["PROXY_API_KEY"];
    assert_eq!(
        proxy,
        "${LLM_API_KEY_API_KEY:?the key api-key of the Secret llm-api-key}"
    );
}

#[test]
fn compose_has_no_namespaces_and_says_so() {
    let two = TEAM.replacen("namespace: kaos-hierarchy", "namespace: elsewhere", 2);
    let refused = form(&two, RenderFormat::Compose, &Defaults::default()).unwrap_err();
    assert!(refused.contains("elsewhere, kaos-hierarchy"), "{refused}");
}

#[test]
fn the_yaml_is_read_again_as_the_same_values() {
    let text = form(&awkward(), RenderFormat::Yaml, &Defaults::default()).unwrap();
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    let env = file["workloads"][0]["env"].as_array().unwrap();
    let read = |name: &str| {
        env.iter().find(|it| it["name"] == name).unwrap()["value"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(read("QUOTES"), "it's \"so\" `now` $HOME $(date) \\ # !");
    assert_eq!(read("LINES"), "one\ntwo\n\n  three\t\n");
    assert_eq!(
        ["BOOL", "NUMBER", "NULL", "BLANKS", "EMPTY"].map(read),
        ["yes", "0123", "~", "  a  ", ""]
    );
    assert_eq!(read("UNICODE"), "é→😀\u{feff}");
    assert_eq!(read("CONTROL"), "\u{1b}[31mred\u{7}");
    // It is as it was written: references are Kubernetes' affair.
    assert_eq!(read("REFERS"), "$(BASE)/p?$(MISSING)&$$(BASE)$$");
    assert!(
        !text.contains('\u{1b}'),
        "no control character stands in the text itself"
    );
}

#[test]
fn a_short_secret_is_masked_where_it_is_all_there_is() {
    let text = "apiVersion: kaos.tools/v1alpha1\nkind: MCPServer\nmetadata: {name: s}\nspec:\n  runtime: custom\n  container:\n    image: i\n    env:\n    - {name: DB_PASSWORD, value: abc}\n    - {name: SAME, value: abc}\n    - {name: URL, value: 'http://u:$(DB_PASSWORD)@h/abcde'}\n    - {name: MAX_STEPS, value: '3'}\n";
    let env = form(text, RenderFormat::Env, &Defaults::default()).unwrap();
    assert!(env.contains("# DB_PASSWORD is masked  # env"), "{env}");
    assert!(env.contains("# SAME is masked  # env"), "{env}");
    assert!(
        env.contains("URL='http://u:[masked]@h/abcde'  # env"),
        "{env}"
    );
    assert!(env.contains("MAX_STEPS=3  # env"), "{env}");
    let compose = form(text, RenderFormat::Compose, &Defaults::default()).unwrap();
    assert!(
        compose.contains("${MCPSERVER_S_DB_PASSWORD:?DB_PASSWORD of mcpserver-s}"),
        "{compose}"
    );
    let file: Value = serde_saphyr::from_str(&compose).unwrap();
    let url = &file["services"]["mcpserver-s"]["environment"]["URL"];
    assert_eq!(
        url,
        "http://u:${MCPSERVER_S_DB_PASSWORD:?DB_PASSWORD of mcpserver-s}@h/abcde"
    );
}

/// An agent with these variables, and a `ModelAPI` for it.
fn agent_with(name: &str, env: &str) -> String {
    format!(
        "{{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {{name: llm}}, spec: {{mode: Proxy, proxyConfig: {{models: ['*']}}}}}}\n---\n\
         {{apiVersion: kaos.tools/v1alpha1, kind: Agent, metadata: {{name: {name}}}, spec: {{modelAPI: llm, model: m, container: {{env: {env}}}}}}}\n"
    )
}

#[test]
fn each_secret_of_a_compose_file_has_a_variable_of_its_own() {
    let env = "[{name: X, valueFrom: {secretKeyRef: {name: a-b, key: c}}}, {name: W, valueFrom: {secretKeyRef: {name: a, key: b.c}}}, \
               {name: AGAIN, valueFrom: {secretKeyRef: {name: a-b, key: c}}}, {name: C_KEY, value: v1v1v1v1}, {name: c_key, value: w2w2w2w2}, \
               {name: O, valueFrom: {secretKeyRef: {name: o, key: o, optional: true}}}]";
    let text = form(
        &agent_with("a", env),
        RenderFormat::Compose,
        &Defaults::default(),
    )
    .unwrap();
    for line in [
        "X: ${A_B_C:?the key c of the Secret a-b}",
        "W: ${A_B_C_2:?the key b.c of the Secret a}",
        "AGAIN: ${A_B_C:?the key c of the Secret a-b}",
        "C_KEY: ${AGENT_A_C_KEY:?C_KEY of agent-a}",
        "c_key: ${AGENT_A_C_KEY_2:?c_key of agent-a}",
        "O: ${O_O-}",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
}

#[test]
fn what_is_no_name_of_a_variable_is_no_command_of_the_shell() {
    let server = "---\n{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: my-tool}, spec: {type: python-runtime, config: {tools: {fromString: 'x'}}}}\n";
    let env = "[{name: A.B, value: \"x\\nid\"}]";
    let agent = agent_with("a", env).replace("model: m,", "model: m, mcpServers: [my-tool],");
    let text = form(
        &format!("{agent}{server}"),
        RenderFormat::Env,
        &Defaults::default(),
    )
    .unwrap();
    assert!(text.contains("# A.B='x id'"), "{text}");
    assert!(text.contains("# MCP_SERVER_my-tool_URL=http"), "{text}");
    let mut shell = Command::new("sh");
    let run = shell.args(["-euc", "eval \"$0\"", &text]).output().unwrap();
    assert!(
        run.status.success() && run.stdout.is_empty() && run.stderr.is_empty(),
        "{run:?}"
    );
}

/// Secrets that do not look like any: only those who know them can take them out.
#[test]
fn a_secret_is_taken_out_of_findings_and_in_every_form_that_it_has() {
    let secret = "harbor of sunny orchards/and more\nsecond line of it";
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, secret);
    let in_url = "harbor%20of%20sunny%20orchards%2Fand%20more%0Asecond%20line%20of%20it";
    let held = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": encoded}, "stringData": {"n": "a-plain-name"}});
    let notes = json!([{"name": "ONE", "value": format!("see {encoded}")}, {"name": "TWO", "value": format!("http://h/{in_url}")},
        {"name": "THREE", "value": "the second line of it, too"}, {"name": "API_KEY", "value": "another-plain-one"}]);
    let agent = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent", "metadata": {"name": "a"},
        "spec": {"modelAPI": "a-plain-name", "model": "m", "mcpServers": ["another-plain-one"], "a-plain-name": 1, "container": {"env": notes}}});
    let text = format!(
        "{held}\n---\n{agent}\n---\n{}",
        agent_with("b", &notes.to_string())
    );
    let (resources, mut findings) = read(&[Source::new("team.yaml", &*text)], &Reading::default());
    let all = workloads(&resources, &Defaults::default(), &NetworkAddresses);
    findings.extend(all.findings.iter().cloned());
    let safe = masking(&all, &resources, &str::to_owned);
    let mut shown: Vec<String> = findings.iter().map(|it| safe(&it.to_string())).collect();
    assert!(
        shown
            .iter()
            .any(|it| it.contains("ModelAPI default/[masked] is not there")),
        "{shown:#?}"
    );
    for form in [RenderFormat::Env, RenderFormat::Yaml, RenderFormat::Compose] {
        shown.push(render(&all, &resources, form, &str::to_owned).unwrap());
    }
    let shown = shown.join("\n");
    for form in [
        "a-plain-name",
        "another-plain-one",
        &encoded,
        in_url,
        "second line of it",
    ] {
        assert!(!shown.contains(form), "{form} in {shown}");
    }
}
