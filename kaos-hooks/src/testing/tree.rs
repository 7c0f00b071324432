use std::collections::HashMap;
use std::fmt::Write as _;

use kaos_events::{EventBuf, PhaseBuf, SpanBuf, SpanId};
use similar::{ChangeTag, TextDiff};

use super::Recorder;

/// The spans of recorded events as an indented tree, one line a span, in the order they started.
///
/// A span that did not complete says so: `[error: timeout]`, `[cancelled]`, `[suspended]`,
/// `[open]`.
pub fn tree(events: &[EventBuf]) -> String {
    let mut ends: HashMap<SpanId, &PhaseBuf> = HashMap::new();
    let mut starts: Vec<&SpanBuf> = Vec::new();
    for span in events.iter().filter_map(EventBuf::span) {
        match &span.phase {
            PhaseBuf::Start => starts.push(span),
            PhaseBuf::Progress(_) => {}
            end => drop(ends.insert(span.id, end)),
        }
    }
    let known: HashMap<SpanId, ()> = starts.iter().map(|span| (span.id, ())).collect();
    let mut text = String::new();
    for root in &starts {
        if root.parent.is_none_or(|parent| !known.contains_key(&parent)) {
            write_span(&mut text, root, 0, &starts, &ends);
        }
    }
    text
}

fn write_span(
    text: &mut String,
    span: &SpanBuf,
    depth: usize,
    starts: &[&SpanBuf],
    ends: &HashMap<SpanId, &PhaseBuf>,
) {
    let state = match ends.get(&span.id) {
        Some(PhaseBuf::Complete(..)) => String::new(),
        Some(PhaseBuf::Error(failure, ..)) => format!(" [error: {}]", failure.kind),
        Some(PhaseBuf::Cancelled(..)) => " [cancelled]".to_owned(),
        Some(PhaseBuf::Suspended(..)) => " [suspended]".to_owned(),
        Some(PhaseBuf::Start | PhaseBuf::Progress(_)) | None => " [open]".to_owned(),
    };
    let indent = "  ".repeat(depth);
    writeln!(text, "{indent}{}{state}", span.name()).expect("writing to memory does not fail");
    for child in starts.iter().filter(|child| child.parent == Some(span.id)) {
        write_span(text, child, depth + 1, starts, ends);
    }
}

/// Asserts that the recorded spans form this tree.
///
/// One line a span, two spaces a level; common indentation and blank lines do not count.
///
/// # Panics
///
/// With a diff, if they do not.
#[track_caller]
#[expect(clippy::panic, reason = "an assertion panics")]
pub fn assert_tree(recorder: &Recorder, expected: &str) {
    let actual = tree(&recorder.events());
    let expected = unindented(expected);
    if actual == expected {
        return;
    }
    let diff = TextDiff::from_lines(&expected, &actual);
    let mut shown = String::from("the span tree differs (- expected, + actual)\n");
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        write!(shown, "{sign} {change}").expect("writing to memory does not fail");
    }
    panic!("{shown}");
}

fn unindented(text: &str) -> String {
    let lines = || text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let common = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines().map(|line| format!("{}\n", line.get(common..).unwrap_or(line))).collect()
}
