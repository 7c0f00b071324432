//! Which generation of the GenAI conventions is followed, and all that differs between them: the one
//! place that changes when the next revision is pinned.

use kaos_hooks::{Run, Str};

/// The variable that asks for names before they are pinned.
pub(crate) const STABILITY_OPT_IN: &str = "OTEL_SEMCONV_STABILITY_OPT_IN";
const LATEST: &str = "gen_ai_latest_experimental";

/// Which names the GenAI attributes and metrics have.
///
/// `docs/conventions.md` has what differs. Both generations at once are a violation of either, so
/// there is no `/dup`.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::{Conventions, Telemetry, TelemetryHooks};
///
/// let (telemetry, spans) = Telemetry::in_memory();
/// let telemetry = telemetry.with_conventions(Conventions::Latest);
/// let hooks: TelemetryHooks = telemetry.hooks(); // in one tuple with others: `Hooks::new((hooks, LogHook::new()))`
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Conventions {
    /// Those of the pinned revision, which backends and dashboards of today know.
    #[default]
    Pinned,
    /// Those merged upstream since (November 2026): `OTEL_SEMCONV_STABILITY_OPT_IN` with
    /// `gen_ai_latest_experimental`.
    Latest,
}

impl Conventions {
    /// Those that a list like `OTEL_SEMCONV_STABILITY_OPT_IN` asks for, and warnings. Words of other
    /// conventions (`http`, `database`, …) are for those who follow them.
    pub(crate) fn from_list(list: Option<&str>) -> (Self, Vec<String>) {
        let words = list.unwrap_or_default().split(',').map(str::trim);
        let ours: Vec<&str> = words.filter(|word| word.starts_with("gen_ai")).collect();
        let latest = ours.contains(&LATEST);
        let (chosen, used) = if latest {
            (Self::Latest, LATEST)
        } else {
            (Self::Pinned, "the pinned conventions")
        };
        let unknown = ours.into_iter().filter(|word| *word != LATEST);
        let warning =
            |word| format!("{STABILITY_OPT_IN} has `{word}`, which is not {LATEST}; using {used}");
        (chosen, unknown.map(warning).collect())
    }

    /// What is said under a pinned name that is another since: `gen_ai.usage.cache_creation.…`.
    pub(crate) fn pinned<T>(self, said: Option<T>) -> Option<T> {
        said.filter(|_| self == Self::Pinned)
    }

    /// What is said under that other name: `gen_ai.usage.cache_write.…`.
    pub(crate) fn latest<T>(self, said: Option<T>) -> Option<T> {
        said.filter(|_| self == Self::Latest)
    }

    /// The conversation, as a tool's call says it: the pinned revision does not have it there.
    pub(crate) fn conversation_of_tool(self, run: &Run) -> Option<&Str> {
        self.latest(run.session.shared())
    }
}

/// Names of metrics.
#[cfg(feature = "metrics")]
pub(crate) mod measured {
    use super::Conventions;
    use crate::semconv;

    /// A name, by generation.
    #[derive(Debug)]
    pub(crate) struct Renamed {
        pinned: &'static str,
        latest: &'static str,
    }

    const fn renamed(pinned: &'static str, latest: &'static str) -> Renamed {
        Renamed { pinned, latest }
    }

    /// Seconds of an inference; all else that is done elsewhere keeps the pinned name.
    pub(crate) const INFERENCE_DURATION: Renamed = renamed(
        semconv::GEN_AI_CLIENT_OPERATION_DURATION,
        "gen_ai.client.inference.duration",
    );
    /// Seconds to the first chunk.
    pub(crate) const TIME_TO_FIRST_CHUNK: Renamed = renamed(
        semconv::GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK,
        "gen_ai.client.inference.time_to_first_chunk",
    );
    /// Seconds between two chunks.
    pub(crate) const TIME_PER_OUTPUT_CHUNK: Renamed = renamed(
        semconv::GEN_AI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK,
        "gen_ai.client.inference.time_per_output_chunk",
    );

    /// What stands in place of `gen_ai.client.token.usage` and its `gen_ai.token.type`: a counter for each
    /// kind of token, and a histogram of each call's.
    pub(crate) mod latest {
        pub(crate) const TOKEN_MODALITY: &str = "gen_ai.token.modality";
        pub(crate) const INPUT: &str = "gen_ai.client.inference.usage.input_tokens";
        pub(crate) const OUTPUT: &str = "gen_ai.client.inference.usage.output_tokens";
        pub(crate) const CACHE_READ: &str = "gen_ai.client.inference.usage.cache_read.input_tokens";
        pub(crate) const CACHE_WRITE: &str =
            "gen_ai.client.inference.usage.cache_write.input_tokens";
        pub(crate) const REASONING: &str = "gen_ai.client.inference.usage.reasoning.output_tokens";
        pub(crate) const INPUT_OF_CALL: &str = "gen_ai.client.inference.operation.input_tokens";
        pub(crate) const OUTPUT_OF_CALL: &str = "gen_ai.client.inference.operation.output_tokens";
    }

    impl Conventions {
        pub(crate) const fn name(self, name: &Renamed) -> &'static str {
            match self {
                Self::Pinned => name.pinned,
                Self::Latest => name.latest,
            }
        }
    }
}
