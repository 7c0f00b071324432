//! A disk that is as slow or as broken as the test says, and counts the events written to it.

#![expect(
    clippy::missing_panics_doc,
    reason = "a fixture of tests that is wrong may panic"
)]

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex};

use kaos_events::{BodyBuf, Phase, Value, codec};
use kaos_hooks::audit::{Storage, StorageFile, StorageLock};

/// The disk; clones are the same one. It keeps no bytes.
#[derive(Debug, Clone, Default)]
pub struct SlowDisk(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    names: BTreeSet<String>,
    /// How many syncs may still return; `None` is as many as come.
    syncs: Option<u64>,
    broken: Option<Broken>,
    written: Written,
}

/// What a write does instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// It fails like this.
    Fails(io::ErrorKind),
    /// It panics.
    Panics,
}

/// The events that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// All of them.
    pub events: u64,
    /// Starts of spans.
    pub starts: u64,
    /// Ends of spans.
    pub ends: u64,
    /// Limits that were exceeded.
    pub budgets: u64,
}

impl SlowDisk {
    /// No sync returns from now on.
    pub fn stall(&self) {
        self.0.state.lock().unwrap().syncs = Some(0);
    }

    /// One more sync returns.
    pub fn permit(&self) {
        if let Some(syncs) = &mut self.0.state.lock().unwrap().syncs {
            *syncs += 1;
        }
        self.0.moved.notify_all();
    }

    /// The next sync returns, if none may yet.
    pub fn permit_next(&self) {
        if let Some(syncs) = &mut self.0.state.lock().unwrap().syncs {
            *syncs = (*syncs).max(1);
        }
        self.0.moved.notify_all();
    }

    /// Every sync returns from now on.
    pub fn release(&self) {
        self.0.state.lock().unwrap().syncs = None;
        self.0.moved.notify_all();
    }

    /// Every write does this from now on; with `None`, no more.
    pub fn breaks(&self, how: Option<Broken>) {
        self.0.state.lock().unwrap().broken = how;
    }

    /// What was written so far.
    pub fn written(&self) -> Written {
        self.0.state.lock().unwrap().written
    }
}

impl Storage for SlowDisk {
    fn place(&self) -> String {
        "slow disk".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.0.state.lock().unwrap();
        Ok(state.names.iter().cloned().collect())
    }

    fn read(&self, _name: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(io::empty()))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        self.0.state.lock().unwrap().names.insert(name.to_owned());
        self.open(name)
    }

    fn open(&self, _name: &str) -> io::Result<Box<dyn StorageFile>> {
        Ok(Box::new(SlowFile(self.clone())))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.state.lock().unwrap();
        state.names.remove(from);
        state.names.insert(to.to_owned());
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.state.lock().unwrap().names.remove(name);
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn StorageLock>> {
        Ok(Box::new(()))
    }
}

struct SlowFile(SlowDisk);

impl StorageFile for SlowFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let broken = self.0.0.state.lock().unwrap().broken;
        match broken {
            Some(Broken::Fails(kind)) => return Err(kind.into()),
            Some(Broken::Panics) => panic!("a disk of the tests panics"),
            None => {}
        }
        let mut written = Written::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            count(line, &mut written);
        }
        let all = &mut self.0.0.state.lock().unwrap().written;
        all.events += written.events;
        all.starts += written.starts;
        all.ends += written.ends;
        all.budgets += written.budgets;
        Ok(bytes.len())
    }

    fn truncate(&mut self, _length: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let state = self.0.0.state.lock().unwrap();
        let mut state = (self.0.0.moved)
            .wait_while(state, |state| state.syncs == Some(0))
            .unwrap();
        if let Some(syncs) = &mut state.syncs {
            *syncs -= 1;
        }
        Ok(())
    }
}

fn count(line: &[u8], written: &mut Written) {
    if !line.starts_with(b"{") || line.starts_with(b"{\"type\":\"trail_") {
        return; // the trail's own, or what was put aside
    }
    let event = codec::decode(line).unwrap();
    written.events += 1;
    match &event.body {
        BodyBuf::Span(span) => {
            let phase = span.phase.as_phase();
            written.starts += u64::from(matches!(phase, Phase::Start));
            written.ends += u64::from(phase.is_end());
        }
        BodyBuf::Value { value, .. } => {
            written.budgets += u64::from(matches!(value, Value::BudgetExceeded(_)));
        }
        BodyBuf::Unknown(_) => {}
    }
}
