//! Events packed for a queue are the events that were put in. One of each kind is tried with the
//! codec's properties.

use std::sync::{Arc, Mutex};

use kaos_events::{Event, EventBuf, PackedEvents};
use kaos_hooks::testing::Recorder;
use kaos_hooks::{Hooks, Subject, ToolCall, Turn};
use kaos_tests::reference::{self, EVENTS, Fixture};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::codec::{arbitrary, borrowed, cases};

fn packed(events: &[EventBuf]) -> PackedEvents {
    let mut packed = PackedEvents::default();
    for event in events.iter().filter_map(borrowed) {
        packed.push(&event);
    }
    packed
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases("KAOS_CASES", 200))
    })]

    /// Runs change from one event to the next, or stay.
    #[test]
    fn a_row_of_events_is_unpacked_as_it_was_packed(
        events in vec((arbitrary::event(), any::<bool>()), 0..12),
    ) {
        let mut row: Vec<EventBuf> = Vec::new();
        for (mut event, stays) in events {
            if let Some(former) = row.last() && stays {
                event.run = former.run.clone();
            }
            row.extend(borrowed(&event).map(|event| event.to_buf()));
        }
        let mut packed = packed(&row);
        prop_assert_eq!(packed.len(), row.len());
        prop_assert_eq!(packed.iter().collect::<Vec<_>>(), row.clone());

        packed.clear();
        prop_assert_eq!((packed.len(), packed.bytes()), (0, 0));
        for event in row.iter().filter_map(borrowed) {
            packed.push(&event);
        }
        prop_assert_eq!(packed.iter().collect::<Vec<_>>(), row);
    }
}

/// A tool call with arguments of so many bytes: how many more hold the text once it is packed, and
/// how many bytes it takes.
fn check_text(length: usize, holders: usize, bytes: std::ops::Range<usize>) {
    let text: Arc<str> = "x".repeat(length).into();
    let recorder = Recorder::new();
    let turn = Hooks::new(recorder.clone()).turn(Turn::new("assistant"));
    turn.open(ToolCall {
        arguments: Some(Arc::clone(&text).into()),
        ..ToolCall::new("echo")
    });
    let start = recorder.events().swap_remove(1);
    drop((turn, recorder));

    let before = Arc::strong_count(&text);
    let packed = packed(&[start]);
    let more = Arc::strong_count(&text) + 1 - before; // the event itself is gone
    assert_eq!(more, holders, "{length} bytes");
    assert!(bytes.contains(&packed.bytes()), "{packed:?}");
}

#[test]
fn a_long_text_is_shared_and_a_short_one_copied() {
    check_text(0, 0, 80..160);
    check_text(128, 0, 208..288);
    check_text(129, 1, 209..289);
    check_text(10_000_000, 1, 10_000_080..10_000_160);
}

#[test]
fn an_event_of_the_reference_turn_takes_little() {
    let queue = Arc::new(Mutex::new(PackedEvents::default()));
    let queued = {
        let queue = Arc::clone(&queue);
        move |event: &Event<'_>| queue.lock().unwrap().push(event)
    };
    let hooks = Hooks::new(queued);
    for _ in 0..10 {
        reference::turn(&hooks, &Fixture::default(), false);
    }
    let queue = queue.lock().unwrap();
    assert_eq!(queue.len() as u64, 10 * EVENTS);
    // Tools' arguments and results are 1.5 KB a turn.
    let each = queue.bytes() / queue.len();
    assert!((60..=90).contains(&each), "{each} bytes an event");
}

/// A subject is moved into its place with each span: 24 bytes more cost 5 % of all events (measured
/// by the bench `reference_turn`). What is rarely there stands behind a pointer.
#[test]
fn a_subject_is_small_enough_to_be_moved_with_each_span() {
    let subject = size_of::<Subject>();
    assert!(subject <= 256, "{subject} bytes");
}
