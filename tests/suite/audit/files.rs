//! Whatever stands where a file of the trail should be, or happens to one while it is open: nothing
//! hangs, nothing is written through a link, nothing foreign is removed, nothing that was
//! acknowledged is missing.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use kaos_hooks::audit::{AuditHook, Filter, RecordContent, Trail};
use kaos_hooks::{Hooks, Ruling, Step, StepOutcome, ToolAnnotations, ToolCall, Turn, TurnOutcome};

use super::Scratch;

const SEGMENT: &str = "seg-00000000000000000000.jsonl";
const NEXT: &str = "seg-00000000000000000005.jsonl.tmp";

/// What stands where a file should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    LinkToAFile,
    DanglingLink,
    Pipe,
    Directory,
    HardLink,
}

const THINGS: [Thing; 5] = [
    Thing::LinkToAFile,
    Thing::DanglingLink,
    Thing::Pipe,
    Thing::Directory,
    Thing::HardLink,
];

struct Place {
    scratch: Scratch,
    victim: PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let victim = scratch.path().with_extension("victim");
        fs::write(&victim, "precious").unwrap();
        Self { scratch, victim }
    }

    fn trail(&self) -> &Path {
        self.scratch.path()
    }

    fn put(&self, thing: Thing, name: &str) {
        let at = self.trail().join(name);
        let _absent = fs::remove_file(&at);
        match thing {
            Thing::LinkToAFile => symlink(&self.victim, at).unwrap(),
            Thing::DanglingLink => symlink(self.victim.with_extension("none"), at).unwrap(),
            Thing::Pipe => pipe(&at),
            Thing::Directory => {
                fs::create_dir(&at).unwrap();
                fs::write(at.join("inside"), "precious").unwrap();
            }
            Thing::HardLink => fs::hard_link(&self.victim, at).unwrap(),
        }
    }

    fn untouched(&self) {
        let kept = fs::read_to_string(&self.victim).unwrap();
        assert_eq!(kept, "precious", "written through a link");
        assert!(!self.victim.with_extension("none").exists());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.victim);
    }
}

fn pipe(at: &Path) {
    let made = std::process::Command::new("mkfifo").arg(at).status();
    assert!(made.unwrap().success());
}

/// What `work` gives; fails when that takes too long.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, over) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    let limit = Duration::from_secs(30);
    over.recv_timeout(limit)
        .expect("it neither hangs nor panics")
}

fn open(trail: &Path) -> Result<AuditHook, kaos_hooks::audit::AuditError> {
    let trail = trail.to_owned();
    in_time(move || AuditHook::open(trail))
}

fn a_turn(audit: &AuditHook) {
    let turn = Hooks::new(audit.clone()).turn(Turn::new("assistant"));
    turn.complete(TurnOutcome::default());
}

fn flush(audit: &AuditHook) -> Result<(), kaos_hooks::HookError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(audit.force_flush())
}

/// The events in the trail, as a reader finds them.
fn events(trail: &Path) -> usize {
    let trail = trail.to_owned();
    in_time(move || {
        let trail = Trail::open_read(trail).unwrap();
        let records = trail.records(Filter::default()).unwrap();
        records
            .filter(|record| matches!(record.as_ref().unwrap().content, RecordContent::Event(_)))
            .count()
    })
}

/// A trail that was written, and closed: records 0 to 4.
fn written(place: &Place) {
    let audit = open(place.trail()).unwrap();
    a_turn(&audit);
    drop(audit);
    assert_eq!(events(place.trail()), 2);
}

