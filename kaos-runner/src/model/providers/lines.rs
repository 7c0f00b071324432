//! A body that is JSON: one answer, or lines of which each is JSON by itself, as some endpoints and
//! gateways stream (NDJSON).

use super::json;
use super::sse::Event;

/// Takes bytes as they arrive, split wherever, and gives the lines they complete as events, as soon
/// as something follows a first line that is an object by itself. Until then, and where the first
/// line is none, all of it is one answer.
///
/// Holds all that came, or one line, so what bounds the bytes bounds it too.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: Vec<u8>,
    /// How much of the text was searched for the end of a line.
    searched: usize,
    kind: Kind,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its first line is not there yet.
    #[default]
    Unknown,
    /// It is one answer, unless something follows its first line.
    OneLine,
    OneAnswer,
    Lines,
}

/// What is left at the end of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Last {
    Event(Event),
    /// All of it: one answer.
    Answer(Vec<u8>),
    Nothing,
}

impl Lines {
    /// The lines that end within `bytes`.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.text.extend_from_slice(bytes);
        if self.kind == Kind::Unknown {
            let blanks = self.text.iter().take_while(|it| it.is_ascii_whitespace());
            let blanks = blanks.count();
            self.text.drain(..blanks);
            self.searched = self.searched.saturating_sub(blanks);
        }
        let Some(end) = self.end_of_line() else {
            return Vec::new();
        };
        let (line, more) = self.text.split_at(end + 1);
        if self.kind == Kind::Unknown {
            let object = json::read(line).is_ok_and(|value| value.is_object());
            self.kind = if object {
                Kind::OneLine
            } else {
                Kind::OneAnswer
            };
        }
        if self.kind == Kind::OneLine && more.trim_ascii().is_empty() {
            // Blanks are looked at once.
            self.text.truncate(end + 1);
            return Vec::new();
        }
        if self.kind == Kind::OneAnswer {
            return Vec::new();
        }
        self.kind = Kind::Lines;
        let last = self.text.iter().rposition(|byte| *byte == b'\n');
        let complete: Vec<u8> = self.text.drain(..=last.unwrap_or(end)).collect();
        self.searched = 0;
        let lines = complete
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty()).map(event).collect()
    }

    /// What is left when the body ends.
    pub(super) fn finish(&mut self) -> Last {
        let text = std::mem::take(&mut self.text);
        match self.kind {
            Kind::Lines if text.trim_ascii().is_empty() => Last::Nothing,
            Kind::Lines => Last::Event(event(&text)),
            _ => Last::Answer(text),
        }
    }

    /// The end of a line that was not seen before; while one line may be all, its own.
    fn end_of_line(&mut self) -> Option<usize> {
        if self.kind == Kind::OneAnswer {
            return None;
        }
        let rest = self.text.get(self.searched..).unwrap_or_default();
        let found = rest.iter().position(|byte| *byte == b'\n');
        let end = found.map(|at| self.searched + at);
        // The same end is found again until something follows it.
        self.searched = end.unwrap_or(self.text.len());
        end
    }
}

fn event(line: &[u8]) -> Event {
    Event {
        kind: Vec::new(),
        data: line.to_vec(),
    }
}
