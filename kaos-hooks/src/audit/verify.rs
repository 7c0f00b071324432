//! Verifying, in three parts: files into lines ([`segment`](super::segment), [`line`](super::line)),
//! lines into chain and tree ([`chain`]), and what may be believed of them ([`policy`]).

mod accounts;
mod chain;
mod coverage;
mod expected;
mod findings;
mod judge;
mod lineage;
mod policy;
mod roots;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use chain::Chain;
use expected::Expected;
use policy::Policy;

pub(super) use findings::{Findings, Place};
pub(super) use judge::{Begins, Judge};
pub(super) use roots::Roots;

use super::reader::Reader;
use super::report::Verification;
use super::{Checkpoint, LogId, Storage, VerifyingKey};

/// Verifies a trail.
///
/// # Example
///
/// ```no_run
/// use kaos_hooks::audit::{Checkpoint, Problem, Trail, Verifier, VerifyingKey};
///
/// let anchor: Checkpoint = std::fs::read_to_string("/mnt/elsewhere/newest")?.parse()?;
/// let verifier: Verifier = Trail::open_read("trail")?
///     .verifier()
///     .key(VerifyingKey::read("trail.key.pub")?)
///     .anchor(anchor)
///     .progress(|records| eprint!("\r{records} records"));
/// let report = verifier.run()?;
/// for finding in &report.findings {
///     if let Problem::Missing { from, to } = finding.problem {
///         eprintln!("somebody removed the records {from} to {to}");
///     }
/// }
/// std::process::exit(report.exit_code(false).into());
/// # #[expect(unreachable_code)]
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is verified before `run`"]
pub struct Verifier {
    storage: Arc<dyn Storage>,
    has_writer: bool,
    /// Segments that begin after this record are not read.
    before: Option<u64>,
    expected: Expected,
    progress: Box<dyn FnMut(u64) + Send>,
}

impl Verifier {
    pub(super) fn new(storage: Arc<dyn Storage>, has_writer: bool) -> Self {
        Self {
            storage,
            has_writer,
            before: None,
            expected: Expected::default(),
            progress: Box::new(|_records| ()),
        }
    }

    /// A key that may have signed the trail; may be given more than once. What is signed by none of
    /// them, and by none that one of them handed over to or took over from, is a finding. Without a
    /// key, signatures are compared with those that the trail itself names, which proves no more
    /// than that it is whole.
    pub fn key(mut self, key: VerifyingKey) -> Self {
        self.expected.keys.push(key);
        self
    }

    /// The trail must hold what this checkpoint, kept elsewhere, covers; may be given more than
    /// once.
    pub fn anchor(mut self, anchor: Checkpoint) -> Self {
        self.expected.anchors.push(anchor);
        self
    }

    /// It must be this trail, and no other one that the same key signed. Of the name the number that
    /// a later log of the trail has at its end is not looked at.
    pub fn log(mut self, log: LogId) -> Self {
        self.expected.log = Some(log);
        self
    }

    /// Told now and then how many records are done.
    pub fn progress(mut self, progress: impl FnMut(u64) + Send + 'static) -> Self {
        self.progress = Box::new(progress);
        self
    }

    /// Reads no segment that begins after this record.
    pub(super) const fn only_before(mut self, record: u64) -> Self {
        self.before = Some(record);
        self
    }

    /// Reads the whole trail; twice, where somebody accepted that something is wrong with it.
    ///
    /// # Errors
    ///
    /// The files cannot be listed.
    pub fn run(mut self) -> io::Result<Verification> {
        let expected = std::mem::take(&mut self.expected);
        let mut reader = Reader::new(Arc::clone(&self.storage), self.before)?;
        let mut chain = Chain::new(expected.log.map(|log| log.trail), self.has_writer);
        let mut policy = Policy::new(&expected);
        let mut findings = Findings::default();
        while let Some(segment) = reader.next_segment() {
            chain.next(segment, &mut policy, &mut findings, &mut self.progress);
        }
        let roots = roots(&self.storage, policy.accepted())?;
        Ok(policy.verdict(&chain, findings, &roots))
    }
}

/// What stands at these numbers.
pub(super) fn roots(storage: &Arc<dyn Storage>, ranges: Vec<Range<u64>>) -> io::Result<Roots> {
    let mut roots = Roots::new(ranges);
    if !roots.is_empty() {
        read(storage, &mut roots)?;
    }
    Ok(roots)
}

/// Tells a judge what is there; what the chain finds is passed over.
pub(super) fn read(storage: &Arc<dyn Storage>, judge: &mut dyn Judge) -> io::Result<()> {
    let mut reader = Reader::new(Arc::clone(storage), None)?;
    let mut chain = Chain::new(None, false);
    while let Some(segment) = reader.next_segment() {
        chain.next(segment, judge, &mut Findings::default(), &mut |_records| ());
    }
    Ok(())
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.expected.keys)
            .field("anchors", &self.expected.anchors.len())
            .field("log", &self.expected.log)
            .finish_non_exhaustive()
    }
}
