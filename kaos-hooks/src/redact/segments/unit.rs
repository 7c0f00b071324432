//! One unit, redacted until nothing is found in it any more.

use super::Pieces;
use super::cut::Cut;
use super::lines::Lines;
use super::open::Open;
use crate::redact::draft::{self, Given, Known};
use crate::redact::engine::Engine;
use crate::redact::scratch::Scratch;
use crate::redact::{Class, HashKey, ascii, sentinel};

/// Where a unit stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Set where it ends as it is as long as it may be, though it belongs to what follows.
    pub(super) cut: Option<Cut>,
}

/// Redacts what is one line.
pub(crate) fn line(
    engine: &Engine,
    key: Option<&HashKey>,
    pieces: &mut Pieces<'_, '_>,
    given: Given<'_>,
) {
    let end = pieces.text.len();
    let place = Place {
        start: 0,
        end,
        cut: None,
    };
    one(engine, key, &mut Open::Nothing, pieces, place, given);
}

/// How often a unit is redacted again before it counts as unstable.
const PASSES: usize = 6;

/// Redacts one unit until nothing is found in it any more.
pub(super) fn one(
    engine: &Engine,
    key: Option<&HashKey>,
    open: &mut Open,
    pieces: &mut Pieces<'_, '_>,
    Place { start, end, cut }: Place,
    given: Given<'_>,
) {
    let unit = ascii::cut(pieces.text, start, end);
    let mut known = Known::of(unit, given);
    pieces.scratch.views.forget();
    let findings = engine.scan_known(
        &mut known,
        &mut pieces.scratch.views,
        &mut pieces.scratch.seen,
    );
    if let Some(cut) = cut {
        *open = Lines::behind(unit, &findings, cut).map_or(Open::Nothing, Open::Lines);
    }
    if findings.is_empty() {
        return;
    }
    let Scratch {
        first,
        second,
        views,
        seen,
    } = &mut *pieces.scratch;
    let (mut draft, mut next) = (first, second);
    let ranges = findings.iter().map(|found| (found.start, found.end));
    draft.redact(&known, ranges, draft::sentinels(unit, &findings, key));
    for found in &findings {
        let place = start + found.start..start + found.end;
        pieces.report.add(&found.class, found.rule, place);
    }
    views.redact(unit, &findings, key);
    for _ in 0..PASSES {
        let mut known = draft.known(given.looks.after_cuts());
        let more = engine.scan_known(&mut known, views, seen);
        if more.is_empty() {
            pieces.copy.replace(pieces.text, (start, end), &draft.text);
            return;
        }
        let ranges = more.iter().map(|found| (found.start, found.end));
        next.redact(&known, ranges, draft::sentinels(known.text, &more, key));
        for found in &more {
            // What shows only after another is gone has no place of its own in the input.
            pieces.report.add(&found.class, found.rule, start..end);
        }
        views.redact(known.text, &more, key);
        std::mem::swap(&mut draft, &mut next);
    }
    pieces.report.add(&Class::Unstable, "limit", start..end);
    let mut sentinel = sentinel::of(&Class::Unstable, unit.chars().count());
    if unit.ends_with('\n') {
        sentinel.push('\n');
    }
    pieces.replace(start, end, &sentinel);
}
