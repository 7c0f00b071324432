//! Real processes, killed at any time while eight turns write.
//!
//! `KAOS_KILLS` says how many, and `KAOS_SEED` when.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use kaos_hooks::audit::{AuditHook, Filter, Found, RecordContent, SigningKey, Trail};
use kaos_hooks::{HookError, Hooks, Step, StepOutcome, ToolCall, ToolOutcome, Turn, TurnOutcome};
use kaos_tests::sim_disk::Dice;

use super::Scratch;
use super::child::{KID_TRAIL, Kid, kid_trail};
use crate::codec::cases;

const WRITERS: usize = 8;
/// After so many kills a new directory is begun.
const KILLS_A_TRAIL: u32 = 10;
/// A turn's events: start and end of turn, step and tool.
const EVENTS: u64 = 6;
/// What the process calls itself in its sessions.
const NAME: &str = "KAOS_TESTS_NAME";
/// How many turns each writer makes; without it, as many as it can.
const TURNS: &str = "KAOS_TESTS_TURNS";

/// What a process to be killed does, for this module and for `tests/peers/faults.sh`: eight turns
/// at a time, and a line when it pushed events (`p`) or was told that they are safe (`a`).
#[test]
fn writes_until_killed() {
    let Some(trail) = kid_trail() else { return };
    let name = std::env::var(NAME).unwrap_or_default();
    let turns = std::env::var(TURNS).map_or(u64::MAX, |turns| turns.parse().unwrap());
    let audit = AuditHook::builder(trail)
        .signing_key(key())
        .segment_bytes(64 * 1024)
        .open()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write(audit.clone(), format!("{name}-{writer}"), turns)))
            .collect();
        let mut failing = None;
        for writer in writers {
            failing = writer.await.unwrap().err().or(failing);
        }
        if let Some(error) = failing {
            println!("\nfailing: {error}");
            // Until whoever started it says that the disk is better.
            let _told = std::io::stdin().read_line(&mut String::new()).unwrap();
        }
        audit.shutdown().await.unwrap();
    });
    println!("\nended");
}

/// Writes turns until so many are written, or the disk fails.
async fn write(audit: AuditHook, session: String, turns: u64) -> Result<(), HookError> {
    let hooks = Hooks::new(audit.clone());
    for number in 0..turns {
        let turn = hooks.turn(Turn::new("assistant").session(session.clone()));
        let step = turn.open(Step::new(1));
        let tool = step.open(ToolCall::new("tool"));
        // As the gate does before a tool.
        acked(&audit, &session, number * EVENTS + 3).await?;
        tool.complete(ToolOutcome::default());
        step.complete(StepOutcome::default());
        turn.complete(TurnOutcome::default());
        acked(&audit, &session, (number + 1) * EVENTS).await?;
    }
    Ok(())
}

async fn acked(audit: &AuditHook, session: &str, events: u64) -> Result<(), HookError> {
    say('p', session, events);
    audit.force_flush().await?;
    say('a', session, events);
    Ok(())
}

