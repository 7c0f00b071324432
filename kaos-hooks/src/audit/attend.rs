//! What an operator does with a trail: accepting what is wrong with it, removing what is old.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::own::{Acceptance, HandOver, OwnRecord, Retention};
use super::recover::{self, Opened};
use super::retention::Plan;
use super::verify::{self, Verifier};
use super::{
    AuditBuilder, AuditError, Checkpoint, Refused, Signer, Storage, Verification, VerifyingKey,
};

/// The longest reason, or name, in bytes.
const MAX_LEN: usize = 4096;

/// What is accepted, by whom, and why; see [`AuditBuilder::accept`].
///
/// # Example
///
/// ```
/// use kaos_hooks::audit::{Accept, Acceptance, AuditBuilder, AuditHook, SigningKey, Trail, Verification};
///
/// # let dir = std::env::temp_dir().join(format!("kaos-accept-doc-{}", std::process::id()));
/// # let key = SigningKey::generate("acme-prod")?;
/// # drop(AuditHook::builder(&dir).signing_key(key.clone()).open()?);
/// # for file in std::fs::read_dir(&dir)? {
/// #     let path = file?.path();
/// #     if path.extension().is_some_and(|it| it == "jsonl") {
/// #         let text = std::fs::read_to_string(&path)?.replacen("\"pid\":", "\"pid\":1", 1);
/// #         std::fs::write(&path, text)?;
/// #     }
/// # }
/// let verified = || -> std::io::Result<Verification> {
///     Trail::open_read(&dir).map_err(std::io::Error::other)?.verifier().key(key.verifying_key()).run()
/// };
/// assert_eq!(verified()?.exit_code(false), 1); // somebody changed a record
///
/// let known = Accept {
///     reason: "INC-17: the disk was repaired".to_owned(),
///     who: "kim".to_owned(),
///     ..Accept::default()
/// };
/// let builder: AuditBuilder = AuditHook::builder(&dir).signing_key(key.clone());
/// let accepted: Vec<Acceptance> = builder.accept(&known)?;
/// assert_eq!(accepted[0].who, "kim");
/// assert_eq!(verified()?.exit_code(false), 0); // and the report says who accepted what
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Accept {
    /// Why: stands in the trail, and in each report.
    pub reason: String,
    /// Who answers for it.
    pub who: String,
    /// Only what is wrong with these records; all, if `None`.
    pub records: Option<Range<u64>>,
    /// Keys that have signed the trail, too, and did not hand over.
    pub keys: Vec<VerifyingKey>,
}

/// A trail that is open for a few records about itself.
pub(super) struct Attended {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) opened: Opened,
    pub(super) place: String,
    /// What its anchors held before.
    pub(super) anchors: Vec<Checkpoint>,
    pub(super) now: u64,
}

impl Attended {
    fn verify(&self, keys: &[VerifyingKey]) -> io::Result<Verification> {
        let mut verifier = Verifier::new(Arc::clone(&self.storage), false);
        for key in keys.iter().cloned().chain(self.opened.log.key()) {
            verifier = verifier.key(key);
        }
        for anchor in self.anchors.iter().cloned() {
            verifier = verifier.anchor(anchor);
        }
        verifier.run()
    }
}

