//! How a trail is opened: to be written, by a thread or by hand, or for records about itself.

use std::sync::Arc;
use std::time::Duration;

use super::anchor::Anchors;
use super::attend::Attended;
use super::builder::Place;
use super::directory::Directory;
use super::head::Settings;
use super::intake::Intake;
use super::origin::{fingerprint, host, new_trail};
use super::ready::Ready;
use super::record::Recorder;
use super::recover::Opened;
use super::writer::Writer;
use super::{AuditBuilder, AuditError, AuditHook, Storage, recover};

impl AuditBuilder {
    /// Opens the trail, putting right what a crash may have left, and starts its writer.
    ///
    /// # Errors
    ///
    /// The storage cannot be read or written, or another writer has the trail open; or it is
    /// [`Refused`](super::Refused): the key is not the one that signs it, or it does not hold what
    /// its anchors cover.
    pub fn open(self) -> Result<AuditHook, AuditError> {
        let Ready {
            writer,
            reader,
            place,
            recoveries,
        } = self.ready()?;
        let intake = Arc::clone(&writer.intake);
        let thread = std::thread::Builder::new().name("kaos-audit".to_owned());
        let started = thread.spawn(move || writer.run(reader));
        if let Err(error) = started {
            return Err(AuditError::new(place, error));
        }
        Ok(AuditHook::new(intake, place, recoveries))
    }

    /// Opens the trail without a thread: each write is made by the caller, and has ended when it
    /// returns. For tests of what a disk can do.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open).
    #[cfg(feature = "testing")]
    pub fn open_by_hand(self) -> Result<super::ByHand, AuditError> {
        self.ready().map(super::ByHand::new)
    }

    /// Opens the trail for records about itself; `regress`: even without what its anchors cover.
    pub(super) fn attended(mut self, regress: bool) -> Result<Attended, AuditError> {
        self.permits.regress = regress;
        let now = self.clock.unix_nanos();
        let anchors = Anchors::new(std::mem::take(&mut self.anchors));
        let (storage, place) = self.storage_and_place()?;
        let held = anchors.newest();
        let held = held.map_err(|error| AuditError::new(place.clone(), error.into()))?;
        self.anchors = anchors.all;
        let opened = self.opened(&storage)?;
        Ok(Attended {
            storage,
            opened,
            place,
            anchors: held,
            now,
        })
    }

    pub(super) fn storage_and_place(&self) -> Result<(Arc<dyn Storage>, String), AuditError> {
        let storage: Arc<dyn Storage> = match &self.place {
            Place::Storage(storage) => Arc::clone(storage),
            Place::Directory(path) => match Directory::create(path) {
                Ok(directory) => Arc::new(directory),
                Err(error) => return Err(AuditError::new(path.display().to_string(), error)),
            },
        };
        let place = storage.place();
        Ok((storage, place))
    }

    fn opened(&mut self, storage: &Arc<dyn Storage>) -> Result<Opened, AuditError> {
        let failed = |error| AuditError::new(storage.place(), error);
        let settings = Settings {
            policy: fingerprint(&self.policies, &self.redactor),
            key: self.key.take(),
            former: None,
            clock: Arc::clone(&self.clock),
            durability: self.durability,
            segment_bytes: self.segment_bytes,
            segment_nanos: nanos(self.segment_age),
            checkpoint_records: Self::CHECKPOINT_RECORDS,
            checkpoint_nanos: nanos(Self::CHECKPOINT_AGE),
            host: host(),
        };
        let lock = storage.lock().map_err(failed)?;
        let anchors = Anchors::new(std::mem::take(&mut self.anchors));
        let permits = std::mem::take(&mut self.permits);
        let storage = Arc::clone(storage);
        recover::open(storage, lock, settings, anchors, permits, new_trail()).map_err(failed)
    }

    fn ready(mut self) -> Result<Ready, AuditError> {
        let (storage, place) = self.storage_and_place()?;
        let failed = |error| AuditError::new(place.clone(), error);
        let opened = self.opened(&storage)?;
        opened.log.put_reserve_aside().map_err(failed)?;

        let (intake, reader) = Intake::new(self.wait_limit, self.on_failure);
        let mut writer = Writer {
            intake,
            recorder: Recorder::new(self.policies, self.redactor),
            log: opened.log,
            keep: self.keep,
        };
        writer.tidy();
        Ok(Ready {
            writer,
            reader,
            recoveries: opened.recoveries,
            place,
        })
    }
}

impl std::fmt::Debug for AuditBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditBuilder")
            .field("durability", &self.durability)
            .field("on_failure", &self.on_failure)
            .finish_non_exhaustive()
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
