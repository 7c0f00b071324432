//! A runner that is recorded and exported to memory.

use kaos_hooks::testing::{Recorder, assert_tree};
use kaos_otel_hook::{Memory, Telemetry};
use kaos_runner::{Agent, Runner};

use crate::exported::assert_exported;

/// An agent's runner with a recorder and in-memory telemetry.
#[derive(Debug)]
pub struct Observed {
    /// Runs the agent.
    pub runner: Runner,
    /// Has the events.
    pub recorder: Recorder,
    /// Has the spans.
    pub memory: Memory,
    /// Made the spans.
    pub telemetry: Telemetry,
}

impl Observed {
    /// This agent, observed.
    pub fn new(agent: Agent) -> Self {
        crate::subscribed();
        let (telemetry, memory) = Telemetry::in_memory();
        let recorder = Recorder::new();
        let runner = Runner::new(agent).hooks((telemetry.hooks(), recorder.clone()));
        Self {
            runner,
            recorder,
            memory,
            telemetry,
        }
    }

    /// Asserts the tree of all runs so far, that the events keep the stream's promises, that the
    /// exported spans are the events', and that nothing is left behind.
    ///
    /// # Panics
    ///
    /// If one of these does not hold.
    #[track_caller]
    pub fn assert_tree(&self, expected: &str) {
        assert_tree(&self.recorder, expected);
        self.assert_sound();
    }

    /// As [`assert_tree`](Self::assert_tree), whatever the tree is.
    ///
    /// # Panics
    ///
    /// If one of these does not hold.
    #[track_caller]
    pub fn assert_sound(&self) {
        self.recorder.check().unwrap();
        assert_exported(&self.recorder, &self.memory.spans());
        let hooks = self.runner.observed_by();
        assert!(
            hooks.stats().iter().all(|stats| stats.live_observers == 0),
            "{:?}",
            hooks.stats()
        );
        assert_eq!(hooks.emitter().live_runs(), 0);
    }
}
