//! The queue of kaos-hooks under many orders of its threads: the very same source, compiled beside
//! another `sync`, whose locks are the scheduler's. Time is ticks that one of the threads gives.
//!
//! `KAOS_SCHEDULES` says how many orders there are of each scheduler.

mod sync {
    pub(super) use shuttle::sync::{Mutex, MutexGuard};
}

#[expect(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "it is a part of another crate, where all of it is used"
)]
#[path = "../../kaos-hooks/src/dispatch/queue.rs"]
mod queue;

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use kaos_hooks::park::{this_task, woken};
use shuttle::future::{block_on, spawn};
use shuttle::rand::Rng as _;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread;

use self::queue::{Bounds, Gathering, Goal, Next, NotDone, Packing, Queue, Reader};
use crate::codec::cases;

const PRODUCERS: u64 = 2;
const EACH: u64 = 3;

impl Packing for Vec<u64> {
    type Item<'i> = u64;

    fn empty() -> Self {
        Self::new()
    }

    fn add(&mut self, item: u64) {
        self.push(item);
    }

    fn items(&self) -> u64 {
        self.len() as u64
    }

    fn bytes(&self) -> usize {
        8 * self.len()
    }

    fn recycle(&mut self) -> bool {
        self.clear();
        true
    }
}

/// What the reader does with its batches.
#[derive(Debug, Clone, Copy)]
enum Act {
    Write,
    /// Fails so many times, and writes when the disk is back or the queue is closed.
    FailThenWrite(u32),
    /// Fails until the queue is closed, and gives up.
    FailForGood,
    /// Ends within its first batch, as a panic and a runtime that is gone make it.
    Vanish,
    /// Ends before it has looked.
    VanishAtOnce,
}

const ACTS: [Act; 6] = [
    Act::Write,
    Act::FailThenWrite(1),
    Act::FailThenWrite(2),
    Act::FailForGood,
    Act::Vanish,
    Act::VanishAtOnce,
];

/// What the threads share besides the queue.
#[derive(Default)]
struct World {
    written: Mutex<Vec<u64>>,
    clock: Mutex<Clock>,
    /// Time stands still from then on.
    over: AtomicBool,
}

#[derive(Default)]
struct Clock {
    ticks: u32,
    /// Who waits for the next tick.
    sleeper: Option<Waker>,
}

impl World {
    fn now(&self, began: Instant) -> Instant {
        began + Duration::from_millis(50) * self.clock.lock().unwrap().ticks
    }

    /// Waits until woken, or for the next tick if there is one.
    async fn sleep(&self) {
        let waker = this_task().await;
        self.clock.lock().unwrap().sleeper = Some(waker);
        woken().await;
    }

    fn tick(&self) {
        let sleeper = {
            let mut clock = self.clock.lock().unwrap();
            clock.ticks += 1;
            clock.sleeper.take()
        };
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }
}

async fn read(mut reader: Reader<Vec<u64>>, world: Arc<World>, act: Act, began: Instant) {
    let mut failures = match act {
        Act::FailThenWrite(times) => times,
        Act::FailForGood => u32::MAX,
        Act::VanishAtOnce => return,
        Act::Write | Act::Vanish => 0,
    };
    loop {
        let waker = this_task().await;
        match reader.next(&waker, world.now(began)) {
            Next::Wait(Some(_)) => world.sleep().await,
            Next::Wait(None) => woken().await,
            Next::Batch(taken) => {
                while failures > 0 {
                    taken.reader().failing("no");
                    let waker = this_task().await;
                    if taken.reader().is_closing(&waker) {
                        if matches!(act, Act::FailForGood) {
                            return;
                        }
                        break;
                    }
                    world.sleep().await;
                    failures -= 1;
                }
                if matches!(act, Act::Vanish) {
                    return;
                }
                let items = taken.batch().unwrap().clone();
                world.written.lock().unwrap().extend(items);
                taken.all_done(world.now(began));
            }
            Next::Flush(flush) => flush.made(Ok(())),
            Next::Closed => return,
        }
    }
}

