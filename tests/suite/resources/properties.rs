//! Whatever the text: nothing panics, the same is the same, and no secret is shown.

use std::fmt::Write as _;

use kaos_operator::{
    ClusterAddresses, Defaults, NetworkAddresses, Reading, RenderFormat, Source, read, render,
    workloads,
};
use proptest::prelude::*;

use super::INPUTS;
use crate::codec::cases;

const FORMS: [RenderFormat; 3] = [RenderFormat::Env, RenderFormat::Yaml, RenderFormat::Compose];

/// All that can be seen of a text's resources.
fn all_that_is_shown(text: &str) -> String {
    let mut shown = String::new();
    for strict in [false, true] {
        let reading = Reading {
            strict,
            ..Reading::default()
        };
        let (resources, findings) = read(&[Source::new("team.yaml", text)], &reading);
        for finding in &findings {
            writeln!(shown, "{finding}").unwrap();
        }
        let defaults = super::telemetry(Some(true), "http://collector:4317");
        let here = workloads(&resources, &defaults, &NetworkAddresses);
        let there = workloads(&resources, &defaults, &ClusterAddresses::default());
        for all in [here, there] {
            for form in FORMS {
                writeln!(
                    shown,
                    "{:?}",
                    render(&all, &resources, form, &str::to_owned)
                )
                .unwrap();
            }
        }
    }
    shown
}

/// What a program would log of them.
fn all_that_is_logged(text: &str) -> String {
    let (resources, findings) = read(&[Source::new("team.yaml", text)], &Reading::default());
    let all = workloads(&resources, &Defaults::default(), &NetworkAddresses);
    format!(
        "{resources:?} {findings:?} {all:?} {:?}",
        Source::new("team.yaml", text)
    )
}

/// Pieces of resources, in any order: more of YAML's own than any text has by chance.
fn yaml() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        proptest::sample::select(INPUTS.lines().collect::<Vec<_>>()).prop_map(str::to_owned),
        proptest::sample::select(vec![
            "---",
            "- ",
            "  ",
            "{",
            "}",
            "[",
            "]",
            ": ",
            "? ",
            "&a ",
            "*a",
            "<<: *a",
            "|",
            ">-",
            "\"",
            "'",
            "#",
            "!!str",
            "!x",
            "\t",
            "\r",
            "\u{feff}",
            "%YAML 1.1",
            "...",
            "null",
            "~",
            "yes",
            "0x",
            "1e400",
            "kind: Agent",
            "kind: Secret",
            "stringData: {a: b}",
            "apiVersion: v1",
            "kind: List",
            "items:",
            "{{ x }}",
            "$(A)",
            "$$(A)",
            "\0",
            "\u{85}",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,12}",
        any::<char>().prop_map(String::from),
    ];
    let joint = prop_oneof![3 => Just("\n"), 1 => Just(" "), 1 => Just("")];
    proptest::collection::vec((pieces, joint), 0..40).prop_map(|all| {
        all.into_iter()
            .fold(String::new(), |text, (piece, joint)| text + &piece + joint)
    })
}

/// The recorded inputs with a few letters changed.
fn nearly() -> impl Strategy<Value = String> {
    let changes = proptest::collection::vec((0..INPUTS.len(), any::<char>(), 0..3_u8), 1..6);
    changes.prop_map(|changes| {
        let mut text: Vec<char> = INPUTS.chars().collect();
        for (at, char, what) in changes {
            let at = at % text.len();
            match what {
                0 => text[at] = char,
                1 => text.insert(at, char),
                _ => drop(text.remove(at)),
            }
        }
        text.into_iter().collect()
    })
}

fn tried(default: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases("KAOS_RESOURCES_CASES", default))
    }
}

proptest! {
    #![proptest_config(tried(100))]

    #[test]
    fn no_yaml_makes_it_panic_and_twice_the_same_is_the_same(text in yaml()) {
        prop_assert_eq!(all_that_is_shown(&text), all_that_is_shown(&text));
        all_that_is_logged(&text);
    }
}

