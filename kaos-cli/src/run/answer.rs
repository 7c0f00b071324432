//! The answer on the standard output, as it is made.

use std::io;

use indicatif::MultiProgress;

use crate::terminal::{self, Out};

/// Text that is being printed. Where a live tree is drawn on the same terminal, whole lines are
/// printed above it.
pub(super) struct AnswerPrinter {
    out: Out,
    /// What has come of the last line, where that waits to be whole.
    line: String,
    /// Whether anything was printed, and whether it ended with a line break.
    begun: bool,
    in_line: bool,
    failed: Option<io::Error>,
}

impl AnswerPrinter {
    pub(super) fn new() -> Self {
        Self {
            out: terminal::data(),
            line: String::new(),
            begun: false,
            in_line: false,
            failed: None,
        }
    }

    pub(super) fn begun(&self) -> bool {
        self.begun
    }

    /// Prints a piece.
    pub(super) fn piece(&mut self, piece: &str, above: Option<&MultiProgress>) {
        self.begun |= !piece.is_empty();
        let Some(above) = above else {
            return self.write(piece);
        };
        self.line.push_str(piece);
        if let Some(end) = self.line.rfind('\n') {
            let lines: String = self.line.drain(..=end).collect();
            above.suspend(|| self.write(&lines));
        }
    }

    /// Prints what is left, and ends its line.
    pub(super) fn end(&mut self, above: Option<&MultiProgress>) {
        let mut rest = std::mem::take(&mut self.line);
        let open = !rest.is_empty() || self.in_line;
        if open {
            rest.push('\n');
        }
        match above {
            Some(above) => above.suspend(|| self.write(&rest)),
            None => self.write(&rest),
        }
    }

    /// The first error there was: a full disk, a reader that has gone.
    pub(super) fn failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    fn write(&mut self, text: &str) {
        if text.is_empty() || self.failed.is_some() {
            return;
        }
        let out = &mut self.out;
        let written = out.print(text).and_then(|()| out.flush());
        self.in_line = !text.ends_with('\n');
        self.failed = written.err();
    }
}
