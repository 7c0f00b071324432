//! The files: what a process sees, what is on the platter, and what lies between.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::{Dice, Kept};

/// The smallest thing that a disk writes whole.
pub(super) const SECTOR: usize = 512;

/// The files of a disk.
#[derive(Debug, Clone, Default)]
pub struct Files {
    names: BTreeMap<String, usize>,
    /// The names that are on the platter, and what has happened to them since.
    synced: BTreeMap<String, usize>,
    pending: Vec<NameChange>,
    all: Vec<File>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Is(String, usize),
    Gone(String),
    Moved(String, String, usize),
}

#[derive(Debug, Clone, Default)]
struct File {
    seen: Arc<Vec<u8>>,
    synced: Arc<Vec<u8>>,
    /// Bytes before it are the same in both.
    clean: usize,
}

impl Files {
    /// The names of the files at the top, as a process lists them.
    pub fn top_names(&self) -> Vec<String> {
        let top = |name: &&String| !name.contains('/');
        self.names.keys().filter(top).cloned().collect()
    }

    /// Every file, with its bytes as a process sees them.
    pub fn seen(&self) -> impl Iterator<Item = (&str, &Arc<Vec<u8>>)> {
        self.names
            .iter()
            .map(|(name, file)| (name.as_str(), &self.all[*file].seen))
    }

    /// Every byte that may be on the platter, whatever its file is called now.
    pub fn all_bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.all
            .iter()
            .flat_map(|file| [file.seen.as_slice(), file.synced.as_slice()])
    }

    pub(super) fn find(&self, name: &str) -> io::Result<usize> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        self.names.get(name).copied().ok_or_else(missing)
    }

    pub(super) fn read(&self, name: &str) -> io::Result<Arc<Vec<u8>>> {
        Ok(Arc::clone(&self.all[self.find(name)?].seen))
    }

    pub(super) fn create(&mut self, name: &str) -> usize {
        if let Some(file) = self.names.get(name).copied() {
            self.truncate(file, 0);
            return file;
        }
        let file = self.all.len();
        self.all.push(File::default());
        self.names.insert(name.to_owned(), file);
        self.pending.push(NameChange::Is(name.to_owned(), file));
        file
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let file = self.find(from)?;
        let moved = NameChange::Moved(from.to_owned(), to.to_owned(), file);
        moved.apply(&mut self.names);
        self.pending.push(moved);
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        self.find(name)?;
        let gone = NameChange::Gone(name.to_owned());
        gone.apply(&mut self.names);
        self.pending.push(gone);
        Ok(())
    }

    pub(super) fn sync_names(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.synced);
        }
    }

    pub(super) fn write(&mut self, file: usize, bytes: &[u8]) {
        Arc::make_mut(&mut self.all[file].seen).extend_from_slice(bytes);
    }

    pub(super) fn truncate(&mut self, file: usize, length: usize) {
        let file = &mut self.all[file];
        Arc::make_mut(&mut file.seen).truncate(length);
        file.clean = file.clean.min(length);
    }

    pub(super) fn sync(&mut self, file: usize) {
        let file = &mut self.all[file];
        if file.clean == file.synced.len() && file.synced.len() <= file.seen.len() {
            let new = &file.seen[file.clean..];
            Arc::make_mut(&mut file.synced).extend_from_slice(new);
        } else {
            let synced = Arc::make_mut(&mut file.synced);
            synced.resize(file.clean, 0);
            synced.extend_from_slice(&file.seen[file.clean..]);
        }
        file.clean = file.seen.len();
    }

    /// A sync that failed, as Linux does it: the pages count as clean, and are not on the platter.
    pub(super) fn forget(&mut self, file: usize) {
        let file = &mut self.all[file];
        file.clean = file.seen.len();
    }

    /// Keeps, of what is not synced, what the dice say: each sector and each change of a name.
    pub(super) fn lose_power(&mut self, dice: &mut Dice) -> Kept {
        let mut kept = Kept::default();
        let way = Way::of(dice);
        for change in std::mem::take(&mut self.pending) {
            let keep = match way {
                Way::All | Way::Sectors => true,
                Way::None => false,
                _ => dice.below(2) == 0,
            };
            kept.name(keep);
            if keep {
                change.apply(&mut self.synced);
            }
        }
        self.names.clone_from(&self.synced);
        let reserve = self.names.get("reserve").copied();
        for (index, file) in self.all.iter_mut().enumerate() {
            let named = self.names.values().any(|named| *named == index);
            if named && (file.clean < file.seen.len() || file.clean < file.synced.len()) {
                let choices = file.lose_power(way, dice);
                // Nobody reads what was put aside, so its sectors make no other schedule.
                if reserve != Some(index) {
                    kept.sectors(&choices);
                }
            }
            file.seen = Arc::clone(&file.synced);
            file.clean = file.seen.len();
        }
        kept
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Is(name, file) => {
                names.insert(name.clone(), *file);
            }
            Self::Gone(name) => {
                names.remove(name);
            }
            Self::Moved(from, to, file) => {
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(to.clone(), *file);
            }
        }
    }
}

