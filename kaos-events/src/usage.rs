use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::fields::{always_there, fields};

fields! {
    /// Tokens of one or more model calls.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
    pub struct Usage {
        /// Tokens sent, cached ones included.
        pub input_tokens: u64 as number,
        /// Tokens received, reasoning included.
        pub output_tokens: u64 as number,
        /// Of the input, those read from the provider's cache.
        pub cache_read_tokens: Option<u64> as number,
        /// Of the input, those written to the provider's cache.
        pub cache_creation_tokens: Option<u64> as number,
        /// Of the output, those spent on reasoning.
        pub reasoning_tokens: Option<u64> as number,
    }
}

impl Usage {
    /// Input and output tokens, nothing else known.
    pub const fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self {
            input_tokens,
            output_tokens,
            cache_read_tokens: None,
            cache_creation_tokens: None,
            reasoning_tokens: None,
        }
    }

    /// Input plus output.
    pub const fn total(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        fn add(to: &mut Option<u64>, more: Option<u64>) {
            if let Some(more) = more {
                *to = Some(to.unwrap_or(0).saturating_add(more));
            }
        }
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        add(&mut self.cache_read_tokens, other.cache_read_tokens);
        add(&mut self.cache_creation_tokens, other.cache_creation_tokens);
        add(&mut self.reasoning_tokens, other.reasoning_tokens);
    }
}

always_there! { Usage }
