//! The names of both generations of the conventions, by a table written by hand.

use std::collections::BTreeSet;

use kaos_hooks::Hooks;
use kaos_otel_hook::{Conventions, Settings, SpanNames, Telemetry};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ScopeMetrics};

use super::{Case, play};

/// What is there in the pinned generation alone, and in the latest alone.
const PINNED: &[&str] = &[
    "chat gpt-4o: gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.client.operation.duration of chat",
    "gen_ai.client.operation.time_to_first_chunk of chat",
    "gen_ai.client.token.usage of chat by gen_ai.token.type",
    "gen_ai.client.token.usage of embeddings by gen_ai.token.type",
];
const LATEST: &[&str] = &[
    "chat gpt-4o: gen_ai.usage.cache_write.input_tokens",
    "execute_tool calculator: gen_ai.conversation.id",
    "gen_ai.client.inference.duration of chat",
    "gen_ai.client.inference.time_to_first_chunk of chat",
    "gen_ai.client.inference.operation.input_tokens of chat",
    "gen_ai.client.inference.operation.output_tokens of chat",
    "gen_ai.client.inference.usage.input_tokens of chat by gen_ai.token.modality",
    "gen_ai.client.inference.usage.output_tokens of chat by gen_ai.token.modality",
    "gen_ai.client.inference.usage.cache_read.input_tokens of chat by gen_ai.token.modality",
    "gen_ai.client.inference.usage.cache_write.input_tokens of chat by gen_ai.token.modality",
    "gen_ai.client.inference.usage.reasoning.output_tokens of chat by gen_ai.token.modality",
];

/// The labels of each of a metric's series.
fn series(metric: &Metric) -> Vec<Vec<(String, String)>> {
    fn of<'a>(
        attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>,
    ) -> Vec<(String, String)> {
        let pair = |it: &opentelemetry::KeyValue| (it.key.to_string(), it.value.to_string());
        attributes.map(pair).collect()
    }
    match metric.data() {
        AggregatedMetrics::F64(MetricData::Histogram(it)) => {
            it.data_points().map(|it| of(it.attributes())).collect()
        }
        AggregatedMetrics::U64(MetricData::Histogram(it)) => {
            it.data_points().map(|it| of(it.attributes())).collect()
        }
        AggregatedMetrics::U64(MetricData::Sum(it)) => {
            it.data_points().map(|it| of(it.attributes())).collect()
        }
        _ => Vec::new(),
    }
}

/// Every name of a span's or metric's, and of what; a metric with the label that is its kind's.
fn names(conventions: Conventions) -> BTreeSet<String> {
    let (telemetry, memory) = Telemetry::in_memory();
    let telemetry = telemetry
        .with_names(SpanNames::GenAi)
        .with_conventions(conventions);
    play(&Hooks::new(telemetry.hooks()), Case::Streaming);
    let mut names = BTreeSet::new();
    for span in memory.spans() {
        for attribute in &span.attributes {
            names.insert(format!("{}: {}", span.name, attribute.key));
        }
    }
    for metric in memory
        .metrics()
        .scope_metrics()
        .flat_map(ScopeMetrics::metrics)
    {
        for labels in series(metric) {
            let of = labels
                .iter()
                .find(|(key, _)| key == "gen_ai.operation.name");
            let of = of.map_or(String::new(), |(_, of)| format!(" of {of}"));
            let by = labels
                .iter()
                .find(|(key, _)| key.starts_with("gen_ai.token."));
            let by = by.map_or(String::new(), |(by, _)| format!(" by {by}"));
            names.insert(format!("{}{of}{by}", metric.name()));
        }
    }
    names
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
    names.into_iter().collect()
}

#[test]
fn the_newest_names_differ_by_the_table_and_by_nothing_else() {
    let (pinned, latest) = (names(Conventions::Pinned), names(Conventions::Latest));
    let alone = pinned.difference(&latest).map(String::as_str);
    assert_eq!(sorted(alone), sorted(PINNED.iter().copied()));
    let alone = latest.difference(&pinned).map(String::as_str);
    assert_eq!(sorted(alone), sorted(LATEST.iter().copied()));
    // What stays where it was.
    for name in [
        "gen_ai.client.operation.duration of embeddings",
        "gen_ai.client.operation.duration of invoke_agent",
    ] {
        assert!(pinned.contains(name) && latest.contains(name), "{name}");
    }

    let docs = include_str!("../../../kaos-otel-hook/docs/conventions.md");
    for name in PINNED.iter().chain(LATEST) {
        let words = name
            .split([' ', ':'])
            .find(|word| word.starts_with("gen_ai."));
        let word = words.unwrap();
        let tail = word.strip_prefix("gen_ai.client.inference.usage");
        let tail = tail.or(word.strip_prefix("gen_ai.client.inference.operation"));
        let short = tail.map(|tail| format!("`…{tail}`"));
        let named =
            docs.contains(&format!("`{word}`")) || short.is_some_and(|short| docs.contains(&short));
        assert!(named, "{word} is not in the docs");
    }
}

#[test]
fn the_variable_is_a_list_in_which_others_have_words_too() {
    #[track_caller]
    fn check(list: &'static str, expected: Conventions, warnings: usize) {
        let settings = Settings::from_vars(|name| {
            (name == "OTEL_SEMCONV_STABILITY_OPT_IN").then(|| list.to_owned())
        });
        assert_eq!(settings.conventions, expected, "{list}");
        let said = settings.warnings.iter();
        let said = said.filter(|it| it.contains("OTEL_SEMCONV_STABILITY_OPT_IN"));
        assert_eq!(said.count(), warnings, "{list}");
    }
    use Conventions::{Latest, Pinned};
    check("", Pinned, 0);
    check("http", Pinned, 0);
    check("gen_ai_latest_experimental", Latest, 0);
    check("http/dup, gen_ai_latest_experimental ,database", Latest, 0);
    check("gen_ai_latest_experimental/dup", Pinned, 1);
    check("gen_ai_latest", Pinned, 1);
    check("gen_ai_latest,gen_ai_latest_experimental", Latest, 1);
}
