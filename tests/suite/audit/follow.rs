//! Reading a trail from a place on, whatever stands in its files.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kaos_events::ManualClock;
use kaos_hooks::audit::{
    AuditHook, Placed, Position, RecordContent, Storage, StorageFile, StorageLock, Trail,
};
use kaos_tests::trails::{Memory, NOW, short_event};

/// A trail of three segments, with three events in each.
pub(super) fn three_segments() -> Memory {
    let memory = Memory::default();
    for segment in 0..3 {
        let builder = AuditHook::builder("").storage(memory.clone());
        let builder = builder.clock(ManualClock::at_unix_nanos(NOW));
        let mut writer = builder.open_by_hand().unwrap();
        let events = (0..3).map(|event| short_event(segment * 3 + event));
        writer.write(events.collect()).unwrap();
        writer.seal().unwrap();
    }
    assert_eq!(memory.segments().len(), 3);
    memory
}

fn events(placed: &[Placed]) -> Vec<u64> {
    let event = |it: &Placed| match &it.record.content {
        RecordContent::Event(event) => Some(event.seq),
        RecordContent::Own(_) => None,
    };
    placed.iter().filter_map(event).collect()
}

fn all(trail: &Trail) -> Vec<Placed> {
    let follow = trail.follow(Position::default()).unwrap();
    follow.collect::<io::Result<_>>().unwrap()
}

#[test]
fn a_line_that_is_longer_than_any_hides_nothing_behind_it() {
    // Of one piece and of several, up to and around the border of one.
    for length in [
        64 * 1024,
        64 * 1024 + 1,
        64 * 1024 + 2,
        100_000,
        131_074,
        1 << 20,
    ] {
        let memory = three_segments();
        let name = memory.segments()[1].clone();
        let mut lines = memory.lines(&name);
        let (at, mut long) = (lines.len() - 2, vec![b'x'; length]);
        long.push(b'\n');
        lines.insert(at, long);
        memory.put(&name, lines.concat());
        let trail = Trail::on(memory.clone()).unwrap();
        assert_eq!(events(&all(&trail)), (0..9).collect::<Vec<_>>(), "{length}");
        assert!(!trail.verify().unwrap().is_intact(), "and it is no record");
    }
}

#[test]
fn what_is_appended_behind_a_line_that_is_too_long_is_followed() {
    let memory = three_segments();
    let name = memory.segments()[2].clone();
    let whole = memory.lines(&name);
    let (before, after) = whole.split_at(2);
    let long = vec![b'x'; 200_000];
    memory.put(&name, [before.concat(), long.clone()].concat());
    let trail = Trail::on(memory.clone()).unwrap();
    let mut follow = trail.follow(Position::default()).unwrap();
    let mut read: Vec<Placed> = follow.by_ref().collect::<io::Result<_>>().unwrap();
    let behind = follow.position();
    memory.put(
        &name,
        [before.concat(), long, vec![b'\n'], after.concat()].concat(),
    );
    let rest = trail.follow(behind).unwrap();
    read.extend(rest.collect::<io::Result<Vec<_>>>().unwrap());
    assert_eq!(events(&read), (0..9).collect::<Vec<_>>());
}

/// A file that cannot be opened, or cannot be read beyond some bytes, for a while.
#[derive(Clone)]
struct Failing {
    memory: Memory,
    name: String,
    /// None: it cannot be opened.
    beyond: Option<u64>,
    fails: Arc<AtomicBool>,
}

impl Failing {
    fn now(&self, name: &str) -> bool {
        name == self.name && self.fails.load(Ordering::Relaxed)
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _to: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("a bad sector"))
    }
}

impl Storage for Failing {
    fn place(&self) -> String {
        self.memory.place()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.memory.list()
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        match self.beyond.filter(|_| self.now(name)) {
            Some(beyond) => {
                let whole = Cursor::new(self.memory.file(name));
                Ok(Box::new(whole.take(beyond).chain(Broken)))
            }
            None if self.now(name) => Err(io::Error::other("no handles are left")),
            None => self.memory.read(name),
        }
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.memory.create(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.memory.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.memory.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.memory.remove(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.memory.sync_directory()
    }

    fn lock(&self) -> io::Result<Box<dyn StorageLock>> {
        self.memory.lock()
    }
}

#[test]
fn an_error_is_the_last_item_and_what_could_not_be_read_comes_when_it_can() {
    for segment in 0..3 {
        let memory = three_segments();
        let whole = all(&Trail::on(memory.clone()).unwrap());
        let name = memory.segments()[segment].clone();
        let length = memory.file(&name).len() as u64;
        let beyond = [None, Some(0), Some(1), Some(length / 2), Some(length)];
        for beyond in beyond {
            let failing = Failing {
                memory: memory.clone(),
                name: name.clone(),
                beyond,
                fails: Arc::new(AtomicBool::new(true)),
            };
            let fails = Arc::clone(&failing.fails);
            let trail = Trail::on(failing).unwrap();
            let mut follow = trail.follow(Position::default()).unwrap();
            let (mut read, mut errors) = (Vec::new(), 0);
            for item in follow.by_ref() {
                assert_eq!(errors, 0, "nothing comes behind an error");
                match item {
                    Ok(placed) => read.push(placed),
                    Err(_) => errors += 1,
                }
            }
            assert_eq!(errors, 1, "segment {segment}, beyond {beyond:?}");
            assert!(follow.next().is_none());
            let position = follow.position();
            assert!(read.iter().all(|it| it.at < position));

            // Whoever goes on meets it again, until it is over.
            let again: Vec<_> = trail.follow(position).unwrap().collect();
            assert!(
                again.last().unwrap().is_err() && again.len() == 1,
                "{again:?}"
            );
            fails.store(false, Ordering::Relaxed);
            let rest = trail.follow(position).unwrap();
            read.extend(rest.collect::<io::Result<Vec<_>>>().unwrap());
            assert_eq!(read, whole, "segment {segment}, beyond {beyond:?}");
        }
    }
}
