//! YAML as an attacker, another tool or a tired hand writes it.

use std::time::{Duration, Instant};

use kaos_operator::{Defaults, Rule};

use super::{errors, found, reading, rendered, value};

fn server(params: &str) -> String {
    format!(
        "apiVersion: kaos.tools/v1alpha1\nkind: MCPServer\nmetadata: {{name: s}}\nspec:\n  runtime: python-string\n  params: {params}\n"
    )
}

/// The rules are those of go-yaml 2 under sigs.k8s.io/yaml: what `kubectl` would send.
#[test]
fn plain_scalars_mean_what_they_mean_to_kubectl() {
    for (written, is) in [
        ("hello", "text"),
        ("yes", "a boolean"),
        ("No", "a boolean"),
        ("ON", "a boolean"),
        ("off", "a boolean"),
        ("y", "a boolean"),
        ("N", "a boolean"),
        ("true", "a boolean"),
        ("tRue", "text"),
        ("yEs", "text"),
        ("oui", "text"),
        ("1", "a number"),
        ("-17", "a number"),
        ("+1", "a number"),
        ("0x1F", "a number"),
        ("0o17", "a number"),
        ("017", "a number"),
        ("0b101", "a number"),
        ("1_000", "a number"),
        ("1.5", "a number"),
        (".5", "a number"),
        ("1e+3", "a number"),
        ("18446744073709551615", "a number"),
        ("99999999999999999999", "a number"),
        ("1.2.3", "text"),
        ("4317:4317", "text"),
        ("2026-01-31", "text"),
        ("0x", "text"),
        ("--1", "text"),
        ("+-1", "text"),
        (".inf", "text"),
        (".nan", "text"),
        ("1h", "text"),
        ("\"yes\"", "text"),
        ("'1'", "text"),
        ("!!str yes", "text"),
        ("!!int 1", "a number"),
        ("[a]", "a list"),
        ("{a: b}", "a map"),
    ] {
        let told = found(&server(written), &Defaults::default());
        match is {
            "text" => assert!(told.is_empty(), "{written}: {told:?}"),
            kind => {
                let text = format!("expected a text, found {kind}");
                assert!(
                    told.len() == 1 && told[0].contains(&text),
                    "{written}: {told:?}"
                );
            }
        }
    }
    for (nothing, there) in [("~", false), ("null", false), ("", false), ("''", true)] {
        let (all, findings) = rendered(&server(nothing), &Defaults::default());
        let told = findings.iter().map(|it| it.rule).collect::<Vec<_>>();
        assert_eq!(told, [Rule::MissingVariable], "{nothing}: {findings:?}");
        assert_eq!(
            value(&all.workloads[0], "MCP_TOOLS_STRING").is_some(),
            there,
            "{nothing}"
        );
    }
}

#[test]
fn what_is_no_yaml_of_ours_is_said_with_its_line() {
    for (text, line, message) in [
        (
            "a: b\n\tc: d\n",
            0,
            "(line 2 begins with a tab; YAML is indented with blanks)",
        ),
        ("a: [b\n", 0, "unclosed bracket"),
        ("a: 'b\n", 0, ""),
        ("a: *b\n", 1, "anchor"),
        (
            "a: 1\nb: 2\na: 3\n",
            3,
            "`a` is here twice; the first is on line 1",
        ),
        ("a: &x [*x]\n", 1, "an alias inside of what it stands for"),
        (
            "a: !vault secret\n",
            1,
            "a tag that says more than YAML's own types",
        ),
        (
            "a: !!binary c2VjcmV0\n",
            1,
            "a tag that says more than YAML's own types",
        ),
        ("{a: b}: c\n", 1, "a key is a map; only texts are keys"),
        ("? [a]\n: b\n", 1, "a key is a list; only texts are keys"),
        ("a:\n  <<: 3\n", 2, "`<<` takes a map, or a list of maps"),
    ] {
        let (_, findings) = reading(text);
        assert_eq!(findings[0].rule, Rule::Yaml, "{text:?}: {findings:?}");
        let place = findings[0].place.as_ref().unwrap();
        assert!(line == 0 || place.line == line, "{text:?}: {place}");
        assert!(
            findings[0].message.contains(message),
            "{text:?}: {}",
            findings[0]
        );
    }
}

#[test]
fn what_was_whole_before_the_mistake_is_read() {
    let text = server("x") + "---\na: [\n";
    let (all, findings) = rendered(&text, &Defaults::default());
    assert_eq!(all.workloads.len(), 1);
    assert_eq!(errors(&findings).len(), 1, "{findings:?}");
}

#[test]
fn line_ends_byte_order_marks_and_comments_are_no_matter() {
    let plain = server("|\n    one\n    two");
    let (expected, _) = rendered(&plain, &Defaults::default());
    for text in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        format!("%YAML 1.2\n---\n{plain}...\n"),
        format!("# a comment\n---\n---\n# nothing\n---\n{plain}---\n"),
    ] {
        let (all, findings) = rendered(&text, &Defaults::default());
        assert!(findings.is_empty(), "{text:?}: {findings:?}");
        assert_eq!(all.workloads, expected.workloads, "{text:?}");
    }
}