proptest! {
    #![proptest_config(tried(8))]

    #[test]
    fn nearly_right_resources_do_no_harm(text in nearly()) {
        prop_assert_eq!(all_that_is_shown(&text), all_that_is_shown(&text));
    }

    #[test]
    fn the_order_of_documents_is_no_matter(order in Just((0..34_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let documents: Vec<&str> = INPUTS.trim_end().split("\n---\n").skip(1).collect();
        let texts = [(0..34).collect::<Vec<_>>(), order].map(|order| {
            let each = order.into_iter().map(|it| documents[it].trim_end());
            let text = each.collect::<Vec<_>>().join("\n---\n") + "\n";
            // Two of them have one name in two worlds: the first is taken.
            let second = "metadata: {name: m, namespace: demo}\nspec: {mode: Proxy, proxyConfig: {models: [\"*\"]}}";
            text.replace(second, &second.replace("name: m,", "name: m2,"))
        });
        let [one, other] = texts.map(|text| {
            let (resources, _) = read(&[Source::new("team.yaml", text)], &Reading::default());
            let all = workloads(&resources, &Defaults::default(), &ClusterAddresses::default());
            render(&all, &resources, RenderFormat::Yaml, &str::to_owned).unwrap()
        });
        prop_assert_eq!(one, other);
    }

    /// A secret in any place that is one: it is in nothing that can be seen.
    #[test]
    fn no_secret_is_shown_wherever_it_stands(secret in "[A-Za-z0-9+/=:@. -]{8,40}", name in proptest::sample::select(vec![
        "API_KEY", "db_password", "GITHUB-TOKEN", "X.SECRET", "OPENAI_APIKEY", "PASSWD", "AWS_SECRET_ACCESS_KEY", "SMTP_PASS", "SESSION_COOKIE",
        "OTEL_EXPORTER_OTLP_HEADERS", "SIGNING_KEY", "SIGNINGKEY", "PRIVATE_PEM", "SENTRY_DSN", "BASIC_AUTH", "MY_CREDENTIALS", "USER_PWD",
    ]), known in any::<bool>()) {
        let secret = format!("s3{}z", secret.replace("  ", " "));
        let quoted = serde_json::Value::from(secret.as_str()).to_string();
        let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &secret);
        let text = format!(
            "{{apiVersion: v1, kind: Secret, metadata: {{name: one}}, stringData: {{key: {quoted}}}, data: {{other: {base64}, worse: {quoted}}}}}\n---\n\
             apiVersion: kaos.tools/v1alpha1\nkind: ModelAPI\nmetadata: {{name: m}}\nspec:\n  mode: Proxy\n  proxyConfig:\n    models: ['*']\n    apiKey: {{value: {quoted}}}\n    configYaml: {{fromString: {quoted}}}\n---\n\
             apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata: {{name: a}}\nspec:\n  modelAPI: m\n  model: x\n  config: {{description: {quoted}, reasoningLoopMaxSteps: {quoted}}}\n---\n\
             apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata: {{name: b}}\nspec:\n  modelAPI: m\n  model: x\n  config: {{instructions: {quoted}}}\n  container:\n    command: [run, {quoted}]\n    env:\n    - {{name: {name}, value: {quoted}}}\n    - {{name: URL, value: 'http://u:$({name})@host'}}\n    - {{name: PLAIN, value: {quoted}}}\n  podSpec: {{containers: [{{name: agent, env: [{{name: POD_TOKEN, value: {quoted}}}]}}, {{name: other, args: [{quoted}]}}]}}\n"
        );
        // Without the Secret and the key it is known by the variable's name alone.
        let key = format!("    apiKey: {{value: {quoted}}}\n");
        prop_assert!(text.contains(&key));
        let text = if known { text } else { text.split_once("\n---\n").unwrap().1.replace(&key, "") };
        // Where it is no secret, a resource's own text may be logged.
        let kept = text.replace(&format!("[run, {quoted}]"), "[run]").replace(&format!("instructions: {quoted}"), "instructions: x");
        let shown = all_that_is_shown(&text) + &all_that_is_logged(&kept);
        prop_assert!(!shown.contains(&secret), "{secret} in {shown}");
        prop_assert!(!shown.contains(secret.trim()), "{secret} in {shown}");
        prop_assert!(!shown.contains(&base64), "{base64} in {shown}");
    }
}
