//! Writes audit trails for a reader that is not ours: into the directory of the first argument, or
//! as the examples of docs/audit-format.md onto stdout.
//!
//! - `write_trail DIR`: several segments, signed, closed; prints the verifier key.
//! - `write_trail DIR --until-killed`: writes until it is killed; prints the key once there is
//!   something to read.
//! - `write_trail --examples`: what the document shows.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper of tests asserts, and prints what it made"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use kaos_events::{
    EventBuf, ManualClock, PhaseBuf, Str, Subject, ToolCall, ToolOutcome, Turn, TurnOutcome,
};
use kaos_hooks::audit::{Accept, AuditBuilder, AuditHook, SigningKey, Trail};
use kaos_tests::by_the_book::{hashed, hex, peaks, root, sha256};
use kaos_tests::trails::{Full, Memory, NOW, event, served_call_s_end, short_events};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--examples"] => examples(),
        [directory] => in_peace(Path::new(directory)),
        [directory, "--until-killed"] => until_killed(Path::new(directory)),
        _ => println!("usage: write_trail DIR [--until-killed] | --examples"),
    }
}

fn key() -> SigningKey {
    let seed: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
    SigningKey::from_seed("example", &seed).unwrap()
}

fn in_peace(directory: &Path) {
    let builder = AuditHook::builder(directory).segment_bytes(16 * 1024);
    let mut writer = builder.signing_key(key()).open_by_hand().unwrap();
    for batch in short_events(200).chunks(8) {
        writer.write(batch.to_vec()).unwrap();
    }
    writer.write(vec![served_call_s_end(200)]).unwrap();
    writer.seal().unwrap();
    println!("{}", key().verifying_key());
}

fn until_killed(directory: &Path) {
    let builder = AuditHook::builder(directory).segment_bytes(256 * 1024);
    let mut writer = builder.signing_key(key()).open_by_hand().unwrap();
    let events = short_events(400);
    for round in 0_u64.. {
        writer.write(events.clone()).unwrap();
        if round == 3 {
            println!("{}", key().verifying_key());
        }
    }
}

/// A turn with a tool call; its argument is redacted.
fn turn() -> Vec<EventBuf> {
    let about = |subject: Subject, phase: PhaseBuf, seq: u64| event(seq, subject, phase);
    let mut turn = Turn::new("a").session("s-1");
    turn.input = Some(Str::Static("Write to kim@corp.dev"));
    let mut call = ToolCall::new("send");
    call.arguments = Some(Str::Static("{\"to\":\"kim@corp.dev\"}"));
    let took = std::time::Duration::from_millis(1);
    let (turn, call) = (Subject::Turn(turn), Subject::ToolCall(call));
    let called = ToolOutcome::default();
    let mut events = vec![
        about(turn.clone(), PhaseBuf::Start, 0),
        about(call.clone(), PhaseBuf::Start, 2),
        about(
            call.without_content(),
            PhaseBuf::Complete(called.into(), took),
            3,
        ),
        about(
            turn.without_content(),
            PhaseBuf::Complete(TurnOutcome::default().into(), took),
            1,
        ),
    ];
    for (seq, event) in (0..).zip(&mut events) {
        event.seq = seq;
    }
    events
}

/// What a trail's anchor holds in the end.
fn anchored(builder: AuditBuilder) -> (AuditBuilder, Arc<Mutex<String>>) {
    let newest = Arc::new(Mutex::new(String::new()));
    let held = Arc::clone(&newest);
    let builder = builder.anchor(move |checkpoint: &str| {
        checkpoint.clone_into(&mut held.lock().unwrap());
        Ok(())
    });
    (builder, newest)
}

