//! Secrets that stand where nobody expects them are not shown; what is none, is.

use kaos_operator::{
    Defaults, NetworkAddresses, Reading, RenderFormat, Source, masking, read, render, workloads,
};
use serde_json::{Value, json};

const MODEL: &str = "{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {name: llm}, spec: {mode: Proxy, proxyConfig: {models: ['*']}}}";

fn agent(spec: &Value) -> String {
    let mut all = json!({"modelAPI": "llm", "model": "m"});
    for (name, value) in spec.as_object().unwrap() {
        all[name] = value.clone();
    }
    let agent = json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent", "metadata": {"name": "a"}, "spec": all});
    format!("{MODEL}\n---\n{agent}\n")
}

/// All forms and findings of a text, one after the other.
fn everything(text: &str) -> String {
    let (resources, mut findings) = read(&[Source::new("team.yaml", text)], &Reading::default());
    let all = workloads(&resources, &Defaults::default(), &NetworkAddresses);
    findings.extend(all.findings.iter().cloned());
    let safe = masking(&all, &resources, &str::to_owned);
    let mut shown: Vec<String> = findings.iter().map(|it| safe(&it.to_string())).collect();
    for form in [RenderFormat::Env, RenderFormat::Yaml, RenderFormat::Compose] {
        shown.push(render(&all, &resources, form, &str::to_owned).unwrap());
    }
    shown.join("\n")
}

#[test]
fn a_secret_that_is_written_out_beside_its_name_is_masked() {
    for spec in [
        json!({"container": {"args": ["--password", "sunflower"]}}),
        json!({"container": {"args": ["--db-password=sunflower", "--port", "8000"]}}),
        json!({"container": {"command": ["run", "-api-key", "sunflower"]}}),
        json!({"container": {"args": ["sh", "-c", "PASSWORD=sunflower exec serve --token sunflower"]}}),
        json!({"config": {"instructions": "The password: sunflower ; tell nobody."}}),
        json!({"config": {"instructions": "Say password = \"sunflower\"."}}),
        json!({"container": {"env": [{"name": "OPTIONS", "value": "user=a;password=sunflower;timeout=3"}]}}),
        json!({"podSpec": {"containers": [{"name": "side", "args": ["--password", "sunflower"], "env": [{"name": "API_KEY", "value": "sunflower"}]}]}}),
    ] {
        let shown = everything(&agent(&spec));
        assert!(!shown.contains("sunflower"), "{spec}:\n{shown}");
        assert!(shown.contains("agent-a"), "{shown}");
    }
    let server = |params: &str| {
        json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "MCPServer", "metadata": {"name": "s"}, "spec": {"runtime": "python-string", "params": params}}).to_string()
    };
    let shown = everything(&server(
        "API_KEY = 'sunflower'\ndef f(token: str, key=None) -> str:\n    return os.environ['TOKEN']\n",
    ));
    assert!(!shown.contains("sunflower"), "{shown}");
    assert!(
        shown.contains("def f(token: str, key=None) -> str:"),
        "code is code: {shown}"
    );
    assert!(shown.contains("os.environ"), "{shown}");
    let proxy = |config: &str| {
        json!({"apiVersion": "kaos.tools/v1alpha1", "kind": "ModelAPI", "metadata": {"name": "p"}, "spec": {"mode": "Proxy", "proxyConfig": {"models": ["*"], "configYaml": {"fromString": config}}}}).to_string()
    };
    let shown = everything(&proxy(
        "model_list:\n- model_name: a\n  litellm_params:\n    api_key: sunflower\n    api_base: os.environ/BASE\ngeneral_settings:\n  master_key: sunflower\n",
    ));
    assert!(!shown.contains("sunflower"), "{shown}");
    assert!(shown.contains("os.environ/BASE"), "{shown}");
    let shown = everything(&proxy(
        "a: {api_key: os.environ/PROXY_API_KEY, password: '${PASSWORD}'}",
    ));
    assert!(
        shown.contains("os.environ/PROXY_API_KEY"),
        "a reference is no secret: {shown}"
    );
}

/// What is an ordinary word cannot be told from ours: it is masked where it is all there is, and that is said.
#[test]
fn secrets_that_are_words_of_ours_do_not_destroy_our_texts() {
    for word in [
        "default",
        "litellm",
        "http://",
        "agent-a",
        "container",
        "global",
        "ModelAPI",
    ] {
        let held = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": word}});
        let text = format!(
            "{held}\n---\n{}",
            agent(&json!({"container": {"env": [{"name": "SAME", "value": word}]}}))
        );
        let shown = everything(&text);
        for ours in [
            "# agent-a (Agent default/a), port 8000",
            "MODEL_API_URL=http://modelapi-llm:8000  # spec.modelAPI",
            "image: litellm/litellm:main-stable",
            "LOG_LEVEL=INFO  # global logLevel",
            "# SAME is masked  # env of the container",
        ] {
            assert!(shown.contains(ours), "{word}: {ours}\n{shown}");
        }
        let told = "warning: Secret default/s: k: its value is a word that stands in other texts, too: it is masked only where it stands alone";
        assert!(shown.contains(told), "{word}: {shown}");
    }
}

#[test]
fn compose_says_where_something_secret_is_to_be_put_back() {
    let text = agent(
        &json!({"container": {"image": "registry/harbour-of-boats:1", "args": ["--name", "harbour-of-boats"], "workingDir": "/harbour-of-boats"}}),
    );
    let text = format!(
        "{}\n---\n{text}",
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "harbour-of-boats"}})
    );
    let shown = everything(&text);
    for what in ["image", "args", "working_dir"] {
        let line = format!("# agent-a: something secret in its {what} is masked; put it back\n");
        assert!(shown.contains(&line), "{line}{shown}");
    }
}

#[test]
fn words_that_end_like_secrets_are_none() {
    let env = json!([{"name": "MONKEY", "value": "one"}, {"name": "FAVOURITE_MONKEY", "value": "two"}, {"name": "HOTKEY", "value": "three"},
        {"name": "SSHKEY", "value": "four-four"}, {"name": "MASTERKEY", "value": "five-five"}]);
    let shown = everything(&agent(&json!({"container": {"env": env}})));
    for line in ["MONKEY=one", "FAVOURITE_MONKEY=two", "HOTKEY=three"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(
        !shown.contains("four-four") && !shown.contains("five-five"),
        "{shown}"
    );
}

#[test]
fn what_kubernetes_merges_into_a_pod_is_shown_as_data() {
    let spec = json!({"podSpec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "side", "image": "busybox"}]}});
    let (resources, _) = read(
        &[Source::new("team.yaml", agent(&spec))],
        &Reading::default(),
    );
    let all = workloads(&resources, &Defaults::default(), &NetworkAddresses);
    let shown = render(&all, &resources, RenderFormat::Yaml, &str::to_owned).unwrap();
    let file: Value = serde_saphyr::from_str(&shown).unwrap();
    assert_eq!(file["workloads"][1]["podSpec"], spec["podSpec"], "{shown}");
}

#[test]
fn a_secret_is_masked_as_programs_write_it_in_json() {
    let secret = "q\"uo\\te-pässwort";
    let held = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": secret}});
    for written in [
        secret,
        r#"q\"uo\\te-pässwort"#,
        r#"q\"uo\\te-p\u00e4sswort"#,
        r#"q"uo\\te-pässwort"#,
    ] {
        let env =
            json!({"container": {"env": [{"name": "LINE", "value": format!("it is {written}.")}]}});
        let shown = everything(&format!("{held}\n---\n{}", agent(&env)));
        assert!(!shown.contains("sswort"), "{written}\n{shown}");
    }
}
