//! A disk in memory that loses what a real one may lose, after `test6.c` of `SQLite`.
//!
//! Every operation on it is a numbered call. What the disk held around each can be kept, to crash
//! there later, and any of them can be made to fail.

#![expect(
    clippy::indexing_slicing,
    reason = "a fixture of tests that is wrong may panic"
)]

mod crash;
mod files;
mod outside;
mod plan;

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard};

use kaos_events::Clock;
use kaos_hooks::audit::{Anchor, Storage, StorageFile, StorageLock};

pub use crash::{Crash, Dice, Kept};
pub use files::Files;
pub use plan::{Act, Moment, Op, OpKind, Plan, When};

use outside::{SimAnchor, SimClock};
use plan::Failing;

/// The disk; clones are the same one.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "it is all of a disk")]
pub struct SimDisk(Arc<Mutex<Inner>>);

struct Inner {
    state: State,
    failing: Failing,
    plan: Option<Plan>,
    moments: Option<Vec<Moment>>,
    keeps_torn: bool,
    intruder: Option<Intruder>,
}

type Intruder = Arc<dyn Fn(&SimDisk) + Send + Sync>;

/// What a crash finds: the disk, and what is outside of it.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "it is all of a disk")]
pub struct State {
    files: Files,
    locked: bool,
    calls: u64,
    nanos: u64,
    anchor: Option<String>,
    /// A number of the test's, kept with each moment.
    pub mark: usize,
}

impl State {
    /// The machine after a crash: what the disk still holds.
    pub fn after(&self, crash: Crash) -> (SimDisk, Kept) {
        let mut state = self.clone();
        state.locked = false;
        state.calls = 0;
        let kept = match crash {
            Crash::Kill => Kept::default(),
            Crash::Power(seed) => state.files.lose_power(&mut Dice::new(seed)),
        };
        (SimDisk::holding(state), kept)
    }

    /// The files as a process sees them.
    pub const fn files(&self) -> &Files {
        &self.files
    }

    /// The newest checkpoint that was anchored.
    pub fn anchored(&self) -> Option<&str> {
        self.anchor.as_deref()
    }
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::holding(State::default())
    }
}

impl SimDisk {
    fn holding(state: State) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            state,
            failing: Failing::default(),
            plan: None,
            moments: None,
            keeps_torn: false,
            intruder: None,
        })))
    }

    fn lock_inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Keeps what the disk holds around each call from now on.
    #[must_use]
    pub fn recording(self) -> Self {
        self.lock_inner().moments = Some(Vec::new());
        self
    }

    /// Keeps it within each write, too.
    #[must_use]
    pub fn recording_torn(self) -> Self {
        self.lock_inner().keeps_torn = true;
        self.recording()
    }

    /// Does this at its moment.
    #[must_use]
    pub fn with_plan(self, plan: Plan) -> Self {
        self.lock_inner().plan = Some(plan);
        self
    }

    /// Every call fails like this from now on; with `None`, no more.
    pub fn fail(&self, how: Option<io::ErrorKind>) {
        self.lock_inner().failing = match how {
            Some(kind) => Failing::new(kind, u32::MAX, When::Before),
            None => Failing::default(),
        };
    }

    /// Who comes where the plan says [`Act::Intrude`].
    #[must_use]
    pub fn with_intruder(self, intruder: impl Fn(&Self) + Send + Sync + 'static) -> Self {
        self.lock_inner().intruder = Some(Arc::new(intruder));
        self
    }

    /// What was kept so far.
    pub fn moments(&self) -> Vec<Moment> {
        let mut inner = self.lock_inner();
        inner
            .moments
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// What the disk holds now.
    pub fn state(&self) -> State {
        self.lock_inner().state.clone()
    }

    /// Sets the test's number.
    pub fn mark(&self, mark: usize) {
        self.lock_inner().state.mark = mark;
    }

    /// How many calls there have been.
    pub fn calls(&self) -> u64 {
        self.lock_inner().state.calls
    }

    /// Whether the plan's moment has come.
    pub fn plan_is_done(&self) -> bool {
        self.lock_inner().plan.is_none()
    }

    /// The clock of the machine.
    pub fn clock(&self) -> impl Clock {
        SimClock(self.clone())
    }

    /// A place outside the machine that holds the newest checkpoint.
    pub fn anchor(&self) -> impl Anchor {
        SimAnchor(self.clone())
    }

    /// One call. `act` changes the files; for a write, up to so many bytes of it.
    fn call<T>(
        &self,
        op: &Op,
        act: impl FnOnce(&mut Files, usize) -> io::Result<T>,
    ) -> io::Result<T> {
        let whole = op.bytes.len();
        let call = {
            let mut inner = self.lock_inner();
            let call = inner.state.calls;
            inner.state.calls += 1;
            inner.keep(call, op, When::Before);
            call
        };
        self.act_at(call, When::Before);
        let (length, torn) = {
            let mut guard = self.lock_inner();
            let inner = &mut *guard;
            inner.failing.check(op, &mut inner.state.files)?;
            let torn = match inner.plan {
                Some(Plan {
                    call: at,
                    when: When::Torn(length),
                    ..
                }) if at == call => Some(length),
                _ => None,
            };
            (torn.unwrap_or(whole), torn)
        };
        let done = {
            let mut inner = self.lock_inner();
            if inner.keeps_torn && torn.is_none() {
                for length in op.torn() {
                    let mut torn = inner.state.clone();
                    torn.files.write(op.file, &op.bytes[..length]);
                    inner.keep_state(call, op, When::Torn(length), torn);
                }
            }
            let done = act(&mut inner.state.files, length);
            inner.keep(call, op, torn.map_or(When::After, When::Torn));
            done
        };
        self.act_at(call, torn.map_or(When::After, When::Torn));
        match self.lock_inner().failing.late() {
            Some(error) => Err(error),
            None => done,
        }
    }

    /// Does what the plan says, if its moment is this one.
    fn act_at(&self, call: u64, when: When) {
        let mut inner = self.lock_inner();
        let Some(plan) = inner
            .plan
            .take_if(|plan| plan.call == call && plan.when == when)
        else {
            return;
        };
        match plan.act {
            Act::Fail { kind, lasts } => inner.failing = Failing::new(kind, lasts, when),
            Act::Short => {}
            Act::Jump(nanos) => {
                inner.state.nanos = inner.state.nanos.saturating_add_signed(nanos);
            }
            Act::Intrude => {
                let intruder = inner.intruder.clone();
                drop(inner);
                if let Some(intruder) = intruder {
                    intruder(self);
                }
            }
        }
    }
}

