//! Writes a trail as large as is asked for: `write_runs DIR RUNS BYTES SPANS`, so many runs of so many bytes each, and then one of
//! so many spans, whose trace it prints.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a helper of tests asserts, and prints what it made"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kaos_hooks::audit::{AuditHook, ByHand, SigningKey};
use kaos_hooks::{
    Emitter, Event, EventBuf, Hooks, LlmCall, LlmOutcome, ManualClock, Run, SpanContext, Step,
    StepOutcome, ToolCall, ToolOutcome, Turn, TurnOutcome, Usage,
};

/// The large run's.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

const DAY: u64 = 24 * 3600 * 1_000_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|it| it.parse::<usize>().ok());
    let (Some(directory), Some(runs), Some(bytes), Some(spans)) =
        (arguments.first(), number(1), number(2), number(3))
    else {
        println!("usage: write_runs DIR RUNS BYTES SPANS");
        return;
    };
    let key = SigningKey::from_seed("large", &[3; 32]).unwrap();
    let clock = ManualClock::at_unix_nanos(1_767_225_600_000_000_000);
    let events: Arc<Mutex<Vec<EventBuf>>> = Arc::default();
    let seen = Arc::clone(&events);
    let hooks = Hooks::with_emitter(
        Emitter::new().with_clock(clock.clone()),
        move |_run: &Run| {
            let seen = Arc::clone(&seen);
            move |event: &Event<'_>| seen.lock().unwrap().push(event.to_buf())
        },
    );
    let mut writer = AuditHook::builder(directory)
        .signing_key(key)
        .open_by_hand()
        .unwrap();
    // Five texts make up for nearly all of a run.
    let text = "The lease runs three years from the first of January, and costs 1250 a month. "
        .repeat(bytes / 5 / 78 + 1);
    for run in 0..runs {
        clock.advance(Duration::from_nanos(30 * DAY / runs as u64));
        turn(&hooks, &clock, run, &text);
        if run % 64 == 63 {
            write(&mut writer, &events);
        }
    }
    write(&mut writer, &events);
    let large = hooks.turn(Turn {
        input: Some("the large one".into()),
        ..Turn::new("large").parent(SpanContext::remote(
            TRACE.parse().unwrap(),
            "00f067aa0ba902b7".parse().unwrap(),
        ))
    });
    println!("{TRACE} {}", large.id());
    for number in 0..spans / 10 {
        let step = large.open(Step::new(u32::try_from(number + 1).unwrap()));
        for _ in 0..9 {
            let tool = step.open(ToolCall::new("search"));
            clock.advance(Duration::from_millis(3));
            tool.complete(ToolOutcome::default());
        }
        step.complete(StepOutcome::default());
        write(&mut writer, &events);
    }
    large.complete(TurnOutcome::default());
    write(&mut writer, &events);
    writer.seal().unwrap();
}

fn write(writer: &mut ByHand, events: &Mutex<Vec<EventBuf>>) {
    let events = std::mem::take(&mut *events.lock().unwrap());
    for batch in events.chunks(256) {
        writer.write(batch.to_vec()).unwrap();
    }
}

fn turn(hooks: &Hooks, clock: &ManualClock, run: usize, text: &str) {
    let millis = |base: usize| Duration::from_millis((base + run * 37 % 4000) as u64);
    let turn = hooks.turn(Turn {
        input: Some(format!("question {run}: what does the lease cost?").into()),
        ..Turn::new(["coordinator", "researcher", "analyst"][run % 3])
            .session(format!("session-{}", run / 4))
    });
    for number in 1..=2 {
        let step = turn.open(Step::new(number));
        let call = step.open(LlmCall {
            input: Some(
                format!(r#"[{{"role":"user","parts":[{{"type":"text","content":"{text}"}}]}}]"#)
                    .into(),
            ),
            ..LlmCall::new("openai", "gpt-4o")
        });
        clock.advance(millis(300));
        call.complete(LlmOutcome {
            usage: Some(Usage::new(900, 60)),
            output: Some(
                format!(
                    r#"[{{"role":"assistant","parts":[{{"type":"text","content":"{text}"}}]}}]"#
                )
                .into(),
            ),
            ..LlmOutcome::default()
        });
        if number == 1 {
            let tool = step.open(ToolCall::new(["search", "multiply"][run % 2]));
            clock.advance(millis(40));
            tool.complete(ToolOutcome {
                result: Some(text.to_owned().into()),
                ..ToolOutcome::default()
            });
        }
        step.complete(StepOutcome::default());
    }
    if run.is_multiple_of(50) {
        turn.fail(kaos_hooks::Failure::new("timeout"));
    } else {
        turn.complete(TurnOutcome {
            text: Some(format!("answer {run}").into()),
            ..TurnOutcome::default()
        });
    }
}
