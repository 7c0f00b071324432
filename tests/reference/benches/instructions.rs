//! What the parts of the pipeline cost in instructions, which a busy machine does not change.
//!
//! `instructions` prints the names of its cases, `instructions CASE` runs one as often as it says:
//! `.ci/instructions` counts what the processor does in [`counted`], with callgrind.

#![expect(clippy::print_stdout, reason = "a bench prints its cases")]

use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};

use kaos_hooks::redact::Redactor;
use kaos_hooks::{Event, EventBuf, Hook, Hooks, Observer, PackedEvents, Run};
use kaos_otel_hook::{MetricsHook, OTelHook};
use kaos_reference::discard::{Noop, metrics, traces, traces_by_hand};
use kaos_reference::text;
use kaos_reference::turn::{self as reference, ByHand, Fixture};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::Sampler::{AlwaysOff, AlwaysOn};

/// How often a case is run before it is counted: series are known then, and buffers have grown.
const BEFORE: usize = 20;

/// How often it is counted.
const TIMES: usize = 10;

/// One thing to count.
type Case = Box<dyn Fn()>;

fn main() {
    let cases = cases();
    let Some(wanted) = std::env::args().nth(1).filter(|it| it != "--bench") else {
        for (name, _) in cases {
            println!("{name}");
        }
        return;
    };
    let case = cases.into_iter().find(|(name, _)| *name == wanted);
    let (_, case) = case.expect("one of the cases that are printed without an argument");
    for _ in 0..BEFORE {
        case();
    }
    counted(&*case);
}

/// What callgrind counts; a function of its own, in whatever is made of it.
#[inline(never)]
fn counted(case: &dyn Fn()) {
    for _ in 0..TIMES {
        case();
    }
}

/// All cases: a turn is the reference turn of 13 spans and 34 events.
fn cases() -> Vec<(&'static str, Case)> {
    let turn = |hooks: Hooks, entered: bool| -> Case {
        let fixture = Fixture::default();
        Box::new(move || reference::turn(&hooks, &fixture, entered))
    };
    let spans = |sampler| OTelHook::with_provider(&traces(sampler));
    let measured = || MetricsHook::with_provider(&metrics());
    vec![
        ("raw", raw()),
        ("emit", turn(Hooks::default(), false)),
        ("dispatch", turn(Hooks::new((Noop, Noop, Noop)), false)),
        ("pack", turn(Hooks::new(Pack::default()), false)),
        ("spans", turn(Hooks::new(spans(AlwaysOn)), false)),
        ("spans-entered", turn(Hooks::new(spans(AlwaysOn)), true)),
        ("spans-unsampled", turn(Hooks::new(spans(AlwaysOff)), false)),
        ("metrics", turn(Hooks::new(measured()), false)),
        (
            "spans-metrics",
            turn(Hooks::new((spans(AlwaysOn), measured())), false),
        ),
        ("encode", encode()),
        ("redact-prose", redact(text::prose(16 * 1024, 1))),
        ("redact-json", redact(text::json(16 * 1024, 1))),
        (
            "redact-secrets",
            redact("password=aB3dE5fG7h user@example.org\n".repeat(400)),
        ),
        ("redact-fields", redact(fields())),
    ]
}

/// The same spans made by hand, which nothing of ours is part of.
fn raw() -> Case {
    let by_hand = ByHand::new(traces_by_hand().tracer("by-hand"));
    Box::new(move || by_hand.turn())
}

/// The lines of a turn's events.
fn encode() -> Case {
    let events = Pack::default();
    reference::turn(&Hooks::new(events.clone()), &Fixture::default(), false);
    let events: Vec<EventBuf> = events.lock().iter().collect();
    Box::new(move || {
        for event in &events {
            black_box(event.to_line());
        }
    })
}

fn redact(text: String) -> Case {
    let redactor = Redactor::new();
    Box::new(move || {
        black_box(redactor.any(black_box(&text)));
    })
}

/// An object whose names all mean a secret: of what was made to be slow, the slowest in JSON.
fn fields() -> String {
    let fields: Vec<String> = (0..680).map(|n| format!("\"otp: {n}\":\"x1y2\"")).collect();
    format!("{{{}}}", fields.join(","))
}

/// Packs the events of a turn as the queues do.
#[derive(Clone, Default)]
struct Pack(Arc<Mutex<PackedEvents>>);

impl Pack {
    fn lock(&self) -> std::sync::MutexGuard<'_, PackedEvents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hook for Pack {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        self.lock().clear();
        let events = self.clone();
        Some(Box::new(move |event: &Event<'_>| events.lock().push(event)))
    }
}
