//! `kaos render`: what becomes of resources, what is wrong with them, and how quickly.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use kaos_tests::Folder;
use tokio::io::AsyncWriteExt as _;

use super::kaos;

const ARTICLE: &str = include_str!("../../support/kaos-operator/article.yaml");

/// What it said on the standard output, on the standard error, and its exit code.
async fn render(arguments: &[&str], input: &str) -> (String, String, i32) {
    let mut command = kaos(&[&["render"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // What is wrong with the command itself is said before anything is read.
    let _written = stdin.write_all(input.as_bytes()).await.is_ok();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code().unwrap(),
    )
}

#[tokio::test]
async fn resources_are_shown_and_what_is_to_say_goes_beside() {
    let (out, err, code) = render(&["-f", "-"], ARTICLE).await;
    assert_eq!(code, 0, "{err}");
    assert!(
        out.starts_with("# modelapi-llm-proxy (ModelAPI kaos-hierarchy/llm-proxy), port 8000\n"),
        "{out}"
    );
    assert!(out.contains(
        "# PROXY_API_KEY is the key api-key of the Secret llm-api-key  # spec.proxyConfig.apiKey\n"
    ));
    assert!(err.contains("-:12:5: warning: ModelAPI kaos-hierarchy/llm-proxy: spec.proxyConfig.apiKeySecretRef: no version"), "{err}");
    assert!(err.ends_with("0 errors, 2 warnings\n"), "{err}");

    let (out, err, code) = render(&["-f", "-", "--strict"], ARTICLE).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("error: ModelAPI kaos-hierarchy/llm-proxy: spec.proxyConfig.apiKeySecretRef"),
        "{err}"
    );

    for form in ["yaml", "compose"] {
        let (out, _, code) = render(
            &[
                "-f",
                "-",
                "--as",
                form,
                "--telemetry",
                "http://otel:4318",
                "--log-level",
                "debug",
            ],
            ARTICLE,
        )
        .await;
        assert_eq!(code, 0);
        let read: serde_json::Value = serde_saphyr::from_str(&out).unwrap();
        assert!(read.is_object());
        assert!(
            out.contains("http://otel:4318") && out.contains("DEBUG"),
            "{out}"
        );
    }
    let (_, err, code) = render(&["-f", "-", "--log-level", "loud"], ARTICLE).await;
    assert_eq!(
        (code, err.as_str()),
        (
            2,
            "kaos: --log-level: expected TRACE, DEBUG, INFO, WARNING or ERROR\n"
        )
    );
}

/// What others wrote neither commands a terminal nor shows a secret.
#[tokio::test]
async fn neither_escapes_nor_secrets_leave() {
    let token = "ghp_1234567890abcdefghijABCDEFGHIJ123456";
    let text = format!(
        "{{apiVersion: kaos.tools/v1alpha1, kind: \"A\\e[2Jgent\", metadata: {{name: a}}}}\n---\n\
         {{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {{name: \"b\\e]0;x\\a\"}}, spec: {{runtime: \"c\\e[31m\", \"d\\e[1m\": 1, \"{token}\": 1}}}}\n"
    );
    let (out, err, code) = render(&["-f", "-"], &text).await;
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        !err.contains(['\u{1b}', '\u{7}']) && !err.contains(token),
        "{err}"
    );

    let text = format!(
        "{{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {{name: b}}, spec: {{runtime: python-string, params: \"# {token}\\n\", container: {{env: [{{name: INNOCENT, value: {token}}}]}}}}}}"
    );
    for form in ["env", "yaml", "compose"] {
        let (out, err, code) = render(&["-f", "-", "--as", form], &text).await;
        assert_eq!(code, 0, "{err}");
        assert!(
            !out.contains(token) && !err.contains(token),
            "{form}: {out}"
        );
        if form != "env" {
            let _read: serde_json::Value = serde_saphyr::from_str(&out).unwrap();
        }
    }
}