/// Which of the files a thing stands for is harmless, since it is moved out of the way.
#[test]
fn what_stands_in_the_way_at_opening_is_refused_or_put_aside_and_never_followed() {
    let cases = [
        ("lock", false),
        (SEGMENT, false),
        (NEXT, true),
        ("seg-00000000000000000000.jsonl.tmp", true),
        ("reserve", true),
        ("quarantine", false),
        ("notes.tmp", true),
        ("seg-00000000000000000000.jsonl-12.tmp", true),
    ];
    for (name, opens) in cases {
        for thing in THINGS {
            let place = Place::new(&format!("way-{thing:?}-{name}"));
            written(&place);
            if name == "quarantine" {
                fs::remove_dir(place.trail().join(name)).unwrap();
                if thing == Thing::Directory {
                    continue; // that is what it should be
                }
            }
            place.put(thing, name);
            let opened = open(place.trail());
            // A segment that is linked elsewhere, too, is read and then written anew.
            let opens = opens || (name, thing) == (SEGMENT, Thing::HardLink);
            // The last segment is not what it was: nothing can be verified then.
            let whole = name != SEGMENT;
            assert_eq!(opened.is_ok(), opens, "{name} {thing:?}: {opened:?}");
            place.untouched();
            if let Ok(audit) = opened {
                a_turn(&audit);
                flush(&audit).unwrap();
                drop(audit);
                if whole {
                    assert_eq!(events(place.trail()), 4, "{name} {thing:?}");
                }
            }
            place.untouched();
            let foreign = place.trail().join("notes.tmp");
            if name == "notes.tmp" {
                assert!(fs::symlink_metadata(foreign).is_ok(), "not ours to remove");
            }
            in_time({
                let trail = place.trail().to_owned();
                move || Trail::open_read(trail).unwrap().verify().map(drop)
            })
            .unwrap();
        }
    }
}

/// What happens to a file while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Unlinked,
    ReplacedByACopy,
    Renamed,
    LinkedElsewhere,
}

fn change(what: Change, file: &Path) {
    let aside = file.with_extension("aside");
    match what {
        Change::Unlinked => fs::remove_file(file).unwrap(),
        Change::ReplacedByACopy => {
            fs::copy(file, &aside).unwrap();
            fs::rename(aside, file).unwrap();
        }
        Change::Renamed => fs::rename(file, aside).unwrap(),
        Change::LinkedElsewhere => fs::hard_link(file, aside).unwrap(),
    }
}

#[test]
fn what_is_acknowledged_is_in_the_files_of_the_directory_whatever_happens_to_them() {
    let changes = [
        Change::Unlinked,
        Change::ReplacedByACopy,
        Change::Renamed,
        Change::LinkedElsewhere,
    ];
    for what in changes {
        // The live segment: records go on in a new one.
        let place = Place::new(&format!("live-{what:?}"));
        let audit = open(place.trail()).unwrap();
        change(what, &place.trail().join(SEGMENT));
        a_turn(&audit);
        flush(&audit).unwrap();
        assert_eq!(audit.stats().recorded, 2);
        assert!(
            turns_in(place.trail()) >= 1,
            "{what:?}: acknowledged, and in no file"
        );

        // The lock: nothing is written any more, and nobody else gets in.
        let place = Place::new(&format!("lock-{what:?}"));
        let audit = open(place.trail()).unwrap();
        change(what, &place.trail().join("lock"));
        a_turn(&audit);
        let why = flush(&audit).unwrap_err().to_string();
        assert!(why.contains("`lock` was"), "{why}");
        assert!(audit.failing().is_some());
        let other = open(place.trail()).unwrap_err();
        assert!(other.is_locked(), "{what:?}: a second writer got in");
        let hooks = Hooks::new(audit.clone());
        let turn = hooks.turn(Turn::new("assistant"));
        let tool = turn.open(ToolCall::new("launch"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let annotations = ToolAnnotations::default();
        let ruling = runtime.block_on(hooks.before_tool_call(&tool, "{}", annotations));
        assert!(matches!(ruling, Ruling::Deny { .. }), "{ruling:?}");
    }
}

/// Planted while the trail is open, where its next segment will be made.
#[test]
fn a_link_planted_for_the_next_segment_is_not_written_through() {
    for thing in THINGS {
        let place = Place::new(&format!("planted-{thing:?}"));
        let audit = AuditHook::builder(place.trail())
            .segment_bytes(1)
            .open()
            .unwrap();
        for number in 0..40 {
            place.put(thing, &format!("seg-{number:020}.jsonl.tmp"));
        }
        for _ in 0..3 {
            a_turn(&audit);
            flush(&audit).unwrap();
        }
        drop(audit);
        place.untouched();
        assert_eq!(events(place.trail()), 6, "{thing:?}");
    }
}

/// All segments of the directory, as text.
fn lines_in(trail: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(trail).unwrap().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".jsonl") {
            text += &fs::read_to_string(entry.path()).unwrap();
        }
    }
    text
}

