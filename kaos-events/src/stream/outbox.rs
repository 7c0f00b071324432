//! Where a thread is: inside an observer that a stream tells of an event, or outside of all streams;
//! and the streams that have something to apply as soon as it is outside.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::AnyStream;
use super::deferred::MAX_DEFERRED;

thread_local! {
    /// Where this thread is.
    static WHERE: Cell<Where> = const { Cell::new(Where::OUTSIDE) };
    /// Whether a caller further up empties the outbox.
    static EMPTYING: Cell<bool> = const { Cell::new(false) };
    /// Streams that observers of others emitted into.
    static OUTBOX: RefCell<Vec<AnyStream>> = const { RefCell::new(Vec::new()) };
}

/// The address of the stream that calls its observer on this thread, 0 when none does; and in its
/// lowest bit, which no address has, whether streams wait in the outbox that nobody empties. One word, as
/// every emission asks for both.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Where(usize);

impl Where {
    const OUTSIDE: Self = Self(0);
    const POSTED: usize = 1;

    const fn stream(self) -> usize {
        self.0 & !Self::POSTED
    }

    const fn in_stream(self, address: usize) -> Self {
        Self(address | self.0 & Self::POSTED)
    }

    const fn posted(self) -> Self {
        Self(self.0 | Self::POSTED)
    }
}

/// Whether this thread is inside an observer: it holds that stream's lock.
#[inline]
pub(super) fn delivering() -> bool {
    WHERE.get().stream() != 0
}

/// Whether it is the stream at this address that calls its observer.
pub(super) fn is_inside(address: usize) -> bool {
    WHERE.get().stream() == address
}

/// Has what waits applied as soon as this thread is outside of all streams; `false` when the thread
/// is ending.
#[cold]
pub(super) fn post(stream: &AnyStream) -> bool {
    let posted = OUTBOX.try_with(|outbox| outbox.borrow_mut().push(Arc::clone(stream)));
    if posted.is_ok() && !EMPTYING.get() {
        WHERE.set(WHERE.get().posted());
    }
    posted.is_ok()
}

/// Applies what observers emitted into other runs, once this thread holds no lock any more. Runs
/// that answer each other without end are stopped after [`MAX_DEFERRED`] turns.
#[inline]
pub(super) fn deliver_posted() {
    if WHERE.get() == Where::OUTSIDE.posted() {
        deliver_all_posted();
    }
}

#[cold]
fn deliver_all_posted() {
    struct Emptied;
    impl Drop for Emptied {
        fn drop(&mut self) {
            EMPTYING.set(false);
        }
    }

    WHERE.set(Where::OUTSIDE);
    EMPTYING.set(true);
    let _emptied = Emptied;
    for turn in 0_usize.. {
        let posted = OUTBOX.try_with(|outbox| std::mem::take(&mut *outbox.borrow_mut()));
        let posted = posted.unwrap_or_default();
        if posted.is_empty() {
            break;
        }
        for stream in posted {
            if turn < MAX_DEFERRED {
                stream.deliver_deferred();
            } else {
                stream.refuse_deferred();
            }
        }
    }
}

/// This thread is inside a stream's observer, until this is dropped, also by unwinding.
pub(super) struct Delivering {
    /// A run that an observer opens tells its own observers at once.
    around: usize,
}

impl Delivering {
    #[inline]
    pub(super) fn at(address: usize) -> Self {
        let around = WHERE.get();
        WHERE.set(around.in_stream(address));
        Self {
            around: around.stream(),
        }
    }
}

impl Drop for Delivering {
    #[inline]
    fn drop(&mut self) {
        WHERE.set(WHERE.get().in_stream(self.around));
    }
}
