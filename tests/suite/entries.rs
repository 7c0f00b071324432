//! Entering a span: whatever those do who make it current, a future is polled once a poll.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use kaos_hooks::{Enter, Entry, Event, Hook, Hooks, Observer, Run, SpanId, Turn};

thread_local!(static SEEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

fn see(what: &'static str) {
    SEEN.with_borrow_mut(|seen| seen.push(what));
}

/// What an entry does.
#[derive(Debug, Clone, Copy)]
enum Does {
    Enters(&'static str),
    Large,
    Nothing,
    CallsTwice,
    SwallowsPanics,
    PanicsBefore,
    PanicsAfter,
    PanicsInDrop,
}

impl Enter for Does {
    fn within(&self, run: &mut dyn FnMut()) {
        match self {
            Self::Enters(name) => {
                see(name);
                run();
                see("left");
            }
            Self::Nothing => {}
            Self::CallsTwice => {
                run();
                run();
            }
            Self::SwallowsPanics => drop(catch_unwind(AssertUnwindSafe(run))),
            Self::PanicsBefore => panic!("entering panics"),
            Self::PanicsAfter => {
                run();
                panic!("leaving panics");
            }
            Self::Large | Self::PanicsInDrop => run(),
        }
    }
}

struct Owned(Does);

/// Too large to lie in the future.
struct Padded(Does, [u64; 40]);

impl Enter for Padded {
    fn within(&self, run: &mut dyn FnMut()) {
        assert_eq!(self.1, [7; 40]);
        self.0.within(run);
    }
}

impl Enter for Owned {
    fn within(&self, run: &mut dyn FnMut()) {
        self.0.within(run);
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if matches!(self.0, Does::PanicsInDrop) {
            panic!("the drop of an entry panics");
        }
    }
}

impl Hook for Does {
    fn observe(&self, _run: &Run) -> Option<Box<dyn Observer>> {
        struct Of(Does);
        impl Observer for Of {
            fn on_event(&mut self, _event: &Event<'_>) {}

            fn entry(&mut self, _span: SpanId) -> Entry {
                match self.0 {
                    Does::Large => Entry::by(Padded(self.0, [7; 40])),
                    does => Entry::by(Owned(does)),
                }
            }
        }
        Some(Box::new(Of(*self)))
    }
}

/// Pending, then ready; or it panics in the second poll. Says when it is dropped.
struct Twice {
    polls: u32,
    panics: bool,
}

impl Future for Twice {
    type Output = u32;

    fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        self.polls += 1;
        see("polled");
        match self.polls {
            1 => Poll::Pending,
            _ if self.panics => panic!("the future panics"),
            polls => Poll::Ready(polls),
        }
    }
}

impl Drop for Twice {
    fn drop(&mut self) {
        see("dropped");
    }
}

/// Polls such a future twice, with its turn current by these.
fn polled(does: [Does; 2], panics: bool) -> (Option<u32>, Vec<&'static str>) {
    SEEN.take();
    let hooks = Hooks::new((does[0], does[1]));
    let turn = hooks.turn(Turn::new("assistant"));
    let mut context = Context::from_waker(Waker::noop());
    let mut future = Box::pin(turn.entered(Twice { polls: 0, panics }));
    assert!(future.as_mut().poll(&mut context).is_pending());
    let second = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
    drop(future);
    let out = match second {
        Ok(Poll::Ready(polls)) => Some(polls),
        Ok(Poll::Pending) => panic!("it was ready"),
        Err(payload) => {
            assert_eq!(payload.downcast_ref(), Some(&"the future panics"));
            None
        }
    };
    (out, SEEN.take())
}

const ALL: [Does; 8] = [
    Does::Enters("entered"),
    Does::Large,
    Does::Nothing,
    Does::CallsTwice,
    Does::SwallowsPanics,
    Does::PanicsBefore,
    Does::PanicsAfter,
    Does::PanicsInDrop,
];

#[test]
fn whatever_two_entries_do_a_future_is_polled_once_a_poll_and_its_panic_is_the_caller_s() {
    for outer in ALL {
        for inner in ALL {
            for panics in [false, true] {
                let (out, seen) = polled([outer, inner], panics);
                let what = format!("{outer:?}, {inner:?}, {panics}");
                assert_eq!(out, (!panics).then_some(2), "{what}");
                let count = |of| seen.iter().filter(|seen| **seen == of).count();
                assert_eq!((count("polled"), count("dropped")), (2, 1), "{what}");
            }
        }
    }
}

#[test]
fn entries_are_nested_in_the_order_of_their_hooks_and_a_future_is_dropped_inside_them() {
    let (_, seen) = polled([Does::Enters("outer"), Does::Enters("inner")], false);
    let inside = |what: &'static [&'static str]| {
        let all = ["outer", "inner"].iter().chain(what);
        all.chain(&["left", "left"]).copied().collect::<Vec<_>>()
    };
    let wanted = [inside(&["polled"]), inside(&["polled", "dropped"])].concat();
    assert_eq!(seen, wanted);

    SEEN.take();
    let hooks = Hooks::new(Does::Enters("entered"));
    let turn = hooks.turn(Turn::new("assistant"));
    let unpolled = Twice {
        polls: 0,
        panics: false,
    };
    drop(turn.entered(unpolled));
    assert_eq!(SEEN.take(), ["entered", "dropped", "left"]);
}
