//! The files of a trail: their names, and their lines one after the other.

use std::io::{self, BufRead as _, BufReader, Read};

use super::line::{Line, MAX_LINE_BYTES, MAX_NUMBER};

/// The name of the segment whose first record has this number.
pub(super) fn name(first: u64) -> String {
    format!("seg-{first:020}.jsonl")
}

/// The number of the first record of the segment with this name.
pub(super) fn first_of(file: &str) -> Option<u64> {
    let digits = file.strip_prefix("seg-")?.strip_suffix(".jsonl")?;
    let first = digits.parse().ok()?;
    (first <= MAX_NUMBER && name(first) == file).then_some(first)
}

/// The segments among these files, in their order.
pub(super) fn among(files: Vec<String>) -> Vec<(u64, String)> {
    let with_first = |file: String| Some((first_of(&file)?, file));
    let mut segments: Vec<(u64, String)> = files.into_iter().filter_map(with_first).collect();
    segments.sort_unstable();
    segments
}

/// Whether it is a file of the trail that was being made when its writer died: a segment, or the copy
/// of one's end. A file of another name is not ours to remove.
pub(super) fn is_unfinished(file: &str) -> bool {
    let Some(finished) = file.strip_suffix(".tmp") else {
        return false;
    };
    let is_copy = |(segment, offset): (&str, &str)| {
        let offset = offset.parse::<u64>().ok().map(|it| it.to_string()) == Some(offset.to_owned());
        offset && first_of(segment).is_some()
    };
    first_of(finished).is_some() || finished.rsplit_once('-').is_some_and(is_copy)
}

/// After so many bytes without a line break a file is not read on: it is none of ours, and may be
/// without end.
const MAX_WITHOUT_BREAK: u64 = 16 * 1024 * 1024;

impl<'p> Piece<'p> {
    /// The line that it is, if it has the form of one.
    pub(super) fn line(&self) -> Option<Line<'p>> {
        Line::parse(self.bytes).filter(|_| self.whole)
    }

    /// Whether it may be the beginning of a line that was being written.
    pub(super) fn is_cut_off(&self) -> bool {
        self.stored == self.bytes.len() as u64 && self.bytes.len() <= MAX_LINE_BYTES
    }
}

/// The lines of a file.
pub(super) struct Lines {
    from: BufReader<Box<dyn Read + Send>>,
    line: Vec<u8>,
    offset: u64,
    /// Bytes since the last line break.
    unbroken: u64,
}

/// One line, a part of one that is too long, or the rest of a file that does not end with a line
/// break.
pub(super) struct Piece<'p> {
    /// Without the line break.
    pub(super) bytes: &'p [u8],
    /// Where it begins.
    pub(super) offset: u64,
    /// How many bytes of the file it is.
    pub(super) stored: u64,
    /// Whether it is a line from its beginning to its line break.
    pub(super) whole: bool,
}

impl Lines {
    pub(super) fn new(from: Box<dyn Read + Send>) -> Self {
        Self {
            from: BufReader::with_capacity(256 * 1024, from),
            line: Vec::new(),
            offset: 0,
            unbroken: 0,
        }
    }

    /// The next line; of one that is too long, the next part.
    ///
    /// # Errors
    ///
    /// What reading says; `InvalidData` for a line that does not end.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.line.clear();
        if self.unbroken > MAX_WITHOUT_BREAK {
            let message = "it has a line without an end";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let most = MAX_LINE_BYTES as u64 + 1;
        let read = (&mut self.from)
            .take(most)
            .read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        let offset = self.offset;
        self.offset += read as u64;
        let is_ended = self.line.ends_with(b"\n");
        let whole = is_ended && self.unbroken == 0;
        self.unbroken = if is_ended {
            0
        } else {
            self.unbroken + read as u64
        };
        let bytes = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(Piece {
            bytes,
            offset,
            stored: read as u64,
            whole,
        }))
    }
}
