//! Secrets planted in every text of every event reach no byte on disk.

use std::path::Path;

use kaos_events::{
    AttributeValue, Attributes, BodyBuf, ContentKind, EventBuf, PhaseBuf, PhaseName, Run, RunId,
    Session, Str, Subject, SubjectName, TextVisitor, ToolCall, ToolCallSummary, Turn, TurnSummary,
    Value, codec,
};
use kaos_hooks::audit::{
    AnchorFile, AuditHook, ByHand, Filter, Found, MAX_LINE_BYTES, RecordContent, Recovery,
    SigningKey, Trail,
};
use kaos_hooks::redact::{ContentPolicies, ContentPolicy};
use kaos_tests::trails::{Full, Memory, event, of_run, short_event};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::Scratch;
use crate::codec::arbitrary;
use crate::redact::canary::{CANARIES, Canary};

/// So many of each kind: each field that may be absent is there in some of them.
const OF_EACH: usize = 12;

/// Events of every subject in every phase, and of every value.
fn of_every_kind() -> Vec<EventBuf> {
    let mut runner = TestRunner::deterministic();
    let mut some = |strategy: &dyn Fn(&mut TestRunner) -> EventBuf| {
        (0..OF_EACH)
            .map(|_| strategy(&mut runner))
            .collect::<Vec<_>>()
    };
    let mut events = Vec::new();
    for subject in SubjectName::ALL {
        for phase in PhaseName::ALL {
            events.extend(some(&|runner| {
                let tree = arbitrary::span_event(*subject, *phase).new_tree(runner);
                tree.unwrap().current()
            }));
        }
    }
    for value in Value::NAMES {
        events.extend(some(&|runner| {
            arbitrary::value_event(value)
                .new_tree(runner)
                .unwrap()
                .current()
        }));
    }
    events
}

/// Two secrets of each class.
fn canaries() -> Vec<Canary> {
    let of_seed = |seed| CANARIES.iter().map(move |(_, make)| make(seed));
    (1..=2).flat_map(of_seed).collect()
}

/// Plants one secret after the other.
struct Planting<'c> {
    canaries: &'c [Canary],
    planted: usize,
}

impl Planting<'_> {
    fn next(&mut self) -> String {
        let canary = &self.canaries[self.planted % self.canaries.len()];
        self.planted += 1;
        canary.text.clone()
    }
}

impl TextVisitor for Planting<'_> {
    fn name(&mut self, name: &mut Str) {
        *name = self.next().into();
    }

    fn names(&mut self, names: &mut Vec<Str>) {
        names.push(self.next().into());
        names.push(self.next().into());
    }

    fn content(&mut self, _kind: ContentKind, _tool: Option<&str>, content: &mut Str) -> bool {
        let text = self.next();
        *content = match self.planted % 3 {
            0 => text,
            1 => serde_json::json!({ "note": text, "list": [1, text] }).to_string(),
            _ => serde_json::json!([{ "role": "user", "parts": [{ "type": "text", "content": text }] }])
                .to_string(),
        }
        .into();
        true
    }

    fn attributes(&mut self, attributes: &mut Attributes) {
        let card = self
            .canaries
            .iter()
            .find_map(|canary| canary.secret.parse::<i64>().ok());
        let card = card.unwrap();
        attributes.set("card", card);
        let float: f64 = card.to_string().parse().unwrap();
        attributes.set("card.float", float);
        attributes.set(self.next(), 1);
        attributes.set("text", self.next());
        attributes.set("list", vec![Str::from(self.next()), Str::from(self.next())]);
        self.planted += 2;
    }
}

/// Plants the same text in every content.
struct PlantContent {
    text: &'static str,
    planted: usize,
}

impl TextVisitor for PlantContent {
    fn name(&mut self, name: &mut Str) {
        *name = "n".into();
    }

    fn content(&mut self, _kind: ContentKind, _tool: Option<&str>, content: &mut Str) -> bool {
        self.planted += 1;
        *content = self.text.into();
        true
    }

    fn attributes(&mut self, attributes: &mut Attributes) {
        *attributes = Attributes::new();
    }
}

/// Every file below a directory.
fn files(directory: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            into.push((path.display().to_string(), text));
        }
    }
}

fn assert_none(canaries: &[Canary], place: &str, text: &str) {
    for Canary { secret, .. } in canaries {
        if let Some(at) = text.find(secret.as_str()) {
            let around = text.get(at.saturating_sub(300)..at + secret.len() + 40);
            panic!("{secret} is in {place}: {}", around.unwrap_or("there"));
        }
    }
}

fn write(writer: &mut ByHand, events: &[EventBuf]) {
    for batch in events.chunks(256) {
        writer.write(batch.to_vec()).unwrap();
    }
}