fn folder_of(resources: usize) -> Folder {
    let folder = Folder::new("render");
    std::fs::write(folder.join("models.yaml"), "{apiVersion: kaos.tools/v1alpha1, kind: ModelAPI, metadata: {name: m}, spec: {mode: Proxy, proxyConfig: {models: ['*'], apiBase: 'http://up:1'}}}").unwrap();
    for it in 1..resources {
        let mut text = String::new();
        let written = match it % 4 {
            0 => write!(
                text,
                "apiVersion: kaos.tools/v1alpha1\nkind: MCPServer\nmetadata: {{name: s{it}}}\nspec:\n  runtime: python-string\n  params: |\n    def add(a: float, b: float) -> float:\n        return a + b\n"
            ),
            _ => write!(
                text,
                "apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata: {{name: a{it}}}\nspec:\n  modelAPI: m\n  model: gpt\n  mcpServers: [{}]\n  config: {{description: Number {it}, instructions: Do what is asked.}}\n  agentNetwork: {{access: [{}]}}\n",
                if it > 4 {
                    format!("s{}", it / 4 * 4)
                } else {
                    String::new()
                },
                if it % 4 == 1 && it > 4 {
                    format!("a{}", it - 2)
                } else {
                    String::new()
                }
            ),
        };
        written.unwrap();
        std::fs::write(folder.join(format!("r{it}.yaml")), text).unwrap();
    }
    folder
}

/// The limit is for an optimised command on a machine that does nothing else; here are neither.
#[tokio::test]
async fn a_folder_of_two_hundred_resources_is_rendered_in_no_time() {
    let folder = folder_of(200);
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let began = Instant::now();
        let (out, err, code) = render(
            &[
                "-f",
                folder.to_str().unwrap(),
                "--telemetry",
                "http://otel:4317",
            ],
            "",
        )
        .await;
        best = best.min(began.elapsed());
        assert_eq!(code, 0, "{err}");
        assert_eq!(
            out.lines()
                .filter(|it| it.starts_with("# ") && it.contains("), port "))
                .count(),
            200
        );
    }
    assert!(best < Duration::from_secs(3), "{best:?}");
    println!("kaos render of 200 resources: {best:?}");
}

#[tokio::test]
async fn nothing_to_render_is_said() {
    for input in [
        "",
        "# a comment\n",
        "---\n---\n",
        "{apiVersion: v1, kind: Service, metadata: {name: a}}",
    ] {
        let (out, err, code) = render(&["-f", "-"], input).await;
        assert_eq!((out.as_str(), code), ("", 1), "{input:?}: {err}");
        assert!(
            err.ends_with("error: there is no Agent, MCPServer or ModelAPI in what was read\n1 error, 0 warnings\n"),
            "{input:?}: {err}"
        );
    }
}

/// What other tools keep beside resources is no reason to refuse a folder.
#[tokio::test]
async fn a_folder_with_files_of_other_tools_is_rendered() {
    let folder = folder_of(2);
    for (name, text) in [
        ("values.yaml", "replicas: 1\nimage: {tag: a}\n"),
        ("kustomization.yaml", "resources: [r1.yaml]\n"),
        ("package.json", "{\"name\": \"a\"}"),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let (out, err, code) = render(&["-f", folder.to_str().unwrap()], "").await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("# agent-a1 "), "{out}");
    assert_eq!(
        err.matches("note: is no resource: it has no `apiVersion` and `kind`")
            .count(),
        3,
        "{err}"
    );
    // Half of what a resource has is a mistake, wherever it is.
    std::fs::write(
        folder.join("half.yaml"),
        "kind: Agent\nmetadata: {name: x}\n",
    )
    .unwrap();
    let (_, err, code) = render(&["-f", folder.to_str().unwrap()], "").await;
    assert_eq!(code, 1, "{err}");
}

#[tokio::test]
async fn mistakes_of_the_command_and_of_resources_have_exit_codes_of_their_own() {
    let two = "{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: s, namespace: a}, spec: {runtime: python-string, params: x}}\n---\n\
               {apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: s, namespace: b}, spec: {runtime: python-string, params: x}}";
    let (_, err, code) = render(&["-f", "-", "--as", "compose"], two).await;
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("these resources are in a, b: name with -f only the files of one"),
        "{err}"
    );
    let broken = "{apiVersion: v1, kind: ConfigMap, metadata: {name: kaos-mcp-runtimes}, data: {runtimes.yaml: 'a: ['}}";
    let (_, err, code) = render(&["-f", "-"], broken).await;
    assert_eq!(code, 1, "{err}");
    assert!(
        err.starts_with("-:1:1: error: ConfigMap default/kaos-mcp-runtimes"),
        "{err}"
    );
    let (_, err, code) = render(&["-f", "-", "-n", "Bad NS"], two).await;
    assert_eq!(code, 2, "{err}");
    assert!(
        err.starts_with("kaos: --namespace: expected lower-case letters"),
        "{err}"
    );
}