/// How many turns' ends there are in the segments of the directory.
fn turns_in(trail: &Path) -> usize {
    let lines = lines_in(trail);
    let ends = |line: &&str| line.contains("turn") && line.contains("complete");
    lines.lines().filter(ends).count()
}

/// A cleaner comes again and again while turns are written; each that is acknowledged is there.
#[test]
fn a_directory_cleaner_takes_nothing_that_is_acknowledged_afterwards() {
    let place = Place::new("cleaner");
    let audit = open(place.trail()).unwrap();
    for turn in 0..20 {
        let hooks = Hooks::new(audit.clone());
        let session = format!("s-{turn}");
        let scope = hooks.turn(Turn::new("assistant").session(session.clone()));
        let step = scope.open(Step::new(1));
        if turn % 2 == 0 {
            for entry in fs::read_dir(place.trail()).unwrap().flatten() {
                if entry.file_name().to_string_lossy().ends_with(".jsonl") {
                    fs::remove_file(entry.path()).unwrap();
                }
            }
        }
        step.complete(StepOutcome::default());
        scope.complete(TurnOutcome::default());
        if flush(&audit).is_ok() {
            let there = lines_in(place.trail());
            assert!(
                there.contains(&session),
                "{session} is acknowledged, and gone"
            );
        }
    }
}

#[test]
fn a_line_without_end_keeps_neither_reader_nor_writer_busy() {
    let place = Place::new("endless");
    written(&place);
    let segments = || {
        let mut names: Vec<_> = fs::read_dir(place.trail())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("seg-"))
            .collect();
        names.sort();
        names
    };
    let last = place.trail().join(segments().last().unwrap());
    let file = OpenOptions::new().append(true).open(&last).unwrap();
    file.set_len(1 << 40).unwrap(); // a terabyte of nothing
    let trail = place.trail().to_owned();
    let report = in_time(move || Trail::open_read(trail).unwrap().verify().unwrap());
    assert!(!report.is_intact(), "{report}");
    let trail = place.trail().to_owned();
    let read = in_time(move || {
        let records = Trail::open_read(trail).unwrap().records(Filter::default());
        records.unwrap().take(100).collect::<Vec<_>>()
    });
    let errors = read.iter().filter(|record| record.is_err()).count();
    assert_eq!(
        (read.len() - errors, errors),
        (2, 1),
        "an error is said once"
    );
    let audit = open(place.trail()).unwrap();
    assert_eq!(audit.recoveries().len(), 1);
    a_turn(&audit);
    flush(&audit).unwrap();
}

#[test]
fn a_trail_is_made_for_its_owner_and_group_and_what_is_there_keeps_its_mode() {
    let place = Place::new("modes");
    let deep = place.trail().join("a/b");
    let audit = open(&deep).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    for directory in [
        place.trail(),
        &place.trail().join("a"),
        &deep,
        &deep.join("quarantine"),
    ] {
        assert_eq!(mode(directory) & !0o750, 0, "{}", directory.display());
    }
    for entry in fs::read_dir(&deep).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            assert_eq!(mode(&entry.path()) & !0o640, 0, "{:?}", entry.path());
        }
    }
    drop(audit);
    fs::set_permissions(&deep, fs::Permissions::from_mode(0o777)).unwrap();
    drop(open(&deep).unwrap());
    assert_eq!(mode(&deep), 0o777);
}

/// Names and reasons come from the files: none of them commands the terminal.
#[test]
fn a_report_has_no_escape_sequences() {
    let place = Place::new("escapes");
    written(&place);
    let last = place.trail().join(SEGMENT);
    let text = fs::read_to_string(&last).unwrap();
    let first = text.lines().next().unwrap().replace(
        "\"host\":\"",
        "\"key\":\"\\u001b]0;owned\\u0007\\u001b[2Jx+00000000+AA==\",\"host\":\"",
    );
    let rest = text.split_once('\n').unwrap().1;
    let mut file = File::create(&last).unwrap();
    write!(file, "{first}\n{rest}").unwrap();
    let report = Trail::open_read(place.trail()).unwrap().verify().unwrap();
    let shown = report.to_string();
    let control = |char: char| char.is_control() && char != '\n';
    assert!(!shown.contains(control), "{shown:?}");
}
