//! Crashes and faults on a simulated disk, at every call of a trail's writer.
//!
//! What a crash would find is kept around each call; so one run of a writer gives the schedules of
//! all its crashes, and a fault costs one run more. `KAOS_SEED` begins elsewhere, and
//! `KAOS_CRASH_SCHEDULES` says how many there are at least.

mod machine;
mod points;

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kaos_tests::sim_disk::{Act, Crash, Dice, Moment, OpKind, Plan, State, When};

use crate::codec::cases;
use machine::{Call, Done, Script, check, intrude};
use points::{Account, Kind, Point, points};

const DAY: i64 = 24 * 60 * 60 * 1_000_000_000;

#[test]
fn what_is_acked_survives_every_crash_and_fault() {
    let mut test = Test {
        wanted: cases("KAOS_CRASH_SCHEDULES", 5_000) as usize,
        seed: u64::from(cases("KAOS_SEED", 1)),
        base: 0,
        account: Account::default(),
    };
    println!("KAOS_SEED={}", test.seed);
    while test.account.total() < test.wanted {
        test.round();
        test.seed += 1;
    }
    test.account.check();
}

struct Test {
    wanted: usize,
    seed: u64,
    /// Which disk the writer starts from: 0 is empty, others were left by a crash.
    base: usize,
    account: Account,
}

/// How much is tried at each moment.
#[derive(Clone, Copy)]
struct Density {
    power_cuts: usize,
    /// Each so manieth fault.
    faults: usize,
    /// Crashes after each fault.
    ends: usize,
}

impl Test {
    /// A writer's life, and then the recovery of some of what its crashes left.
    fn round(&mut self) {
        let mut dice = Dice::new(self.seed);
        let script = Script::of(&mut dice);
        let often = Density {
            power_cuts: 4,
            faults: 1,
            ends: 1,
        };
        self.base = 0;
        let left = self.explore(&script, &State::default(), often, &mut dice);

        let seldom = Density {
            power_cuts: 2,
            faults: 5,
            ends: 1,
        };
        let offset = dice.below(RECOVERED);
        for state in left.iter().skip(offset).step_by(RECOVERED) {
            if self.account.total() >= self.wanted {
                break;
            }
            self.base += 1;
            self.explore(&Script::recovery(), state, seldom, &mut dice);
        }
    }

    /// Runs the script with every crash and every fault; gives what the crashes left.
    fn explore(
        &mut self,
        script: &Script,
        base: &State,
        density: Density,
        dice: &mut Dice,
    ) -> Vec<State> {
        let disk = base.after(Crash::Kill).0.recording_torn();
        let done = script.run(&disk);
        assert_eq!(done.len(), script.calls.len(), "without a fault");
        let moments: Vec<_> = disk
            .moments()
            .into_iter()
            .map(|moment| (self.points_of(&moment, &done), moment))
            .collect();

        let mut left = Vec::new();
        let mut before = Vec::new();
        for (at, (points, moment)) in moments.iter().enumerate() {
            // Between a call and the next one nothing happens, unless there is an ack.
            let next = moments.get(at + 1).map(|(_, next)| next);
            before.extend_from_slice(points);
            if moment.when == When::After
                && next.is_some_and(|next| next.state.mark == moment.state.mark)
            {
                continue;
            }
            let points = std::mem::take(&mut before);
            left.extend(self.crash(moment, Crash::Kill, &points, Kind::SigKill, None));
            for _ in 0..density.power_cuts {
                let crash = Crash::Power(dice.roll());
                left.extend(self.crash(moment, crash, &points, Kind::PowerCut, None));
            }
        }
        for (points, moment) in &moments {
            for (kind, act) in acts(moment) {
                let plan = Plan {
                    call: moment.call,
                    when: moment.when,
                    act,
                };
                if dice.below(density.faults) == 0 {
                    let what = (&**points, kind);
                    left.extend(self.fault(script, base, plan, what, density.ends, dice));
                }
            }
        }
        left
    }

