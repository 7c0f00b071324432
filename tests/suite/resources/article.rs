//! The article's YAML (`support/kaos-operator/README.md`) renders as it stands, or says what it has that never was.

use kaos_operator::{Defaults, Rule, Severity};

use super::{found, named, rendered, telemetry, value};

const ARTICLE: &str = include_str!("../../support/kaos-operator/article.yaml");

#[test]
fn the_article_renders_and_says_which_field_never_existed_and_what_replaces_it() {
    let told = found(ARTICLE, &Defaults::default());
    assert_eq!(
        told,
        [
            "team.yaml:12:5: warning: ModelAPI kaos-hierarchy/llm-proxy: spec.proxyConfig.apiKeySecretRef: \
             no version of KAOS has this field; it is read as `spec.proxyConfig.apiKey.valueFrom.secretKeyRef`",
            "team.yaml:12:5: warning: ModelAPI kaos-hierarchy/llm-proxy: spec.proxyConfig.apiKey.valueFrom: \
             the Secret llm-api-key (key api-key) is not among these resources",
        ]
    );
    let (all, _) = rendered(ARTICLE, &telemetry(Some(true), "http://global:4317"));
    let names: Vec<&str> = all.workloads.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "modelapi-llm-proxy",
            "mcpserver-calculator",
            "mcpserver-echo-search",
            "agent-analyst",
            "agent-coordinator",
            "agent-researcher"
        ]
    );
}

#[test]
fn what_the_article_s_older_draft_says_is_what_the_newer_one_does() {
    let (all, _) = rendered(ARTICLE, &Defaults::default());
    let calculator = named(&all, "mcpserver-calculator");
    let endpoint = value(calculator, "OTEL_EXPORTER_OTLP_ENDPOINT");
    assert_eq!(
        endpoint.unwrap(),
        "http://signoz-otel-collector.observability:4317"
    );
    assert!(
        value(calculator, "MCP_TOOLS_STRING")
            .unwrap()
            .contains("def share(")
    );
    let search = named(&all, "mcpserver-echo-search");
    assert_eq!(value(search, "OTEL_SDK_DISABLED"), None);
    assert_eq!(
        value(named(&all, "modelapi-llm-proxy"), "PROXY_API_KEY").unwrap(),
        "secret llm-api-key/api-key"
    );
    assert_eq!(
        value(named(&all, "agent-coordinator"), "PEER_AGENTS").unwrap(),
        "analyst,researcher"
    );
}

#[test]
fn what_today_s_command_line_prints_is_read() {
    let text = include_str!("../../support/kaos-operator/dry-run-0.8.4.yaml");
    let (all, findings) = rendered(text, &Defaults::default());
    assert!(
        !findings
            .iter()
            .any(|it| it.rule == Rule::UnknownField || it.rule == Rule::Shape),
        "{findings:#?}"
    );
    // They were printed one by one: what they name is elsewhere.
    let errors = findings.iter().filter(|it| it.severity == Severity::Error);
    let rules: Vec<Rule> = errors.map(|it| it.rule).collect();
    assert_eq!(
        rules,
        [
            Rule::MissingReference,
            Rule::MissingPeer,
            Rule::MissingReference
        ]
    );
    assert_eq!(all.workloads.len(), 3);
}
