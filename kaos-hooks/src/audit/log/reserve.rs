//! Space put aside on the disk, for a last word when it is full.

use std::io;

use super::Log;
use crate::audit::storage::write_all;

/// The file whose removal makes room for a last word on a full disk.
pub(super) const RESERVE: &str = "reserve";
const RESERVE_BYTES: usize = 32 * 1024;

impl Log {
    /// Puts space aside for a last word on a full disk, unless there is some.
    pub(in crate::audit) fn put_reserve_aside(&self) -> io::Result<()> {
        if self.storage.list()?.iter().any(|file| file == RESERVE) {
            return Ok(());
        }
        let mut reserve = self.storage.create(RESERVE)?;
        write_all(&mut *reserve, &vec![0; RESERVE_BYTES])?;
        reserve.sync()
    }

    /// Frees the space put aside; `false` when there is none.
    pub(in crate::audit) fn free_reserve(&self) -> bool {
        self.storage.remove(RESERVE).is_ok()
    }
}
