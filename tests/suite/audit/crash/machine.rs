//! What runs on the simulated machine, and what must be true after each crash.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use kaos_events::{EventBuf, ManualClock, SeededIds};
use kaos_hooks::audit::{
    AuditBuilder, AuditHook, ByHand, Found, SigningKey, Trail, Verification, VerifyingKey,
};
use kaos_hooks::testing::Recorder;
use kaos_hooks::{
    Emitter, Hooks, LlmCall, LlmOutcome, Step, StepOutcome, Str, ToolCall, ToolOutcome, Turn,
    TurnOutcome,
};
use kaos_tests::sim_disk::{Dice, Files, SimDisk, State};

/// Must never be on a disk.
const SECRETS: [&str; 3] = [
    "sk-ant-api03-Zx9Qw8Er7Ty6Ui5Op4As3Df2Gh1Jk0Lz9Xc8Vb7Nm6Qw5Er4Ty3Ui2Op1As0Df9Gh8Jk7-AAAAAA",
    "jane.doe@example.com",
    "hunter2-hunter2",
];

/// How often a call is tried again, as the writer's thread does.
const MAX_TRIES: usize = 16;

fn key() -> SigningKey {
    SigningKey::from_seed("crash", &[7; 32]).unwrap()
}

fn verifying_key() -> &'static VerifyingKey {
    static KEY: OnceLock<VerifyingKey> = OnceLock::new();
    KEY.get_or_init(|| key().verifying_key())
}

/// The events that are written, with secrets in them.
fn events() -> &'static [EventBuf] {
    static EVENTS: OnceLock<Vec<EventBuf>> = OnceLock::new();
    EVENTS.get_or_init(|| {
        let recorder = Recorder::new();
        let emitter = Emitter::new()
            .with_ids(SeededIds::new(1))
            .with_clock(ManualClock::at_unix_nanos(1_700_000_000_000_000_000));
        let hooks = Hooks::with_emitter(emitter, recorder.clone());
        for (number, long) in [(1, 40), (2, 3)] {
            let turn = hooks.turn(Turn::new("assistant").session("s"));
            let step = turn.open(Step::new(number));
            let call = step.open(LlmCall::new("openai", "gpt-4o-mini"));
            call.complete(LlmOutcome {
                output: Some(Str::from("A text of some length. ".repeat(long))),
                ..LlmOutcome::default()
            });
            let mut tool = ToolCall::new("send");
            tool.arguments = Some(Str::from(format!(
                r#"{{"key":"{}","password":"{}"}}"#,
                SECRETS[0], SECRETS[2]
            )));
            let tool = step.open(tool);
            tool.complete(ToolOutcome {
                result: Some(Str::from(format!("sent to {}", SECRETS[1]))),
                ..ToolOutcome::default()
            });
            step.complete(StepOutcome::default());
            turn.complete(TurnOutcome::default());
        }
        recorder.events()
    })
}

/// The records of the events, as they stand in a line before its last fields.
fn submitted() -> &'static [Vec<u8>] {
    static SUBMITTED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SUBMITTED.get_or_init(|| {
        let disk = SimDisk::default();
        builder(&disk, 1 << 20)
            .open_by_hand()
            .unwrap()
            .write(events().to_vec())
            .unwrap();
        let records = recovered(disk.state().files());
        assert_eq!(records.len(), events().len());
        records
    })
}

fn builder(disk: &SimDisk, segment_bytes: u64) -> AuditBuilder {
    AuditHook::builder("not used")
        .storage(disk.clone())
        .clock(disk.clock())
        .anchor(disk.anchor())
        .signing_key(key())
        .segment_bytes(segment_bytes)
}

/// What a writer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Open,
    Write(usize),
    Seal,
}

/// Some calls, and how large a segment is.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) calls: Vec<Call>,
    pub(super) segment_bytes: u64,
}

/// A call of a script that succeeded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    pub(super) call: Call,
    /// The number of its last disk call, plus one.
    pub(super) until: u64,
}

impl Script {
    /// Opens, writes until some segments are full, seals, opens again and writes the rest.
    pub(super) fn of(dice: &mut Dice) -> Self {
        let mut left = events().len();
        let rest = 1 + dice.below(left / 2);
        let mut calls = vec![Call::Open];
        while left > rest {
            let batch = (1 + dice.below(6)).min(left - rest);
            calls.push(Call::Write(batch));
            left -= batch;
        }
        calls.extend([Call::Seal, Call::Open, Call::Write(rest)]);
        Self {
            calls,
            segment_bytes: 2500 + dice.below(3000) as u64,
        }
    }

    /// Only opens.
    pub(super) fn recovery() -> Self {
        Self {
            calls: vec![Call::Open],
            segment_bytes: 4000,
        }
    }

