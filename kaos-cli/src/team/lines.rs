//! A component's file of lines, from both ends: whoever leads the team writes it, others read it meanwhile. When it is long it
//! begins anew under its name, and the one before is kept beside it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::state::private;

/// Bytes of a file, after which it begins anew.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// What writes it. What cannot be written is left out: lines are not what a team is for.
pub(super) struct Log {
    file: Option<File>,
    path: PathBuf,
    bytes: u64,
}

impl Log {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            file: Self::open(&path).ok(),
            path,
            bytes: 0,
        }
    }

    fn open(path: &Path) -> io::Result<File> {
        private().create(true).truncate(true).open(path)
    }

    pub(super) fn add(&mut self, text: &str) {
        if self.bytes > MAX_BYTES {
            let before = self.path.with_extension("log.1");
            let _kept = std::fs::rename(&self.path, before).is_ok();
            self.file = Self::open(&self.path).ok();
            self.bytes = 0;
        }
        if let Some(file) = &mut self.file {
            let line = format!("{text}\n");
            self.bytes += line.len() as u64;
            let _written = file.write_all(line.as_bytes()).is_ok();
        }
    }
}

/// What reads it, as it grows.
pub(super) struct Tail {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
}

impl Tail {
    /// From its first line.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            begun: Vec::new(),
        }
    }

    /// From what is written after now.
    pub(super) fn at_end(path: PathBuf) -> Self {
        let mut tail = Self::new(path);
        tail.file = File::open(&tail.path).ok();
        if let Some(file) = &mut tail.file {
            // What cannot be skipped is read.
            let _skipped = file.seek(SeekFrom::End(0)).is_ok();
        }
        tail
    }

    /// Whole lines that were written since: to the end of a file that has its name no more, then those of the one that has.
    pub(super) fn more(&mut self) -> io::Result<String> {
        let mut bytes = std::mem::take(&mut self.begun);
        // Asked before it is read: what is written to it in between is read now.
        let anew = self.file.as_ref().is_none_or(|it| !is_at(it, &self.path));
        if let Some(file) = &mut self.file {
            if file.metadata()?.len() < file.stream_position()? {
                // Another team of this name has begun it anew.
                file.rewind()?;
            }
            file.read_to_end(&mut bytes)?;
        }
        // A component that has written nothing has no file.
        if anew && let Ok(mut file) = File::open(&self.path) {
            file.read_to_end(&mut bytes)?;
            self.file = Some(file);
        }
        let whole = bytes.iter().rposition(|it| *it == b'\n');
        self.begun = bytes.split_off(whole.map_or(0, |at| at + 1));
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What is left of a line without an end.
    pub(super) fn rest(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.begun)).into_owned()
    }
}

/// Whether the file still has this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(open), Ok(named)) = (file.metadata(), std::fs::metadata(path)) else {
        // The next one has not its name yet; or it was removed, and grows no more.
        return true;
    };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder = format!("kaos-lines-{name}-{}", std::process::id());
            let folder = std::env::temp_dir().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn log(&self) -> PathBuf {
            self.0.join("analyst.log")
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone = std::fs::remove_dir_all(&self.0).is_ok();
        }
    }

    /// Whoever follows it sees each line once, in order, though the file begins anew three times meanwhile.
    #[test]
    fn no_line_is_lost_or_shown_twice_where_a_file_begins_anew() {
        let scratch = Scratch::new("anew");
        let mut log = Log::new(scratch.log());
        let mut tail = Tail::new(scratch.log());
        let filler = "x".repeat(1000);
        let mut seen = Vec::new();
        for number in 0..27_000 {
            log.add(&format!("{number} {filler}"));
            if number % 1500 == 7 {
                seen.extend(numbers(&tail.more().unwrap()));
            }
        }
        seen.extend(numbers(&tail.more().unwrap()));
        seen.extend(numbers(&tail.more().unwrap()));
        assert_eq!(seen, (0..27_000).collect::<Vec<u32>>());
        let kept = std::fs::metadata(scratch.0.join("analyst.log.1")).unwrap();
        assert!((MAX_BYTES..MAX_BYTES + 2000).contains(&kept.len()));
        assert!(std::fs::metadata(scratch.log()).unwrap().len() <= MAX_BYTES);
    }

    fn numbers(text: &str) -> Vec<u32> {
        let numbers = text.lines().map(|it| it.split_once(' ').unwrap().0);
        numbers.map(|it| it.parse().unwrap()).collect()
    }

    #[test]
    fn a_line_is_shown_once_its_end_is_there_and_no_letter_is_cut() {
        let scratch = Scratch::new("cut");
        let mut file = File::create(scratch.log()).unwrap();
        let mut tail = Tail::new(scratch.log());
        let line = "fünf\n".as_bytes();
        let mut seen = Vec::new();
        for byte in [line, line].concat() {
            file.write_all(&[byte]).unwrap();
            seen.push(tail.more().unwrap());
        }
        seen.retain(|it| !it.is_empty());
        assert_eq!(seen, ["fünf\n", "fünf\n"]);
        file.write_all(b"without an end").unwrap();
        assert_eq!(tail.more().unwrap(), "");
        assert_eq!(tail.rest(), "without an end");
    }

    #[test]
    fn what_another_team_of_the_name_writes_is_shown_from_its_first_line() {
        let scratch = Scratch::new("another");
        Log::new(scratch.log()).add("of the first one, which is long");
        let mut tail = Tail::at_end(scratch.log());
        assert_eq!(tail.more().unwrap(), "");
        Log::new(scratch.log()).add("short");
        assert_eq!(tail.more().unwrap(), "short\n");
    }
}
