//! Audit trails in memory, events to fill them with, and what the format's document says about them
//! written down a second time.

#![expect(
    clippy::missing_panics_doc,
    reason = "a file that is not there is the test's mistake"
)]

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kaos_events::{
    BodyBuf, Custom, CustomOutcome, EventBuf, OutcomeBuf, PhaseBuf, Run, RunId, ServedCall,
    ServedOutcome, Session, SpanBuf, SpanId, Subject, Time, TraceId, Turn, TurnOutcome,
};
use kaos_hooks::audit::{Storage, StorageFile, StorageLock};

/// When the trails of the tests were written.
pub const NOW: u64 = 1_767_225_600_000_000_000;

/// A trail's files, in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Memory {
    /// A copy that shares nothing.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.with(|files| files.clone()))))
    }

    /// Looks at the files, or changes them.
    pub fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<String, Vec<u8>>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The names of the segments, in order.
    pub fn segments(&self) -> Vec<String> {
        let is_segment = |name: &&String| name.starts_with("seg-");
        self.with(|files| files.keys().filter(is_segment).cloned().collect())
    }

    /// What a file holds.
    pub fn file(&self, name: &str) -> Vec<u8> {
        self.with(|files| files[name].clone())
    }

    /// The lines of a segment, each with its line break.
    pub fn lines(&self, name: &str) -> Vec<Vec<u8>> {
        let file = self.file(name);
        file.split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect()
    }

    /// Replaces a file.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        self.with(|files| files.insert(name.to_owned(), bytes));
    }

    /// Removes a file, and gives what it held.
    pub fn take(&self, name: &str) -> Vec<u8> {
        self.with(|files| files.remove(name).unwrap())
    }

    /// Writes all files into a directory.
    pub fn write_to(&self, directory: &Path) {
        std::fs::create_dir_all(directory.join("quarantine")).unwrap();
        self.with(|files| {
            for (name, bytes) in files.iter() {
                std::fs::write(directory.join(name), bytes).unwrap();
            }
        });
    }
}

impl Storage for Memory {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let top = |name: &&String| !name.contains('/');
        Ok(self.with(|files| files.keys().filter(top).cloned().collect()))
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let bytes = self.with(|files| files.get(name).cloned());
        let bytes = bytes.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(io::Cursor::new(bytes)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.put(name, Vec::new());
        self.open(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        // A file is its bytes, not its name: it may be renamed while it is open.
        let (memory, name) = (self.clone(), name.to_owned());
        Ok(Box::new(Open { memory, name }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|files| {
            let bytes = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
            files.insert(to.to_owned(), bytes);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let gone = self.with(|files| files.remove(name));
        gone.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn StorageLock>> {
        Ok(Box::new(()))
    }
}

struct Open {
    memory: Memory,
    name: String,
}

impl Open {
    fn with<T>(&self, look: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        // The writer renames a segment once, from its unfinished name.
        self.memory.with(|files| {
            let finished = self.name.strip_suffix(".tmp").unwrap_or(&self.name);
            let name = if files.contains_key(&self.name) {
                &self.name
            } else {
                finished
            };
            look(files.get_mut(name).unwrap())
        })
    }
}

impl StorageFile for Open {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|file| file.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.with(|file| file.truncate(usize::try_from(length).unwrap()));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Short events: the starts and ends of spans, every tenth pair of which is a turn.
pub fn short_events(count: u64) -> Vec<EventBuf> {
    (0..count).map(short_event).collect()
}

/// The event of this number; each is the start or the end of a span.
pub fn short_event(number: u64) -> EventBuf {
    let (pair, is_end) = (number / 2, number % 2 == 1);
    let took = Duration::from_millis(1);
    let (subject, outcome) = if pair % 10 == 9 {
        let turn = Subject::Turn(Turn::new("a"));
        (turn, OutcomeBuf::Turn(TurnOutcome::default()))
    } else {
        let work = Subject::Custom(Custom::new("w"));
        (work, OutcomeBuf::Custom(CustomOutcome::default()))
    };
    let phase = if is_end {
        PhaseBuf::Complete(outcome, took)
    } else {
        PhaseBuf::Start
    };
    event(number, subject, phase)
}

/// The end of a call that is a run of its own.
pub fn served_call_s_end(number: u64) -> EventBuf {
    let (call, took) = (ServedCall::new("a", "w"), Duration::from_millis(1));
    let phase = PhaseBuf::Complete(ServedOutcome::default().into(), took);
    event(number, call.into(), phase)
}

/// An event about a span.
pub fn event(seq: u64, subject: Subject, phase: PhaseBuf) -> EventBuf {
    let span = SpanBuf {
        id: SpanId::new(1 + seq / 2).unwrap(),
        parent: None,
        subject,
        phase,
    };
    of_run(seq, BodyBuf::Span(Box::new(span)))
}

/// An event of the tests' one run.
pub fn of_run(seq: u64, body: BodyBuf) -> EventBuf {
    EventBuf {
        seq,
        time: Time {
            unix_nanos: NOW + seq * 1_000_000,
            monotonic_nanos: seq * 1_000_000,
        },
        run: Run {
            id: RunId::from_random_bits(0xf0),
            trace_id: TraceId::new(0xab).unwrap(),
            session: Session::from("s-1"),
            agent: "a".into(),
        },
        body,
    }
}

/// A disk that is full, some times.
#[derive(Clone, Debug)]
pub struct Full {
    memory: Memory,
    text: String,
    failures: Arc<AtomicU32>,
}

impl Full {
    /// Keeps its files in `memory`; says this when it is full.
    pub fn new(memory: &Memory, text: &str) -> Self {
        Self {
            memory: memory.clone(),
            text: text.to_owned(),
            failures: Arc::default(),
        }
    }

    /// The next so many writes fail.
    pub fn fail(&self, times: u32) {
        self.failures.store(times, Ordering::Relaxed);
    }

    fn fails(&self) -> io::Result<()> {
        let less = |failures: u32| failures.checked_sub(1);
        let order = Ordering::Relaxed;
        match self.failures.fetch_update(order, order, less) {
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::StorageFull,
                self.text.clone(),
            )),
            Err(_) => Ok(()),
        }
    }
}

impl Storage for Full {
    fn place(&self) -> String {
        self.memory.place()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.memory.list()
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        self.memory.read(name)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.fails()?;
        self.open(name)
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let file = match self.memory.open(name) {
            Ok(file) if self.memory.with(|files| files.contains_key(name)) => file,
            _ => self.memory.create(name)?,
        };
        let disk = self.clone();
        Ok(Box::new(FullFile { disk, file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.memory.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.memory.remove(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn StorageLock>> {
        self.memory.lock()
    }
}

struct FullFile {
    disk: Full,
    file: Box<dyn StorageFile>,
}

impl StorageFile for FullFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.fails()?;
        self.file.write(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}
