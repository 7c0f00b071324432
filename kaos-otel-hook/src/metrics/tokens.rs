//! Tokens of model calls, as each generation of the conventions measures them.

use std::sync::OnceLock;

use kaos_hooks::Usage;
use opentelemetry::metrics::{BoundCounter, BoundHistogram, Counter, Histogram};

use super::labels::Labels;
use crate::conventions::measured::latest;
use crate::semconv;

/// The instruments.
#[derive(Clone)]
pub(super) enum Tokens {
    /// One for input and output, told apart by a label.
    ByType(Histogram<u64>),
    /// One for each, and of inference alone.
    Each(Box<Each>),
}

#[derive(Clone)]
pub(super) struct Each {
    pub(super) input: Counter<u64>,
    pub(super) output: Counter<u64>,
    /// Parts of these.
    pub(super) cache_read: Counter<u64>,
    pub(super) cache_write: Counter<u64>,
    pub(super) reasoning: Counter<u64>,
    pub(super) input_of_call: Histogram<u64>,
    pub(super) output_of_call: Histogram<u64>,
}

/// The instruments, bound to a kind of call.
pub(super) enum BoundTokens {
    ByType {
        input: BoundHistogram<u64>,
        output: Option<BoundHistogram<u64>>,
    },
    Each(Box<BoundEach>),
    Nothing,
}

pub(super) struct BoundEach {
    input: BoundCounter<u64>,
    output: BoundCounter<u64>,
    cache_read: Part,
    cache_write: Part,
    reasoning: Part,
    input_of_call: BoundHistogram<u64>,
    output_of_call: BoundHistogram<u64>,
}

/// Bound when it is first something: what is bound is exported.
struct Part {
    counter: Counter<u64>,
    labels: Labels,
    bound: OnceLock<BoundCounter<u64>>,
}

impl Part {
    fn new(counter: &Counter<u64>, labels: &Labels) -> Self {
        Self {
            counter: counter.clone(),
            labels: labels.clone(),
            bound: OnceLock::new(),
        }
    }

    fn add(&self, tokens: Option<u64>) {
        if let Some(tokens) = tokens.filter(|tokens| *tokens > 0) {
            let bound = self.bound.get_or_init(|| self.counter.bind(&self.labels));
            bound.add(tokens);
        }
    }
}

impl Tokens {
    pub(super) fn bind(&self, labels: &Labels, inference: bool) -> BoundTokens {
        match self {
            Self::ByType(tokens) => {
                let bound = |kind| {
                    let mut labels = labels.clone();
                    labels.word(semconv::GEN_AI_TOKEN_TYPE, kind);
                    tokens.bind(&labels)
                };
                BoundTokens::ByType {
                    input: bound("input"),
                    output: inference.then(|| bound("output")),
                }
            }
            Self::Each(_) if !inference => BoundTokens::Nothing,
            Self::Each(each) => {
                let mut counted = labels.clone();
                counted.word(latest::TOKEN_MODALITY, "unknown");
                BoundTokens::Each(Box::new(BoundEach {
                    input: each.input.bind(&counted),
                    output: each.output.bind(&counted),
                    cache_read: Part::new(&each.cache_read, &counted),
                    cache_write: Part::new(&each.cache_write, &counted),
                    reasoning: Part::new(&each.reasoning, &counted),
                    input_of_call: each.input_of_call.bind(labels),
                    output_of_call: each.output_of_call.bind(labels),
                }))
            }
        }
    }
}

impl BoundTokens {
    pub(super) fn record(&self, usage: Usage) {
        match self {
            Self::ByType { input, output } => {
                input.record(usage.input_tokens);
                if let Some(output) = output {
                    output.record(usage.output_tokens);
                }
            }
            Self::Each(each) => {
                each.input.add(usage.input_tokens);
                each.output.add(usage.output_tokens);
                each.cache_read.add(usage.cache_read_tokens);
                each.cache_write.add(usage.cache_creation_tokens);
                each.reasoning.add(usage.reasoning_tokens);
                each.input_of_call.record(usage.input_tokens);
                each.output_of_call.record(usage.output_tokens);
            }
            Self::Nothing => {}
        }
    }
}