/// One write, so that a line comes whole or not at all.
fn say(what: char, session: &str, events: u64) {
    let line = format!("\n{what} {session} {events}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

fn key() -> SigningKey {
    SigningKey::from_seed("killed", &[5; 32]).unwrap()
}

/// Of each session, how many events were pushed, and how many of them are safe.
#[derive(Default)]
struct Said {
    pushed: BTreeMap<String, u64>,
    acked: BTreeMap<String, u64>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (what, session, events) = (words.next(), words.next(), words.next());
        let (Some(session), Some(Ok(events))) = (session, events.map(str::parse)) else {
            return;
        };
        match what {
            Some("p") => self.pushed.insert(session.to_owned(), events),
            Some("a") => self.acked.insert(session.to_owned(), events),
            _ => None,
        };
    }

    fn in_flight(&self) -> bool {
        self.pushed
            .iter()
            .any(|(session, pushed)| self.acked.get(session) < Some(pushed))
    }
}

#[test]
fn what_was_acked_survives_sigkill() {
    let kills = cases("KAOS_KILLS", 8);
    let seed = u64::from(cases("KAOS_SEED", 1));
    println!("KAOS_SEED={seed}");
    let mut dice = Dice::new(seed);
    let (mut fruitful, mut torn, mut left) = (0, 0, kills);
    while left > 0 {
        let scratch = Scratch::new("killed");
        let mut all = Said::default();
        for kill in 0..left.min(KILLS_A_TRAIL) {
            let said = killed_at_some_time(scratch.path(), kill, &mut dice);
            fruitful += u32::from(!said.acked.is_empty() && said.in_flight());
            all.acked.extend(said.acked);
            torn += recovered(scratch.path(), &all.acked);
        }
        left -= left.min(KILLS_A_TRAIL);
    }
    println!(
        "{kills} kills, {fruitful} with acked records and a write in flight, {torn} torn ends"
    );
    assert!(fruitful * 4 >= kills * 3, "{fruitful} of {kills}");
}

/// Starts a process, and kills it after it has said some lines.
fn killed_at_some_time(trail: &Path, kill: u32, dice: &mut Dice) -> Said {
    let name = format!("kill{kill}");
    let env = [(KID_TRAIL, trail.as_os_str()), (NAME, name.as_ref())];
    let mut kid = Kid::start("audit::killed::writes_until_killed", &env);
    let mut said = Said::default();
    let after = 20 + dice.below(300);
    kid.lines().take(after).for_each(|line| said.hear(&line));
    if kill == 0 {
        is_refused(trail, kid.id());
    }
    // Somewhere between two lines.
    for _ in 0..dice.below(2000) {
        std::hint::spin_loop();
    }
    kid.kill();
    kid.lines().for_each(|line| said.hear(&line));
    said
}

fn is_refused(trail: &Path, other: u32) {
    let error = AuditHook::open(trail).unwrap_err();
    assert!(error.is_locked());
    let place = trail.display();
    assert_eq!(
        error.to_string(),
        format!("audit trail {place} cannot be opened: give each process a directory of its own")
    );
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        source,
        format!("another writer, process {other} has it open")
    );
}

/// Opens the trail again: everything that was acked is in it. Gives how many ends were torn.
fn recovered(directory: &Path, acked: &BTreeMap<String, u64>) -> u32 {
    let audit = AuditHook::builder(directory)
        .signing_key(key())
        .open()
        .unwrap();
    let found = audit.recoveries().iter().map(|recovery| recovery.found);
    let (torn, others): (Vec<_>, Vec<_>) = found.partition(|found| *found == Found::Torn);
    let unsigned = |found: &Found| *found == Found::Unsigned;
    assert!(others.iter().all(unsigned), "{others:?}");
    let torn = u32::try_from(torn.len()).unwrap();
    drop(audit);

    let trail = Trail::open_read(directory).unwrap();
    let report = trail.verifier().key(key().verifying_key()).run().unwrap();
    assert!(report.is_intact(), "{report}");
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let mut runs = BTreeMap::new();
    for record in trail.records(Filter::default()).unwrap() {
        let RecordContent::Event(event) = record.unwrap().content else {
            continue;
        };
        // In each run one event after the other, and no run goes on after the next began.
        let session = event.run.session.name().unwrap_or_default().to_owned();
        let (run, next) = runs
            .entry(session.clone())
            .or_insert_with(|| (event.run.id.clone(), event.seq));
        if event.run.id != *run {
            (*run, *next) = (event.run.id.clone(), 0);
        }
        assert_eq!(event.seq, *next, "{session}");
        *next += 1;
        *found.entry(session).or_default() += 1;
    }
    for (session, acked) in acked {
        let found = found.get(session).copied().unwrap_or(0);
        assert!(
            found >= *acked,
            "{session}: {acked} acked, {found} in the trail"
        );
    }
    torn
}

/// For `tests/peers/faults.sh`: the trail in `KAOS_TESTS_TRAIL` holds what the file in
/// `KAOS_TESTS_SAID` says was acked.
#[test]
fn holds_what_was_acked() {
    let (Some(trail), Ok(said)) = (kid_trail(), std::env::var("KAOS_TESTS_SAID")) else {
        return;
    };
    let mut heard = Said::default();
    let text = std::fs::read_to_string(said).unwrap();
    // A last line may be cut off.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().for_each(|line| heard.hear(line));
    assert!(!heard.acked.is_empty(), "nothing was acked");
    let torn = recovered(&trail, &heard.acked);
    let events: u64 = heard.acked.values().sum();
    println!("\n{events} events acked, all of them in the trail; {torn} torn ends");
}
