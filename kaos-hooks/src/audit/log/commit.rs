//! Lines on their way to the disk, and what comes of those that did not get there.

use std::io;

use super::Log;
use crate::audit::Durability;
use crate::audit::own::Cause;
use crate::audit::storage::write_all;

impl Log {
    /// Writes what was appended, waits until it is on the disk, and turns to a new segment if this
    /// one is full.
    ///
    /// After an error nothing since the last commit counts as appended, and the segment is never
    /// written again: what an `fsync` that failed has left on the disk, nobody can say.
    pub(in crate::audit) fn commit(&mut self) -> io::Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.write(self.settings.durability) {
            self.give_up();
            return Err(error);
        }
        if let Some(note) = self.unpublished.take() {
            self.anchors.publish(&note);
        }
        if self.segment.length >= self.settings.segment_bytes
            || self.now().saturating_sub(self.segment.begun_at) >= self.settings.segment_nanos
        {
            // The records are safe; a seal that fails has begun another segment already.
            if self.seal().is_ok() {
                self.begin_segment(Cause::Rotated);
                self.rotated = true;
            }
        }
        Ok(())
    }

    /// Ends the segment: a checkpoint over everything in it, all of which is on the disk already.
    pub(in crate::audit) fn seal(&mut self) -> io::Result<()> {
        if self.begins == Some(Cause::Rotated) {
            return Ok(()); // the one before is sealed, and this one holds nothing
        }
        let checkpoint = self.checkpoint(true);
        let sealed = checkpoint.and_then(|()| self.write(Durability::Disk));
        if sealed.is_err() {
            self.give_up();
        } else if let Some(note) = self.unpublished.take() {
            self.anchors.publish(&note);
        }
        sealed
    }

    /// Where somebody else may write, nothing is written; and what is not in the file of its name
    /// when all is done does not count.
    fn write(&mut self, durability: Durability) -> io::Result<()> {
        self.lock.check()?;
        match &mut self.segment.file {
            Some(file) => {
                write_all(&mut **file, &self.lines)?;
                if durability == Durability::Disk {
                    file.sync()?;
                    self.head.synced = self.head.next.checked_sub(1);
                }
            }
            // A segment gets its name once it has its first lines, so none is ever without them.
            none => {
                let name = &self.segment.name;
                let unfinished = format!("{name}.tmp");
                let mut file = self.storage.create(&unfinished)?;
                write_all(&mut *file, &self.lines)?;
                file.sync()?;
                self.storage.rename_to_new(&unfinished, name)?;
                self.storage.sync_directory()?;
                *none = Some(file);
                self.head.synced = self.head.next.checked_sub(1);
            }
        }
        self.lock.check()?;
        if let Some(file) = &self.segment.file {
            file.check(&self.segment.name)?;
        }
        self.segment.length += self.lines.len() as u64;
        self.lines.clear();
        self.durable = self.head.clone();
        self.durably_uncovered = self.uncovered;
        Ok(())
    }

    /// Gives up the segment, and all that is not on the disk.
    pub(in crate::audit) fn give_up(&mut self) {
        self.lines.clear();
        self.unpublished = None;
        self.uncovered = self.durably_uncovered;
        self.head = self.durable.clone();
        // What was written beyond the last commit is better gone; a reader ignores it either way.
        // Where somebody else may write, nothing is touched.
        let file = self.segment.file.take();
        if self.lock.check().is_ok() {
            let _best_effort = match file {
                Some(mut file) => file.truncate(self.segment.length),
                None => self.storage.remove(&format!("{}.tmp", self.segment.name)),
            };
        }
        self.begin_segment(Cause::Failed);
    }
}
