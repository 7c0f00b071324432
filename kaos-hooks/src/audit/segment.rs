//! The files of a trail: their names, and their lines one after the other.

use std::io::{self, BufRead as _, BufReader, Read};

use super::line::MOST_LINE_BYTES;

/// The name of the segment whose first record has this number.
pub(super) fn name(first: u64) -> String {
    format!("seg-{first:020}.jsonl")
}

/// The number of the first record of the segment with this name.
pub(super) fn first_of(file: &str) -> Option<u64> {
    let digits = file.strip_prefix("seg-")?.strip_suffix(".jsonl")?;
    let first = digits.parse().ok()?;
    (name(first) == file).then_some(first)
}

/// The segments among these files, in their order.
pub(super) fn among(files: Vec<String>) -> Vec<(u64, String)> {
    let with_first = |file: String| Some((first_of(&file)?, file));
    let mut segments: Vec<(u64, String)> = files.into_iter().filter_map(with_first).collect();
    segments.sort_unstable();
    segments
}

/// Whether it is a file that was being made when its writer died.
pub(super) fn is_unfinished(file: &str) -> bool {
    file.strip_suffix(".tmp").is_some()
}

/// The lines of a file.
pub(super) struct Lines {
    from: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    offset: u64,
}

/// One line, or the rest of a file that does not end with a line break.
pub(super) struct Piece<'p> {
    /// Without the line break.
    pub(super) bytes: &'p [u8],
    /// Where it begins.
    pub(super) offset: u64,
    /// Whether a line break ends it.
    pub(super) whole: bool,
}

impl Lines {
    pub(super) fn new(from: Box<dyn Read + Send>) -> Self {
        Self {
            from: BufReader::with_capacity(256 * 1024, from),
            line: Vec::new(),
            offset: 0,
        }
    }

    /// The next line; of one that is too long, the next part.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.line.clear();
        let most = MOST_LINE_BYTES as u64 + 1;
        let read = (&mut self.from)
            .take(most)
            .read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        let offset = self.offset;
        self.offset += read as u64;
        let whole = self.line.ends_with(b"\n");
        let bytes = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(Piece {
            bytes,
            offset,
            whole,
        }))
    }
}
