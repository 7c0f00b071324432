//! What an event costs deep inside a tree: a span and two values inside 256 open spans, as a ratio
//! to the same inside one.
//!
//! `cargo bench -p kaos-reference --bench depth`; `-- --json` prints one JSON object a line.

use futures_util::FutureExt as _;
use kaos_hooks::{Custom, CustomOutcome, Hooks, Scope, TextDelta, Turn};
use kaos_otel_hook::OTelHook;
use kaos_reference::discard::Noop;
use kaos_reference::interleaved::{Case, compare};
use opentelemetry_sdk::trace::SdkTracerProvider;

/// A turn with this many open spans, each inside the one before.
struct Deep {
    turn: Scope<Turn>,
    open: Vec<Scope<Custom>>,
}

impl Deep {
    fn new(hooks: &Hooks, depth: usize) -> Self {
        let turn = hooks.turn(Turn::new("assistant"));
        let mut open = vec![turn.open(Custom::new("outermost"))];
        while let Some(inner) = open.last().filter(|_| open.len() < depth) {
            open.push(inner.open(Custom::new("inner")));
        }
        Self { turn, open }
    }

    fn work(&self) {
        let _waited = self.turn.ready().now_or_never();
        if let Some(innermost) = self.open.last() {
            let scope = innermost.open(Custom::new("work"));
            scope.emit(TextDelta::default());
            scope.emit(TextDelta::default());
            scope.complete(CustomOutcome::default());
        }
    }
}

fn main() {
    let provider = SdkTracerProvider::builder().build();
    let noop = Hooks::new(Noop);
    let otel = Hooks::new(OTelHook::with_provider(&provider));
    for (hooks, names) in [
        (noop, ["noop, depth 1", "noop, depth 256"]),
        (otel, ["otel, depth 1", "otel, depth 256"]),
    ] {
        let [shallow, deep] = [1, 256].map(|depth| Deep::new(&hooks, depth));
        let mut cases = [
            Case::new(names[0], || shallow.work()),
            Case::new(names[1], || deep.work()),
        ];
        compare(&mut cases, 2_000, 101);
    }
}