    /// Runs on the disk; a call that keeps failing ends it.
    pub(super) fn run(&self, disk: &SimDisk) -> Vec<Done> {
        let mut done = Vec::new();
        let (mut writer, mut acked): (Option<ByHand>, _) = (None, disk.state().mark);
        for call in &self.calls {
            if *call == Call::Open {
                writer = None;
            }
            let succeeded = (0..MAX_TRIES).any(|_| match (call, &mut writer) {
                (Call::Open, _) => match builder(disk, self.segment_bytes).open_by_hand() {
                    Ok(opened) => {
                        writer = Some(opened);
                        true
                    }
                    Err(_) => false,
                },
                (Call::Write(records), Some(writer)) => {
                    let batch = events()[acked..acked + records].to_vec();
                    writer.write(batch).is_ok()
                }
                (Call::Seal, Some(writer)) => writer.seal().is_ok(),
                (_, None) => false,
            });
            if !succeeded {
                break;
            }
            if let Call::Write(records) = call {
                acked += records;
                disk.mark(acked);
            }
            done.push(Done {
                call: *call,
                until: disk.calls(),
            });
        }
        done
    }
}

/// Comes while another has the trail open.
pub(super) fn intrude(disk: &SimDisk) {
    let before = disk.state();
    let refused = builder(disk, 4000).open_by_hand().map(drop).unwrap_err();
    assert!(refused.is_locked(), "{refused}");
    assert_eq!(
        refused.to_string(),
        "audit trail simulated disk cannot be opened: give each process a directory of its own"
    );
    let after = disk.state();
    assert!(
        before.files().seen().eq(after.files().seen()),
        "changed by who was refused"
    );
}

/// The events' records that a reader finds, by a reader that shares nothing with the library's.
fn recovered(files: &Files) -> Vec<Vec<u8>> {
    let segments: Vec<_> = files
        .seen()
        .filter(|(name, _)| name.starts_with("seg-") && !name.contains("tmp"))
        .collect();
    let mut records = Vec::new();
    for (at, (_, bytes)) in segments.iter().enumerate() {
        let superseded = segments.get(at + 1).and_then(|(_, next)| {
            let first = next.split(|byte| *byte == b'\n').next().unwrap();
            let first: serde_json::Value = serde_json::from_slice(first).unwrap();
            (first["cause"] == "failed").then(|| first["trail_seq"].as_u64().unwrap())
        });
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some((body, seq)) = taken_apart(line) else {
                continue;
            };
            if superseded.is_none_or(|from| seq < from) && !body.starts_with(b"{\"type\":\"trail_")
            {
                records.push(body.to_vec());
            }
        }
    }
    records
}

/// A whole line's record and number.
fn taken_apart(line: &[u8]) -> Option<(&[u8], u64)> {
    const MARK: &str = ",\"trail_seq\":";
    // The last fields take less than 160 bytes.
    let line = line.strip_suffix(b"\n")?;
    let tail = line.len().saturating_sub(160);
    let text = std::str::from_utf8(&line[tail..]).ok()?;
    let at = text.rfind(MARK)?;
    let digits = text[at + MARK.len()..].split(',').next()?;
    Some((&line[..tail + at], digits.parse().ok()?))
}

fn verified(disk: &SimDisk) -> Option<Verification> {
    let trail = Trail::on(disk.clone()).ok()?;
    let mut verifier = trail.verifier().key(verifying_key().clone());
    if let Some(anchor) = disk.state().anchored() {
        verifier = verifier.anchor(anchor.parse().unwrap());
    }
    Some(verifier.run().unwrap())
}

fn contents(files: &Files) -> BTreeMap<String, Arc<Vec<u8>>> {
    files
        .seen()
        .map(|(name, bytes)| (name.to_owned(), Arc::clone(bytes)))
        .collect()
}

/// What must be true of a machine that has crashed and is started again. `thorough` looks at
/// more.
pub(super) fn check(disk: &SimDisk, thorough: bool) {
    let acked = disk.state().mark;
    if thorough && let Some(report) = verified(disk) {
        let code = report.exit_code(false);
        assert!([0, 4].contains(&code), "before recovery: {report}");
    }

    let mut writer = builder(disk, 4000).open_by_hand().unwrap();
    for recovery in writer.recoveries() {
        let left = [Found::Torn, Found::Unsigned];
        assert!(left.contains(&recovery.found), "{recovery:?}");
    }
    let once = disk.state();
    intact(disk, acked);

    drop(writer);
    writer = builder(disk, 4000).open_by_hand().unwrap();
    assert_eq!(writer.recoveries(), [], "recovered twice");
    let (before, after) = (contents(once.files()), contents(disk.state().files()));
    for (name, bytes) in before {
        assert_eq!(after.get(&name), Some(&bytes), "{name} was changed");
    }

    if thorough {
        let rest = events()[recovered(disk.state().files()).len()..].to_vec();
        writer.write(rest).unwrap();
        writer.seal().unwrap();
        drop(writer);
        intact(disk, events().len());
        let report = verified(disk).unwrap();
        assert_eq!(report.exit_code(true), 0, "{report}");
        no_secret(&disk.state());
    }
}

fn intact(disk: &SimDisk, acked: usize) {
    let found = recovered(disk.state().files());
    assert!(
        found.len() >= acked,
        "{acked} acked, {} recovered",
        found.len()
    );
    assert!(submitted().starts_with(&found), "not what was submitted");
    let report = verified(disk).unwrap();
    assert_eq!(report.exit_code(false), 0, "{report}");
}

/// Of files that were removed, too.
fn no_secret(state: &State) {
    for bytes in state.files().all_bytes() {
        let text = String::from_utf8_lossy(bytes);
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret} is on the disk");
        }
    }
}
