//! What others do to a trail's directory, and to what it is given, while it is written and read.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use kaos_events::{AttributeValue, ManualClock};
use kaos_hooks::audit::{Anchor as _, AnchorFile, AuditHook, SigningKey, Trail};
use kaos_hooks::{Hooks, Step, Turn, TurnOutcome};
use kaos_tests::trails::{Memory, NOW};

use super::Scratch;

fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, over) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    over.recv_timeout(Duration::from_secs(10))
        .expect("it neither hangs nor panics")
}

fn blocked_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

fn a_turn(audit: &AuditHook) {
    let turn = Hooks::new(audit.clone()).turn(Turn::new("assistant"));
    turn.complete(TurnOutcome::default());
}

fn segments(trail: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(trail).unwrap().flatten();
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|it| it == "jsonl");
    let mut segments: Vec<_> = files.map(|it| it.path()).filter(is_segment).collect();
    segments.sort();
    segments
}

/// A trail of one segment, closed.
fn closed(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let audit = AuditHook::open(scratch.path()).unwrap();
    a_turn(&audit);
    drop(audit);
    scratch
}

fn append(file: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn a_number_at_the_end_of_all_numbers_neither_overflows_nor_replaces_a_segment() {
    for number in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1] {
        let scratch = closed("last-number");
        let first = segments(scratch.path()).remove(0);
        let h = "0".repeat(64);
        let line = format!(r#"{{"type":"x","trail_seq":{number},"synced":null,"h":"{h}"}}"#);
        append(&first, format!("junk\n{line}\n").as_bytes());
        let before = fs::read(&first).unwrap();
        let read = Trail::open_read(scratch.path()).unwrap();
        assert_ne!(read.verify().unwrap().exit_code(false), 0);
        for _ in 0..2 {
            if let Ok(audit) = AuditHook::open(scratch.path()) {
                a_turn(&audit);
            }
            let left = fs::read(&first).unwrap();
            let good = before.len() - "junk\n".len() - line.len() - 1;
            assert_eq!(left[..good], before[..good], "{number}");
        }
        read.verify().unwrap();
    }
}

/// A file, and a directory, standing where the next segment will be.
#[test]
fn what_stands_at_the_next_segments_name_is_put_aside_and_never_replaced() {
    for is_file in [true, false] {
        let scratch = Scratch::new("in-the-way");
        let audit = AuditHook::builder(scratch.path())
            .segment_bytes(1)
            .open()
            .unwrap();
        for number in 5..40 {
            let at = scratch.path().join(format!("seg-{number:020}.jsonl"));
            if is_file {
                fs::write(at, "precious").unwrap();
            } else {
                fs::create_dir(at).unwrap();
            }
        }
        for _ in 0..3 {
            a_turn(&audit);
            blocked_on(audit.force_flush()).unwrap();
        }
        assert_eq!(audit.stats().recorded, 6);
        drop(audit);
        let aside: Vec<_> = fs::read_dir(scratch.path().join("quarantine"))
            .unwrap()
            .flatten()
            .collect();
        assert!(!aside.is_empty());
        for entry in aside.iter().filter(|_| is_file) {
            assert_eq!(fs::read_to_string(entry.path()).unwrap(), "precious");
        }
    }
}

#[test]
fn a_reader_that_holds_the_lock_is_no_writer() {
    let scratch = closed("readers");
    append(&segments(scratch.path())[0], br#"{"type":"text"#);
    let lock = File::open(scratch.path().join("lock")).unwrap();
    let directory = File::open(scratch.path()).unwrap();
    let torn = || {
        let trail = Trail::open_read(scratch.path()).unwrap();
        trail.verify().unwrap().exit_code(false)
    };
    assert_eq!(torn(), 4);
    lock.lock_shared().unwrap();
    directory.lock_shared().unwrap();
    assert_eq!(torn(), 4);
    drop((lock, directory));
    let answers = std::thread::scope(|scope| {
        let many = || (0..20).map(|_| torn()).collect::<Vec<_>>();
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(many)).collect();
        let answers = readers.into_iter().map(|reader| reader.join().unwrap());
        answers.collect::<Vec<_>>().concat()
    });
    assert!(answers.iter().all(|exit| *exit == 4), "{answers:?}");
}

/// A process that is being started has all that is open, until it becomes another program: here it is for ever.
#[cfg(target_os = "linux")]
#[test]
fn what_inherited_the_lock_of_a_closed_trail_does_not_hold_it() {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    let scratch = Scratch::new("inherited");
    let audit = AuditHook::open(scratch.path()).unwrap();
    a_turn(&audit);
    let trail = fs::canonicalize(scratch.path()).unwrap();
    let this = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let of_trail =
        open.filter(|it| fs::read_link(it.path()).is_ok_and(|to| to.starts_with(&trail)));
    let inherited: Vec<_> = of_trail
        .map(|it| it.file_name().to_str().unwrap().parse().unwrap())
        .map(|fd| pidfd_getfd(&this, fd, PidfdGetfdFlags::empty()).unwrap())
        .collect();
    // The lock, the directory, a segment.
    assert!(inherited.len() > 2, "{inherited:?}");
    let standing = || {
        let trail = Trail::open_read(scratch.path()).unwrap();
        trail.verify().unwrap().to_string()
    };
    assert!(standing().contains("OPEN"), "{}", standing());
    drop(audit);
    assert!(!standing().contains("OPEN"), "{}", standing());
    drop(AuditHook::open(scratch.path()).unwrap());
    drop(inherited);
}

#[test]
fn a_pipe_and_a_file_without_end_are_neither_anchor_nor_key() {
    let scratch = closed("pipes");
    let pipe = scratch.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let huge = scratch.path().join("huge");
    File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    for path in [pipe, huge, PathBuf::from("/dev/zero")] {
        let anchor = path.clone();
        let held = in_time(move || AnchorFile::new(anchor).newest());
        held.unwrap_err();
        let key = path.clone();
        let read = in_time(move || SigningKey::read(key));
        read.unwrap_err();
        let trail = scratch.path().join("trail");
        let opened = in_time(move || {
            let builder = AuditHook::builder(trail);
            builder.anchor(AnchorFile::new(path)).open().map(drop)
        });
        opened.unwrap_err();
    }
}

#[test]
fn a_quarantine_that_became_a_link_is_not_followed() {
    let scratch = Scratch::new("quarantine-link");
    let elsewhere = Scratch::new("elsewhere");
    fs::create_dir(elsewhere.path()).unwrap();
    let audit = AuditHook::builder(scratch.path())
        .segment_bytes(1)
        .open()
        .unwrap();
    let quarantine = scratch.path().join("quarantine");
    fs::remove_dir(&quarantine).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &quarantine).unwrap();
    for number in 5..40 {
        fs::create_dir(scratch.path().join(format!("seg-{number:020}.jsonl.tmp"))).unwrap();
    }
    a_turn(&audit);
    let _may_fail = blocked_on(audit.force_flush());
    a_turn(&audit);
    let why = blocked_on(audit.force_flush()).unwrap_err().to_string();
    assert!(why.contains("`quarantine`"), "{why}");
    drop(audit);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_live_segment_that_another_cuts_or_appends_to_is_given_up() {
    for cut in [true, false] {
        let scratch = Scratch::new("length");
        let audit = AuditHook::open(scratch.path()).unwrap();
        a_turn(&audit);
        blocked_on(audit.force_flush()).unwrap();
        let live = segments(scratch.path()).remove(0);
        if cut {
            let file = OpenOptions::new().write(true).open(&live).unwrap();
            file.set_len(20).unwrap();
        } else {
            append(&live, b"junk\n");
        }
        a_turn(&audit);
        blocked_on(audit.force_flush()).unwrap();
        assert_eq!(segments(scratch.path()).len(), 2, "cut: {cut}");
        blocked_on(audit.shutdown()).unwrap();
        let bytes = fs::read(&live).unwrap();
        assert!(!bytes.contains(&0), "cut: {cut}: filled with zeros");
        let report = Trail::open_read(scratch.path()).unwrap().verify().unwrap();
        assert_eq!(report.exit_code(false), u8::from(cut), "{report}");
    }
}

#[test]
fn a_shutdown_says_that_the_trail_is_not_sealed() {
    let scratch = Scratch::new("unsealed");
    let audit = AuditHook::open(scratch.path()).unwrap();
    a_turn(&audit);
    blocked_on(audit.force_flush()).unwrap();
    fs::remove_file(scratch.path().join("lock")).unwrap();
    for _ in 0..2 {
        let why = blocked_on(audit.shutdown()).unwrap_err().to_string();
        assert!(why.contains("seal"), "{why}");
    }
    assert_eq!(audit.stats().recorded, 2);
}

#[test]
fn an_anchor_that_panics_has_failed_and_the_trail_goes_on() {
    let trail = Memory::default();
    let audit = AuditHook::builder("")
        .storage(trail.clone())
        .clock(ManualClock::at_unix_nanos(NOW))
        .anchor(|_: &str| -> std::io::Result<()> { panic!("an anchor's fault") })
        .open()
        .unwrap();
    for _ in 0..3 {
        a_turn(&audit);
        blocked_on(audit.force_flush()).unwrap();
    }
    let stats = audit.stats();
    assert_eq!((stats.recorded, stats.lost, stats.waiting), (6, 0, 0));
    blocked_on(audit.shutdown()).unwrap();
    drop(audit);
    assert!(Trail::on(trail).unwrap().verify().unwrap().is_intact());
}

#[test]
fn names_and_attributes_of_megabytes_do_not_hold_up_the_writer() {
    let huge = || "password is hunter22 ".repeat(400_000);
    let trail = Memory::default();
    let audit = AuditHook::builder("")
        .storage(trail.clone())
        .clock(ManualClock::at_unix_nanos(NOW))
        .open()
        .unwrap();
    let turn = Hooks::new(audit.clone()).turn(Turn::new(huge()));
    let mut step = Step::new(1);
    step.attributes.set("text", huge());
    step.attributes.set(huge(), "swordfish");
    let many: Vec<_> = (0..1000)
        .map(|_| kaos_events::Str::from("x y z ".repeat(2000)))
        .collect();
    step.attributes.set("list", AttributeValue::List(many));
    step.attributes.set("plain", "kept");
    turn.open(step).complete(kaos_hooks::StepOutcome::default());
    turn.complete(TurnOutcome::default());
    let since = std::time::Instant::now();
    blocked_on(audit.force_flush()).unwrap();
    let took = since.elapsed();
    drop(audit);
    let records = Trail::on(trail).unwrap();
    let records = records
        .records(kaos_hooks::audit::Filter::default())
        .unwrap();
    let text: String = records
        .filter_map(|record| match record.unwrap().content {
            kaos_hooks::audit::RecordContent::Event(event) => Some(event.to_line()),
            kaos_hooks::audit::RecordContent::Own(_) => None,
        })
        .collect();
    assert!(text.contains("kept") && !text.contains("hunter22") && !text.contains("swordfish"));
    assert!(took < Duration::from_secs(2), "{took:?}");
}