impl AuditBuilder {
    /// Opens the trail, writes into it that what is wrong with it is known, signed, and closes it.
    ///
    /// To who verifies with the key it is accounted for then, as long as nothing changes about it.
    /// A trail that does not hold what its anchors cover goes on in a new log, above every number
    /// that was anchored. Gives what was accepted; nothing, if nothing is wrong.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open); the reason or the name is missing, or too long.
    pub fn accept(self, accept: &Accept) -> Result<Vec<Acceptance>, AuditError> {
        let safe = |text: &str| self.safe(text);
        let (reason, who) = (safe(&accept.reason), safe(&accept.who));
        let mut attended = self.attended(true)?;
        let place = attended.place.clone();
        let failed = |error| AuditError::new(place.clone(), error);
        if [&reason, &who]
            .iter()
            .any(|text| text.is_empty() || text.len() > MAX_LEN)
        {
            let message = "a reason and a name are needed, of at most 4096 bytes";
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, message)));
        }
        let report = attended.verify(&accept.keys).map_err(failed)?;
        let ranges = ranges(&report, accept.records.as_ref());
        let roots = verify::roots(&attended.storage, ranges.clone()).map_err(failed)?;
        let acceptances: Vec<Acceptance> = ranges
            .iter()
            .map(|range| Acceptance {
                time_unix_nano: attended.now.to_string(),
                from: range.start,
                to: range.end,
                root: roots.of(range).unwrap_or_default(),
                reason: reason.clone(),
                who: who.clone(),
            })
            .collect();
        let log = &mut attended.opened.log;
        for acceptance in &acceptances {
            log.append(&OwnRecord::Accept(acceptance.clone()).body())
                .map_err(failed)?;
        }
        log.commit().map_err(failed)?;
        log.seal().map_err(failed)?;
        Ok(acceptances)
    }

    /// Opens the trail with the key that signs it, has that hand over to another, and closes it.
    ///
    /// It is for good: the trail is opened with the new key from then on, and nothing counts that the
    /// old one signs. A hand-over that a crash has cut in two is completed by doing it again.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open); no key was [given](Self::signing_key), nobody signs the trail, or
    /// the two keys are the same. Where the trail is signed by another key than the one given, nothing
    /// is changed.
    pub fn hand_over(mut self, to: impl Signer) -> Result<HandOver, AuditError> {
        let (storage, place) = self.storage_and_place()?;
        let failed = |error| AuditError::new(place.clone(), error);
        let refused = |why| failed(io::Error::new(io::ErrorKind::InvalidInput, why));
        let Some(old) = self.key.take() else {
            return Err(refused("only the key that signs it can hand over"));
        };
        let (from, key) = (old.verifying_key(), to.verifying_key());
        if from == key {
            return Err(refused("a key cannot hand over to itself"));
        }
        match recover::signer(&*storage).map_err(failed)? {
            Some(signs) if signs == from => {}
            Some(signs) => {
                let key = signs.to_string();
                return Err(failed(Refused::Key { key }.into()));
            }
            None => return Err(refused("no key signs it: open it with the new one")),
        }
        self.permits.former = Some(old);
        let mut attended = self.signing_key(to).attended(false)?;
        attended.opened.log.seal().map_err(failed)?;
        Ok(HandOver {
            time_unix_nano: attended.now.to_string(),
            from: from.to_string(),
            key: key.to_string(),
        })
    }

    /// Opens the trail, removes the segments all of whose records are older than this time, in
    /// nanoseconds since 1970, writes into it which, signed, and closes it. What something is wrong
    /// with stays, unless it was accepted. `None` if no segment is so old.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open); something is wrong with what would go.
    pub fn prune(self, before: u64) -> Result<Option<Retention>, AuditError> {
        let mut attended = self.attended(false)?;
        let place = attended.place.clone();
        let failed = |error| AuditError::new(place.clone(), error);
        let plan = Plan::of(&attended.storage, Some(before), None, attended.now).map_err(failed)?;
        let mut removed = None;
        if let Some(plan) = plan {
            let report = attended.verify(&[]).map_err(failed)?;
            if plan.is_evidence(&report) {
                let message =
                    "something is wrong with what would go: `kaos audit verify` tells what";
                return Err(failed(io::Error::new(io::ErrorKind::InvalidData, message)));
            }
            removed = Some(plan.carry_out(&mut attended.opened.log).map_err(failed)?);
        }
        attended.opened.log.seal().map_err(failed)?;
        Ok(removed)
    }
}

/// The records that something is wrong with, without those that nobody can number.
fn ranges(report: &Verification, only: Option<&Range<u64>>) -> Vec<Range<u64>> {
    let can_be = report
        .findings
        .iter()
        .filter(|finding| finding.problem.can_be_accepted());
    let about = can_be
        .map(super::Finding::records)
        .chain(report.more_about.clone());
    let wanted = |range: &Range<u64>| {
        let within = |only: &Range<u64>| only.start <= range.start && range.end <= only.end;
        range.end != u64::MAX && only.is_none_or(within)
    };
    let mut ranges: Vec<Range<u64>> = about.filter(wanted).collect();
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}