/// How a crash chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Everything had been written.
    All,
    /// Nothing had.
    None,
    /// What came first was written, one sector is damaged, the rest is lost.
    Prefix,
    /// All names, and each sector by itself.
    Sectors,
    /// Each name and sector by itself.
    Any,
}

impl Way {
    fn of(dice: &mut Dice) -> Self {
        match dice.below(10) {
            0 => Self::All,
            1 => Self::None,
            2 | 3 => Self::Prefix,
            4..=6 => Self::Sectors,
            _ => Self::Any,
        }
    }
}

impl File {
    /// Puts on the platter what is kept, sector by sector. Bytes that were synced and not written
    /// since stay, also in a sector that is damaged: what was not written to is not lost, which is
    /// what `SQLite` assumes of disks, too ("powersafe overwrite").
    fn lose_power(&mut self, way: Way, dice: &mut Dice) -> Vec<u8> {
        let (seen, old) = (Arc::clone(&self.seen), Arc::clone(&self.synced));
        let most = seen.len().max(old.len());
        let first = self.clean / SECTOR;
        let sectors = most.div_ceil(SECTOR) - first;
        let mut choices: Vec<u8> = (0..sectors).map(|_| one_of_four(way, dice)).collect();
        let length = match way {
            Way::All => seen.len(),
            Way::None => old.len(),
            _ => match dice.below(4) {
                0 => old.len(),
                1 => (first + dice.below(sectors + 1)) * SECTOR,
                _ => seen.len(),
            },
        };
        let length = length.clamp(self.clean.min(old.len()), most);
        if way == Way::Prefix {
            let damaged = dice.below(sectors);
            choices[..damaged].fill(NEW);
            choices[damaged + 1..].fill(OLD);
        }
        let mut kept = vec![0; length];
        for (at, byte) in kept.iter_mut().enumerate() {
            let old = old.get(at).copied().unwrap_or(0);
            *byte = if at < self.clean {
                old
            } else {
                match choices[at / SECTOR - first] {
                    NEW => seen.get(at).copied().unwrap_or(0),
                    OLD => old,
                    ZERO => 0,
                    _ => dice.byte(),
                }
            };
        }
        self.synced = Arc::new(kept);
        choices.extend_from_slice(&length.to_le_bytes());
        choices
    }
}

const NEW: u8 = 0;
const OLD: u8 = 1;
const ZERO: u8 = 2;
const GARBLED: u8 = 3;

fn one_of_four(way: Way, dice: &mut Dice) -> u8 {
    match way {
        Way::All => NEW,
        Way::None => OLD,
        _ => [NEW, NEW, OLD, ZERO, GARBLED][dice.below(5)],
    }
}