#[test]
fn aliases_and_merge_keys_are_read() {
    let text = "apiVersion: kaos.tools/v1alpha1\nkind: MCPServer\nmetadata: &m {name: s}\nspec:\n  runtime: &r python-string\n  params: *r\n  telemetry: {<<: &t {enabled: true, endpoint: 'http://a:4317'}, endpoint: 'http://b:4317'}\n";
    let (all, findings) = rendered(text, &Defaults::default());
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(
        value(&all.workloads[0], "MCP_TOOLS_STRING").unwrap(),
        "python-string"
    );
    assert_eq!(
        value(&all.workloads[0], "OTEL_EXPORTER_OTLP_ENDPOINT").unwrap(),
        "http://b:4317"
    );
}

#[track_caller]
fn within(limit: Duration, what: &str, text: &str) -> Vec<kaos_operator::Finding> {
    let began = Instant::now();
    let (_, findings) = reading(text);
    let took = began.elapsed();
    assert!(took < limit, "{what}: {took:?}");
    findings
}

/// Generous limits: a machine that does other things, without optimisation. What explodes takes for ever.
#[test]
fn nothing_that_is_small_becomes_large_or_slow() {
    let limit = Duration::from_secs(60);
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (before, it) in ('a'..'j').zip('b'..='j') {
        let ten = vec![format!("*{before}"); 10].join(", ");
        bomb.extend([&format!("{it}: &{it} ["), ten.as_str(), "]\n"]);
    }
    let found = within(limit, "ten to the tenth", &bomb);
    assert!(found[0].message.contains("a hundred thousand"), "{found:?}");

    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        vec!["*a"; 1000].join(", ")
    );
    let found = within(limit, "a long text a thousand times", &long);
    assert!(found[0].message.contains("4 MiB"), "{found:?}");

    let nested: String = (0..200).map(|it| format!("&a{it} [")).collect();
    within(
        limit,
        "anchors in anchors",
        &format!("a: {nested}{}", "]".repeat(200)),
    );

    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        for depth in [200, 100_000] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            within(limit, open, &text);
        }
    }
    let deep: String = (0..5000)
        .map(|it| format!("{}a:\n", " ".repeat(it)))
        .collect();
    within(limit, "deep blocks", &deep);

    let wide: String = (0..100_000).map(|it| format!("k{it}: v\n")).collect();
    within(limit, "many keys", &wide);
    let wide: String = (0..20_000).map(|it| format!("  nmae{it}: v\n")).collect();
    let found = within(limit, "many unknown fields", &(server("x") + &wide));
    assert_eq!(found.len(), 201, "200, and how many more there are");
    let key = format!("  {}: v\n", "modle".repeat(10_000));
    within(limit, "a long unknown field", &(server("x") + &key));

    let documents = "---\na: b\n".repeat(10_000);
    assert_eq!(
        within(limit, "ten thousand documents", &documents).len(),
        10_000
    );
    within(limit, "a million line breaks", &"\n".repeat(1_000_000));
    within(
        limit,
        "a long line",
        &format!("a: \"{}\"", "\\x41".repeat(500_000)),
    );
    within(limit, "question marks", &"? ".repeat(100_000));
}

#[test]
fn a_chart_s_template_says_that_it_is_one() {
    for template in [
        "apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata:\n  name: {{ .Values.name }}\n",
        "{{- if .Values.agents }}\napiVersion: kaos.tools/v1alpha1\n{{- end }}\n",
        "apiVersion: kaos.tools/v1alpha1\nkind: Agent\nmetadata:\n  name: a\nspec:\n  {{- toYaml .Values.spec | nindent 2 }}\n",
        "apiVersion: kaos.tools/v1alpha1\nkind: MCPServer\nmetadata:\n  name: a\nspec:\n  runtime: {{ .Values.runtime | quote }}\n",
    ] {
        let (_, findings) = reading(template);
        assert_eq!(findings[0].rule, Rule::Template, "{findings:#?}");
        assert!(
            findings[0]
                .message
                .contains("helm template CHART | kaos render -f -")
        );
    }
    // A prompt may have braces.
    assert!(found(&server("'{{ name }}'"), &Defaults::default()).is_empty());
}

/// Findings tell names that others chose; the command shows control characters as escapes.
#[test]
fn a_name_with_control_characters_is_no_name() {
    let text = "{apiVersion: kaos.tools/v1alpha1, kind: MCPServer, metadata: {name: \"a\\e[2Jb\"}, spec: {runtime: python-string}}";
    let (all, findings) = rendered(text, &Defaults::default());
    assert_eq!(findings[0].rule, Rule::Name);
    assert!(all.workloads.is_empty());
}
