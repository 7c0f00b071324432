//! Comparing the cost of cases on a noisy machine: in one process, interleaved, as ratios.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts what a thread allocates: for a bench's `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe; this one counts and passes on"
)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Something whose cost is compared.
#[expect(missing_debug_implementations, reason = "it holds a closure")]
pub struct Case<'a> {
    name: &'static str,
    run: Box<dyn Fn() + 'a>,
    rest: Box<dyn Fn() + 'a>,
    nanos: Vec<f64>,
    allocations: u64,
}

impl<'a> Case<'a> {
    /// A case with this name; runs a few times to warm up, then once to count allocations.
    pub fn new(name: &'static str, run: impl Fn() + 'a) -> Self {
        for _ in 0..200 {
            run();
        }
        let before = ALLOCATIONS.get();
        run();
        let allocations = ALLOCATIONS.get() - before;
        Self {
            name,
            run: Box::new(run),
            rest: Box::new(|| ()),
            nanos: Vec::new(),
            allocations,
        }
    }

    /// What comes after each round of it, and does not count.
    #[must_use]
    pub fn rest(self, rest: impl Fn() + 'a) -> Self {
        rest();
        let before = ALLOCATIONS.get();
        (self.run)();
        let allocations = ALLOCATIONS.get() - before;
        rest();
        Self {
            rest: Box::new(rest),
            allocations,
            ..self
        }
    }

    fn run(&self, times: u32) {
        for _ in 0..times {
            (self.run)();
        }
    }

    /// What the whole process takes for it, other threads included; what this one does after a
    /// round is not.
    fn process_nanos(&self, times: u32) -> f64 {
        const ROUNDS: u32 = 50;
        /// Rounds in a row, so that who wakes other threads does not wake them for a handful.
        const IN_A_ROW: u32 = 10;
        let times = times * IN_A_ROW;
        let before = cpu(ClockId::ProcessCPUTime);
        let mut rested = Duration::ZERO;
        for _ in 0..ROUNDS {
            self.run(times);
            let awake = thread_cpu();
            (self.rest)();
            rested += thread_cpu().saturating_sub(awake);
        }
        let took = cpu(ClockId::ProcessCPUTime).saturating_sub(before);
        each(took.saturating_sub(rested), times) / f64::from(ROUNDS)
    }
}

fn each(took: Duration, times: u32) -> f64 {
    took.as_secs_f64() * 1e9 / f64::from(times)
}

/// Runs all cases `times` times a round and prints each one's ratio to the first: the median over
/// the rounds of its time to the first one's in the same round, so that a machine's slow moments
/// hit all cases; beside it the time, and the whole process's CPU.
/// With `--json` among the program's arguments, one JSON object a line.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
pub fn compare(cases: &mut [Case<'_>], times: u32, rounds: usize) {
    for _ in 0..rounds {
        for case in &mut *cases {
            let began = Instant::now();
            case.run(times);
            case.nanos.push(each(began.elapsed(), times));
            (case.rest)();
        }
    }
    let first = cases
        .first()
        .map(|case| case.nanos.clone())
        .unwrap_or_default();
    let json = std::env::args().any(|argument| argument == "--json");
    if !json {
        println!(
            "{:24} {:>8} {:>12} {:>10} {:>10}",
            "case", "ratio", "allocations", "ns", "CPU ns"
        );
    }
    for case in &*cases {
        let Case {
            name,
            nanos,
            allocations,
            ..
        } = case;
        let ratio = median(
            nanos
                .iter()
                .zip(&first)
                .map(|(nanos, first)| nanos / first)
                .collect(),
        );
        if json {
            println!("{{\"case\":\"{name}\",\"ratio\":{ratio:.3},\"allocations\":{allocations}}}");
        } else {
            let nanos = median(nanos.clone());
            let process = case.process_nanos(times);
            println!("{name:24} {ratio:8.3} {allocations:12} {nanos:10.0} {process:10.0}");
        }
    }
}

/// What this thread has taken so far.
pub fn thread_cpu() -> Duration {
    cpu(ClockId::ThreadCPUTime)
}

/// What the process, or this thread, has taken so far.
fn cpu(of: ClockId) -> Duration {
    clock_gettime(of).try_into().unwrap_or_default()
}

/// The one in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