impl Inner {
    fn keep(&mut self, call: u64, op: &Op, when: When) {
        if self.moments.is_some() {
            let state = self.state.clone();
            self.keep_state(call, op, when, state);
        }
    }

    fn keep_state(&mut self, call: u64, op: &Op, when: When, state: State) {
        if let Some(moments) = &mut self.moments {
            let op = op.clone();
            moments.push(Moment {
                call,
                op,
                when,
                state,
            });
        }
    }
}

impl Storage for SimDisk {
    fn place(&self) -> String {
        "simulated disk".to_owned()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.call(&Op::new(OpKind::List, ""), |files, _| Ok(files.top_names()))
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let bytes = self.call(&Op::new(OpKind::Open, name), |files, _| files.read(name))?;
        Ok(Box::new(Reading {
            disk: self.clone(),
            name: name.to_owned(),
            bytes,
            at: 0,
        }))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let op = Op::new(OpKind::Create, name);
        let file = self.call(&op, |files, _| Ok(files.create(name)))?;
        Ok(self.open_file(name, file))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn StorageFile>> {
        let file = self.call(&Op::new(OpKind::Open, name), |files, _| files.find(name))?;
        Ok(self.open_file(name, file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let op = Op::new(OpKind::Rename, from);
        self.call(&op, |files, _| files.rename(from, to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let op = Op::new(OpKind::Remove, name);
        self.call(&op, |files, _| files.remove(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.call(&Op::new(OpKind::SyncDirectory, ""), |files, _| {
            files.sync_names();
            Ok(())
        })
    }

    fn lock(&self) -> io::Result<Box<dyn StorageLock>> {
        // Not a call: who is refused changes nothing, and the numbers of the other's calls neither.
        let mut inner = self.lock_inner();
        if std::mem::replace(&mut inner.state.locked, true) {
            let message = "another writer has it open";
            return Err(io::Error::new(io::ErrorKind::WouldBlock, message));
        }
        Ok(Box::new(Locked(self.clone())))
    }
}

impl SimDisk {
    fn open_file(&self, name: &str, file: usize) -> Box<dyn StorageFile> {
        Box::new(Opened {
            disk: self.clone(),
            name: name.to_owned(),
            file,
        })
    }
}

struct Opened {
    disk: SimDisk,
    name: String,
    file: usize,
}

impl Opened {
    fn op(&self, kind: OpKind) -> Op {
        Op {
            file: self.file,
            ..Op::new(kind, &self.name)
        }
    }
}

impl StorageFile for Opened {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut op = self.op(OpKind::Write);
        op.bytes = bytes.into();
        self.disk.call(&op, |files, length| {
            files.write(op.file, &bytes[..length]);
            Ok(length)
        })
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let op = self.op(OpKind::Truncate);
        self.disk.call(&op, |files, _| {
            files.truncate(op.file, usize::try_from(length).unwrap());
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        let op = self.op(OpKind::Sync);
        self.disk.call(&op, |files, _| {
            files.sync(op.file);
            Ok(())
        })
    }
}

struct Reading {
    disk: SimDisk,
    name: String,
    bytes: Arc<Vec<u8>>,
    at: usize,
}

impl Read for Reading {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.at..];
        let op = Op::new(OpKind::Read, &self.name);
        let read = self.disk.call(&op, |_, _| Ok(rest.len().min(to.len())))?;
        to[..read].copy_from_slice(&rest[..read]);
        self.at += read;
        Ok(read)
    }
}

struct Locked(SimDisk);

impl StorageLock for Locked {
    fn check(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.0.lock_inner().state.locked = false;
    }
}