#[test]
fn no_planted_secret_reaches_a_byte_on_disk() {
    let scratch = Scratch::new("canaries");
    let (trail, anchor) = (scratch.path().join("trail"), scratch.path().join("anchor"));
    let canaries = canaries();
    let mut planting = Planting {
        canaries: &canaries,
        planted: 0,
    };
    let mut events = of_every_kind();
    for event in &mut events {
        event.visit_texts(&mut planting);
    }
    // It is planted: the texts show it where nothing is taken out.
    let shown = events[0].to_line();
    assert!(
        canaries.iter().any(|canary| shown.contains(&canary.secret)),
        "{shown}"
    );

    let open = || {
        AuditHook::builder(&trail)
            .signing_key(SigningKey::from_seed("test", &[7; 32]).unwrap())
            .anchor(AnchorFile::new(&anchor))
            .segment_bytes(512 * 1024)
            .open_by_hand()
            .unwrap()
    };
    let mut writer = open();
    write(&mut writer, &events);
    drop(writer);
    // A torn end: half of the last line is copied into the quarantine.
    let last = std::fs::read_dir(&trail)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let last = last
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .max();
    let last = last.unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&last).unwrap();
    file.set_len(file.metadata().unwrap().len() - 100).unwrap();
    let mut writer = open();
    let torn = |recovery: &&Recovery| recovery.found == Found::Torn;
    assert_eq!(writer.recoveries().iter().filter(torn).count(), 1);
    write(&mut writer, &events[..64]);
    writer.seal().unwrap();
    drop(writer);

    let mut on_disk = Vec::new();
    files(scratch.path(), &mut on_disk);
    let is_there = |part: &str| {
        on_disk
            .iter()
            .any(|(path, text)| path.contains(part) && !text.is_empty())
    };
    assert!(["seg-", "quarantine", "anchor"].into_iter().all(is_there));
    for (path, text) in &on_disk {
        assert_none(&canaries, path, text);
    }
    let read = Trail::open_read(&trail).unwrap();
    let report = read.verify().unwrap();
    assert!(report.is_intact(), "{report}");
    assert!(report.records >= events.len() as u64 + 64, "{report}");
    println!(
        "{} texts planted in {} events, none on disk",
        planting.planted,
        events.len()
    );
    assert!(planting.planted > 5_000);
}

#[test]
fn content_that_may_not_leave_does_not_and_content_that_may_does() {
    const PLANTED: &str = "a sentence that nothing but its policy keeps in";
    let mut visitor = PlantContent {
        text: PLANTED,
        planted: 0,
    };
    let mut events = of_every_kind();
    for event in &mut events {
        event.visit_texts(&mut visitor);
    }
    let written = |policy: ContentPolicy| {
        let trail = Memory::default();
        let builder = AuditHook::builder("").storage(trail.clone());
        let policies = ContentPolicies::new(policy);
        write(
            &mut builder.policies(policies).open_by_hand().unwrap(),
            &events,
        );
        assert!(
            Trail::on(trail.clone())
                .unwrap()
                .verify()
                .unwrap()
                .is_intact()
        );
        let files = trail.with(|files| files.values().flatten().copied().collect());
        String::from_utf8(files).unwrap()
    };
    let shown: usize = events
        .iter()
        .map(|event| event.to_line().matches(PLANTED).count())
        .sum();
    assert!(
        shown >= visitor.planted && visitor.planted > 200,
        "{shown} of {}",
        visitor.planted
    );
    assert!(!written(ContentPolicy::None).contains(PLANTED));
    assert_eq!(written(ContentPolicy::Full).matches(PLANTED).count(), shown);
}

/// What the operating system says may hold a path, and a path a secret.
#[test]
fn the_reason_of_a_gap_is_redacted() {
    let canaries = canaries();
    for canary in &canaries {
        let memory = Memory::default();
        let storage = Full::new(&memory, &canary.text);
        let mut writer = AuditHook::builder("")
            .storage(storage.clone())
            .open_by_hand()
            .unwrap();
        // The write fails, and once more in a new segment; the last word gets through.
        storage.fail(2);
        writer.write(vec![short_event(0)]).unwrap_err();
        drop(writer);
        let trail = Trail::on(memory.clone()).unwrap();
        let own = Filter {
            own: true,
            ..Filter::default()
        };
        let records = trail
            .records(own)
            .unwrap()
            .map(|record| record.unwrap().content);
        let gaps = records.filter(|content| {
            matches!(
                content,
                RecordContent::Own(kaos_hooks::audit::OwnRecord::Gap(_))
            )
        });
        assert_eq!(gaps.count(), 1);
        memory.with(|files| {
            for (name, bytes) in files.iter() {
                let text = String::from_utf8_lossy(bytes);
                assert_none(std::slice::from_ref(canary), name, &text);
            }
        });
    }
}

