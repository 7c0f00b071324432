//! Server-sent events (HTML Living Standard, 9.2.6): what is read of them is their kind and data.

#[cfg(test)]
mod tests;

use super::json;

/// An event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// What it is called; mostly nothing.
    pub(super) kind: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl Event {
    /// Whether the last of a body is the half of one: every whole event is JSON, and nothing but the end of its
    /// line says whether the line has ended.
    pub(super) fn is_cut(&self) -> bool {
        let data = self.data.trim_ascii();
        data.starts_with(b"{") && json::read(data).is_err()
    }
}

/// Takes bytes as they arrive, split wherever, and gives the events they complete.
///
/// Holds at most one event, so what bounds the bytes bounds it too.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    kind: Vec<u8>,
    data: Option<Vec<u8>>,
    after_return: bool,
    began: bool,
}

impl Events {
    /// The events that end within `bytes`.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut ended = Vec::new();
        for &byte in bytes {
            let second_half = std::mem::take(&mut self.after_return) && byte == b'\n';
            match byte {
                b'\n' if second_half => {}
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    ended.extend(self.end_of_line());
                }
                _ => self.line.push(byte),
            }
        }
        ended
    }

    /// An event that lacks its blank line at the end of the stream: some servers leave it out behind
    /// their last.
    pub(super) fn finish(&mut self) -> Option<Event> {
        if !self.line.is_empty() {
            self.end_of_line();
        }
        self.end_of_event()
    }

    fn end_of_event(&mut self) -> Option<Event> {
        let kind = std::mem::take(&mut self.kind);
        self.data.take().map(|data| Event { kind, data })
    }

    fn end_of_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.began, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_of_event();
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let field = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => match &mut self.data {
                None => self.data = Some(value.to_vec()),
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            },
            b"event" => self.kind = value.to_vec(),
            _ => {}
        }
        None
    }
}
