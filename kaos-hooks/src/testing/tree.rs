use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::Recorder;
use crate::SpanTree;

/// Asserts that the recorded spans form this tree.
///
/// One line a span, two spaces a level, in the order they started; common indentation and blank
/// lines do not count. A span that did not complete says so: `[error: timeout]`, `[cancelled]`,
/// `[suspended]`, `[open]`.
///
/// # Panics
///
/// With a diff, if they do not.
#[track_caller]
#[expect(clippy::panic, reason = "an assertion panics")]
pub fn assert_tree(recorder: &Recorder, expected: &str) {
    let actual = SpanTree::of(&recorder.events()).outline();
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
    let lines = || {
        text.lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
    };
    let common = lines()
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    lines()
        .flat_map(|line| [line.get(common..).unwrap_or(line), "\n"])
        .collect()
}
