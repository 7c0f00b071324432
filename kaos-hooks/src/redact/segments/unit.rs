//! One unit, redacted until nothing is found in it any more.

use std::ops::Range;

use super::{LONGEST, Open, Pieces};
use crate::redact::engine::{Engine, Looks};
use crate::redact::finding::Finding;
use crate::redact::{Class, HashKey, Report, ascii, sentinel};

/// Redacts what is one line.
pub(crate) fn line(engine: &Engine, key: Option<&HashKey>, pieces: &mut Pieces<'_>) {
    let end = pieces.text.len();
    let open = &mut Open::Nothing;
    one(engine, key, open, pieces, (0, end), (0, Looks::ALL));
}

/// How often a unit is redacted again before it counts as unstable.
const PASSES: usize = 6;

/// Redacts one unit until nothing is found in it any more.
pub(super) fn one(
    engine: &Engine,
    key: Option<&HashKey>,
    open: &mut Open,
    pieces: &mut Pieces<'_>,
    (start, end): (usize, usize),
    (literal, looks): (usize, Looks),
) {
    let unit = ascii::cut(pieces.text, start, end);
    let findings = engine.scan_from(unit, literal, looks);
    let is_cut = unit.len() + 4096 >= LONGEST;
    if let Some(last) = findings.last()
        && is_cut
        && last.class == Class::PrivateKey
        && last.end + 2 >= unit.len()
    {
        *open = Open::Armour(0);
    }
    if findings.is_empty() {
        return;
    }
    let place = |found: &Finding| start + found.start..start + found.end;
    let (mut text, mut spare) = std::mem::take(&mut pieces.spare);
    render(unit, &findings, key, &mut pieces.report, place, &mut text);
    for _ in 0..PASSES {
        let more = engine.scan_from(&text, 0, looks.after_cuts());
        if more.is_empty() {
            pieces.replace(start, start + unit.len(), &text);
            pieces.spare = (text, spare);
            return;
        }
        // What shows only after another is gone has no place of its own in the input.
        let whole = |_: &Finding| start..end;
        render(&text, &more, key, &mut pieces.report, whole, &mut spare);
        std::mem::swap(&mut text, &mut spare);
    }
    pieces.report.add(&Class::Unstable, "limit", start..end);
    let mut sentinel = sentinel::of(&Class::Unstable, unit.chars().count());
    if unit.ends_with('\n') {
        sentinel.push('\n');
    }
    pieces.replace(start, start + unit.len(), &sentinel);
}

fn render(
    text: &str,
    findings: &[Finding],
    key: Option<&HashKey>,
    report: &mut Report,
    place: impl Fn(&Finding) -> Range<usize>,
    out: &mut String,
) {
    out.clear();
    let mut copied = 0;
    for finding in findings {
        out.push_str(ascii::cut(text, copied, finding.start));
        let secret = ascii::cut(text, finding.start, finding.end);
        sentinel::write(out, &finding.class, secret, key);
        report.add(&finding.class, finding.rule, place(finding));
        copied = finding.end;
    }
    out.push_str(ascii::cut(text, copied, text.len()));
}