/// Pushes, and waits for some of it; at last, where everything is written, until it is.
fn produce(queue: &Arc<Queue<Vec<u64>>>, world: &World, producer: u64, all: bool) {
    for number in 0..EACH {
        let item = producer * EACH + number;
        let Some(ticket) = queue.push(item) else {
            continue;
        };
        if !shuttle::rand::thread_rng().r#gen::<bool>() {
            continue;
        }
        match block_on(queue.wait(Goal::Safe(ticket))) {
            Ok(()) => assert!(
                world.written.lock().unwrap().contains(&item),
                "acknowledged, and not written"
            ),
            Err(NotDone::Failing(_) | NotDone::Lost) => {}
        }
    }
    while all && queue.account().waiting > 0 {
        thread::yield_now();
    }
}

fn balances(queue: &Queue<Vec<u64>>) {
    let it = queue.account();
    assert_eq!(it.offered, it.waiting + it.done + it.failed + it.dropped);
}

fn one_order() {
    let began = Instant::now();
    let act = ACTS[shuttle::rand::thread_rng().gen_range(0..ACTS.len())];
    // Closed at any time, which wakes everybody; or when the producers have all they waited for.
    let closes_late: bool = shuttle::rand::thread_rng().r#gen();
    let (queue, reader) = Queue::new(Bounds {
        items: 4,
        bytes: usize::MAX,
        bytes_while_failing: 16,
        batch_items: 2,
        batch_bytes: usize::MAX,
        gathering: Gathering {
            longest: Duration::from_millis(40),
            batch_wait: Duration::from_millis(1),
            linger: Duration::from_millis(100),
        },
    });
    let world = Arc::new(World::default());
    let reading = spawn(read(reader, Arc::clone(&world), act, began));
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let (queue, world) = (Arc::clone(&queue), Arc::clone(&world));
            let all = closes_late && matches!(act, Act::Write);
            thread::spawn(move || produce(&queue, &world, producer, all))
        })
        .collect();
    let watched = Arc::clone(&queue);
    let looking_on = thread::spawn(move || {
        for _ in 0..3 {
            balances(&watched);
            thread::yield_now();
        }
        // Whoever asks for what is below this mark goes on by itself, too.
        let _waited = block_on(watched.wait(Goal::Below(24)));
        // A flush wakes the reader, whoever else has forgotten it.
        if shuttle::rand::thread_rng().r#gen::<bool>() {
            let _flushed = block_on(watched.flush());
        }
    });
    let ticking = Arc::clone(&world);
    let ticker = thread::spawn(move || {
        while !ticking.over.load(Ordering::SeqCst) {
            ticking.tick();
            thread::yield_now();
        }
    });
    if closes_late {
        for producer in producers {
            producer.join().unwrap();
        }
        queue.close();
    } else {
        queue.close();
        for producer in producers {
            producer.join().unwrap();
        }
    }
    block_on(queue.wait(Goal::Ended)).unwrap();
    looking_on.join().unwrap();
    world.over.store(true, Ordering::SeqCst);
    ticker.join().unwrap();
    block_on(reading).unwrap();

    balances(&queue);
    let account = queue.account();
    let written = world.written.lock().unwrap().len() as u64;
    assert_eq!(account.offered, PRODUCERS * EACH);
    assert_eq!((account.waiting, account.bytes), (0, 0), "{act:?}");
    assert_eq!(account.done, written, "{act:?}");
    assert!(queue.is_ended());
}

fn check(scheduler: impl Scheduler + 'static) {
    let mut config = shuttle::Config::new();
    config.stack_size = 256 * 1024;
    // Whoever is never woken is found by this, too: time goes on, and nothing else.
    config.max_steps = shuttle::MaxSteps::FailAfter(20_000);
    shuttle::Runner::new(scheduler, config).run(one_order);
}

fn schedules() -> usize {
    cases("KAOS_SCHEDULES", 400) as usize
}

#[test]
fn no_order_of_threads_loses_a_wake_up_or_an_item() {
    check(RandomScheduler::new(schedules()));
}

#[test]
fn no_rare_order_of_threads_does_either() {
    check(PctScheduler::new(4, schedules()));
}