/// Events that do not fit into a line.
fn too_long() -> Vec<(&'static str, EventBuf)> {
    let long = |bytes: usize| "word ".repeat(bytes / 5);
    let about = |subject: Subject| event(2, subject, PhaseBuf::Start);
    let turn = |change: &dyn Fn(&mut Turn)| {
        let mut turn = Turn::new("a");
        change(&mut turn);
        about(Subject::Turn(turn))
    };
    let attributes = |change: &dyn Fn(&mut Attributes)| turn(&|turn| change(&mut turn.attributes));
    let list = |count: usize, text: &str| {
        (0..count)
            .map(|number| Str::from(format!("{number:05} {text}")))
            .collect::<Vec<_>>()
    };
    let mut call = ToolCall::new("t");
    call.arguments = Some(
        serde_json::json!({ "text": long(200_000) })
            .to_string()
            .into(),
    );
    call.description = Some(long(40_000).into());
    let mut run: EventBuf = short_event(2);
    run.run = Run {
        id: RunId::from(long(80_000).as_str()),
        session: Session::from(long(80_000)),
        agent: long(80_000).into(),
        ..run.run
    };
    let summary = |tools: Vec<Str>| {
        let tool_calls = tools.into_iter().map(ToolCallSummary::new).collect();
        let summary = TurnSummary {
            tool_calls,
            text: long(70_000).into(),
            ..TurnSummary::default()
        };
        of_run(
            3,
            BodyBuf::Value {
                span: None,
                value: Value::TurnSummary(summary),
            },
        )
    };
    vec![
        (
            "input",
            turn(&|turn| turn.input = Some(long(66_000).into())),
        ),
        ("arguments", about(Subject::ToolCall(call))),
        ("names", run),
        ("list", summary(list(30_000, ""))),
        (
            "many attributes",
            attributes(&|to| (0..1500).for_each(|n| to.set(format!("k{n}"), n))),
        ),
        (
            "many long attributes",
            attributes(&|to| {
                (0..1500).for_each(|n| to.set(format!("{n} {}", long(100)), long(100)));
            }),
        ),
        (
            "many lists",
            attributes(&|to| {
                (0..100).for_each(|n| to.set(format!("k{n}"), list(100, "a text")));
            }),
        ),
        (
            "many short lists",
            attributes(&|to| {
                let short = |n: i64| vec![Str::from(format!("{n:04}")); 200];
                (0..200).for_each(|n| to.set(format!("k{n}"), short(n)));
            }),
        ),
        (
            "keys that are redacted alike",
            attributes(&|to| {
                (100..140).for_each(|n| to.set(format!("kim.{n}@corp.dev"), n));
            }),
        ),
    ]
}

#[test]
fn a_record_that_is_too_long_is_cut_and_stays_a_record() {
    let trail = Memory::default();
    let builder = AuditHook::builder("").storage(trail.clone());
    let mut writer = builder.open_by_hand().unwrap();
    let events = too_long();
    for (_, event) in &events {
        writer.write(vec![event.clone()]).unwrap();
    }
    writer.seal().unwrap();
    let report = Trail::on(trail.clone()).unwrap().verify().unwrap();
    assert!(report.is_intact(), "{report}");

    let lines = trail.lines(&trail.segments()[0]);
    let lines = lines
        .iter()
        .filter(|line| !line.starts_with(b"{\"type\":\"trail_"));
    for ((what, event), line) in events.iter().zip(lines) {
        assert!(line.len() <= MAX_LINE_BYTES + 1, "{what}: {}", line.len());
        let read = codec::decode(line).unwrap();
        assert_eq!(
            (read.seq, read.time, read.run.trace_id),
            (event.seq, event.time, event.run.trace_id)
        );
        assert_eq!(
            read.span().map(|span| span.id),
            event.span().map(|span| span.id),
            "{what}"
        );
        let text = std::str::from_utf8(line).unwrap();
        let cut = text.contains("<redacted:OVERSIZE:");
        let may = [
            "many attributes",
            "many short lists",
            "keys that are redacted alike",
        ];
        assert!(cut || may.contains(what), "{what}: {text}");
        if text.contains("attributes") && what.starts_with("many") {
            let some = read.span().unwrap().subject.attributes().iter().count();
            assert!(some >= 1, "{what}: {text}");
        }
    }
    let alike = lines_of(&trail, "<redacted:EMAIL:");
    assert_eq!(
        alike, 1,
        "attributes whose keys are redacted alike are not all lost"
    );
}

fn lines_of(trail: &Memory, part: &str) -> usize {
    let lines = trail.lines(&trail.segments()[0]);
    let has = |line: &&Vec<u8>| String::from_utf8_lossy(line).contains(part);
    lines.iter().filter(has).count()
}

/// A value of every kind that a card number can hide in.
#[test]
fn a_card_number_that_is_a_number_is_redacted() {
    let mut attributes = Attributes::new();
    attributes.set("n", AttributeValue::Int(4_111_111_111_111_111));
    let mut turn = Turn::new("a");
    turn.attributes = attributes;
    let trail = Memory::default();
    let builder = AuditHook::builder("").storage(trail.clone());
    let mut writer = builder.open_by_hand().unwrap();
    writer
        .write(vec![event(2, Subject::Turn(turn), PhaseBuf::Start)])
        .unwrap();
    assert_eq!(lines_of(&trail, "4111111111111111"), 0);
    assert_eq!(lines_of(&trail, "<redacted:CARD:16-chars>"), 1);
}