fn examples() {
    let clock = ManualClock::at_unix_nanos(NOW);
    block("key", "secret", &key().to_secret_text());
    block("key", "verifier", &key().verifying_key().to_string());

    // Written, killed within a line, opened again, closed.
    let files = Memory::default();
    let open = || {
        let builder = AuditHook::builder("").storage(files.clone());
        let builder = builder.signing_key(key()).clock(clock.clone());
        anchored(builder)
    };
    let (builder, _) = open();
    let mut writer = builder.open_by_hand().unwrap();
    let turn = turn();
    writer.write(turn[..2].to_vec()).unwrap();
    clock.advance(std::time::Duration::from_millis(5));
    writer.write(turn[2..].to_vec()).unwrap();
    drop(writer);
    let first = files.segments()[0].clone();
    let mut bytes = files.file(&first);
    bytes.extend_from_slice(b"{\"timestamp\":0.007,\"sequence\":4,\"sess");
    files.put(&first, bytes);
    clock.advance(std::time::Duration::from_secs(9));
    let (builder, newest) = open();
    let mut writer = builder.open_by_hand().unwrap();
    writer.write(short_events(2)).unwrap();
    writer.seal().unwrap();
    show("recovered", &files, &newest.lock().unwrap());

    // The disk is full, says so in the trail, and has room again.
    let files = Memory::default();
    let disk = Full::new(&files, "No space left on device (os error 28)");
    let builder = AuditHook::builder("").storage(disk.clone()).clock(clock);
    let (builder, newest) = anchored(builder);
    let mut writer = builder.open_by_hand().unwrap();
    writer.write(turn[..1].to_vec()).unwrap();
    disk.fail(2);
    writer.write(turn[1..2].to_vec()).unwrap_err();
    writer.write(turn[1..2].to_vec()).unwrap();
    writer.seal().unwrap();
    // What the disk held of the write that failed.
    let segments = files.segments();
    let mut superseded = files.file(&segments[0]);
    superseded.extend_from_slice(&files.lines(&segments[1])[3]);
    files.put(&segments[0], superseded);
    show("failed", &files, &newest.lock().unwrap());
    life();
}

/// The key hands over; somebody opens the trail without a key, which is accepted; the beginning goes.
fn life() {
    let (files, clock) = (Memory::default(), ManualClock::at_unix_nanos(NOW));
    let second = || SigningKey::from_seed("second", &[9; 32]).unwrap();
    block("key", "second", &second().verifying_key().to_string());
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    let open = || {
        clock.advance(day);
        anchored(
            AuditHook::builder("")
                .storage(files.clone())
                .clock(clock.clone()),
        )
    };
    let written = |builder: AuditBuilder, event: usize| {
        let mut writer = builder.open_by_hand().unwrap();
        writer.write(turn()[event..=event].to_vec()).unwrap();
        writer.seal().unwrap();
    };
    written(open().0.signing_key(key()), 0);
    let (builder, older) = open();
    written(builder.signing_key(second()).hand_over_from(key()), 1);
    written(open().0.allow_unsigned(), 2);
    let accept = Accept {
        reason: "the key was not at hand".into(),
        who: "kim".into(),
        ..Accept::default()
    };
    open().0.signing_key(second()).accept(&accept).unwrap();
    let (builder, newest) = open();
    let removed = builder
        .signing_key(second())
        .prune(NOW + 2 * 86_400 * 1_000_000_000)
        .unwrap();
    let (older, newest) = (
        older.lock().unwrap().clone(),
        newest.lock().unwrap().clone(),
    );
    for name in files.segments() {
        block(
            "life",
            &name,
            &String::from_utf8(files.file(&name)).unwrap(),
        );
    }
    block("life", "anchor", &newest);
    block("life", "older", &older);
    let trail = Trail::on(files).unwrap();
    let proof = trail.prove_inclusion(removed.unwrap().to + 1).unwrap();
    block("life", "inclusion", &proof.to_string());
    let grown = trail.prove_consistency(&older.parse().unwrap()).unwrap();
    block("life", "consistency", &grown.to_string());
}

/// A trail, and what a reader computes of it, by the definitions.
fn show(trail: &str, files: &Memory, newest: &str) {
    let names: Vec<String> = files.with(|files| files.keys().cloned().collect());
    for name in names.iter().filter(|name| *name != "reserve") {
        block(trail, name, &String::from_utf8(files.file(name)).unwrap());
    }
    block(trail, "anchor", newest);
    let mut leaves: Vec<Vec<u8>> = Vec::new();
    let mut expected = Vec::new();
    for segment in files.segments() {
        for line in files.lines(&segment) {
            let text = String::from_utf8(line.clone()).unwrap();
            if !text.contains(&format!(",\"trail_seq\":{},", leaves.len())) {
                continue; // superseded
            }
            let before: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
            let leaf = line.strip_suffix(b"\n").unwrap().to_vec();
            expected.push(serde_json::json!({
                "segment": segment,
                "h": hashed(&line).1,
                "leaf_hash": hex(&sha256(&[&[0], &leaf])),
                "root_before": hex(&root(&before)),
                "subtrees_before": peaks(&before).iter().map(|peak| hex(peak)).collect::<Vec<_>>(),
            }));
            leaves.push(leaf);
        }
    }
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    block(trail, "records", &expected.join("\n"));
}

fn block(trail: &str, name: &str, text: &str) {
    println!(
        "```text {trail}/{name}\n{}\n```\n",
        text.strip_suffix('\n').unwrap_or(text)
    );
}
