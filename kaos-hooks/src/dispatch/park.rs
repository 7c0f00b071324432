//! Waiting without a runtime, and within a limit.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Ends this thread's [`std::thread::park`].
pub fn this_thread() -> Waker {
    struct Unparks(Thread);

    impl Wake for Unparks {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }

        fn wake_by_ref(self: &Arc<Self>) {
            self.0.unpark();
        }
    }

    Waker::from(Arc::new(Unparks(std::thread::current())))
}

/// Blocks this thread until the wait is over; `None` when it takes longer.
pub fn block_within<T>(limit: Duration, wait: impl Future<Output = T>) -> Option<T> {
    let waker = this_thread();
    let mut context = Context::from_waker(&waker);
    let (mut wait, began) = (pin!(wait), Instant::now());
    loop {
        if let Poll::Ready(done) = wait.as_mut().poll(&mut context) {
            return Some(done);
        }
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return None;
        }
        std::thread::park_timeout(left);
    }
}

/// What wakes the task that polls this.
pub async fn this_task() -> Waker {
    poll_fn(|context| Poll::Ready(context.waker().clone())).await
}

/// Waits until the task is woken.
pub async fn woken() {
    let mut waited = false;
    poll_fn(|_| {
        if std::mem::replace(&mut waited, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// `None` when the wait takes longer. Where the runtime has no timer, a thread is one.
pub(crate) async fn within<T>(limit: Duration, wait: impl Future<Output = T>) -> Option<T> {
    let mut wait = pin!(wait);
    let timed = crate::catch_panic(async { tokio::time::timeout(limit, wait.as_mut()).await });
    match timed.await {
        Ok(done) => done.ok(),
        Err(_no_timer) => {
            let mut elapsed = Elapsed::after(limit);
            poll_fn(|context| match wait.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending => Pin::new(&mut elapsed).poll(context).map(|()| None),
            })
            .await
        }
    }
}

/// A timer of its own thread.
struct Elapsed(Arc<Mutex<Timer>>);

#[derive(Default)]
struct Timer {
    elapsed: bool,
    waker: Option<Waker>,
}

impl Elapsed {
    fn after(limit: Duration) -> Self {
        let timer = Arc::<Mutex<Timer>>::default();
        let of_thread = Arc::clone(&timer);
        let thread = std::thread::Builder::new().name("kaos-timer".to_owned());
        let started = thread.spawn(move || {
            std::thread::sleep(limit);
            ring(&of_thread);
        });
        if started.is_err() {
            ring(&timer); // no thread, no time
        }
        Self(timer)
    }
}

fn ring(timer: &Mutex<Timer>) {
    let waker = {
        let mut timer = timer.lock().unwrap_or_else(PoisonError::into_inner);
        timer.elapsed = true;
        timer.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Future for Elapsed {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut timer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if timer.elapsed {
            return Poll::Ready(());
        }
        timer.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