    /// Runs the script with this fault, and crashes at some moment after it. Gives what was left
    /// where the machine went on.
    fn fault(
        &mut self,
        script: &Script,
        base: &State,
        plan: Plan,
        (points, kind): (&[Point], Kind),
        ends: usize,
        dice: &mut Dice,
    ) -> Vec<State> {
        // An ack comes after the last call, none of which fails any more.
        let points: Vec<Point> = match kind {
            Kind::Eio | Kind::Enospc => points
                .iter()
                .copied()
                .filter(|point| *point != Point::BeforeAck)
                .collect(),
            _ => points.to_vec(),
        };
        let disk = base
            .after(Crash::Kill)
            .0
            .recording()
            .with_plan(plan)
            .with_intruder(intrude);
        script.run(&disk);
        assert!(disk.plan_is_done(), "{plan:?} is never reached");
        let moments = disk.moments();
        let since = moments
            .iter()
            .position(|moment| moment.call == plan.call && moment.when == plan.when)
            .unwrap();
        let mut left = Vec::new();
        for _ in 0..ends {
            let at = since + dice.below(moments.len() - since);
            let crash = match dice.below(3) {
                0 => Crash::Kill,
                _ => Crash::Power(dice.roll()),
            };
            let crashed = self.crash(&moments[at], crash, &points, kind, Some(plan));
            left.extend(crashed.filter(|_| crash == Crash::Kill));
        }
        left
    }

    /// One schedule: checks it, unless there was one like it. Gives what the crash left.
    fn crash(
        &mut self,
        at: &Moment,
        crash: Crash,
        points: &[Point],
        kind: Kind,
        plan: Option<Plan>,
    ) -> Option<State> {
        let (disk, kept) = at.state.after(crash);
        let power = crash != Crash::Kill;
        let schedule = (self.seed, self.base, plan, at.call, at.when, power, kept);
        if !self.account.is_new(&schedule, points, kind) {
            return None;
        }
        let left = disk.state();
        let thorough = self.account.total().is_multiple_of(8);
        let checked = catch_unwind(AssertUnwindSafe(|| check(&disk, thorough)));
        if checked.is_err() {
            let (seed, base, op) = (self.seed, self.base, &at.op);
            panic!(
                "KAOS_SEED={seed}, disk {base}, {plan:?}, then {crash:?} {:?} call {}, {:?} {}",
                at.when, at.call, op.kind, op.name
            );
        }
        Some(left)
    }

    fn points_of(&self, moment: &Moment, done: &[Done]) -> Vec<Point> {
        let of = done
            .iter()
            .position(|done| moment.call < done.until)
            .unwrap();
        let last = moment.call + 1 == done[of].until;
        let acks = matches!(done[of].call, Call::Write(_));
        let reopens = done[of].call == Call::Open && (of > 0 || self.base > 0);
        points(moment, last && acks, reopens)
    }
}

/// Of what the crashes of a writer's life left, each so manieth is recovered under crashes.
const RECOVERED: usize = 50;

/// What may go wrong at a moment, apart from a crash.
fn acts(moment: &Moment) -> Vec<(Kind, Act)> {
    let op = moment.op.kind;
    let fail = |kind, lasts| Act::Fail { kind, lasts };
    let mut acts = vec![
        (Kind::SecondWriter, Act::Intrude),
        (Kind::ClockJump, Act::Jump(2 * DAY)),
        (Kind::ClockJump, Act::Jump(-2 * DAY)),
        (Kind::ClockJump, Act::Jump(DAY / 1440)),
    ];
    // A call that was done and yet fails: one that changes what is there.
    let changes = matches!(op, OpKind::Sync | OpKind::Rename | OpKind::SyncDirectory);
    if moment.when != When::After || changes {
        for lasts in [1, 2, 5] {
            acts.push((Kind::Eio, fail(ErrorKind::Other, lasts)));
        }
        let takes_space = changes || matches!(op, OpKind::Create | OpKind::Write);
        if takes_space {
            for lasts in [1, 3, 8] {
                acts.push((Kind::Enospc, fail(ErrorKind::StorageFull, lasts)));
            }
        }
    }
    if let When::Torn(_) = moment.when {
        acts.push((Kind::ShortWrite, Act::Short));
    }
    acts
}
