//! Where each scanner will find its next candidate, remembered from call to call.

use super::engine::{Engine, Look, Looks};

/// Where the next literal of a rule stands is the first of the scanners' answers.
const LITERAL: usize = 0;

/// The next candidate of every scanner; each of them reads a text once.
#[derive(Debug)]
pub(crate) struct Candidates {
    next: [Option<usize>; Look::ALL.len()],
}

impl Candidates {
    pub(crate) fn new() -> Self {
        Self {
            next: [None; Look::ALL.len()],
        }
    }

    /// The first candidate at or behind `from`; the length of `text` if there is none.
    pub(crate) fn at(&mut self, engine: &Engine, text: &str, from: usize, in_json: bool) -> usize {
        let mut first = text.len();
        for (look, next) in Look::ALL.iter().zip(&mut self.next) {
            let known = match *next {
                Some(known) if known >= from => known,
                _ => engine
                    .look(*look, text, from, in_json)
                    .unwrap_or(text.len()),
            };
            *next = Some(known);
            first = first.min(known);
        }
        first
    }

    /// The scanners that may find something before `end`.
    pub(crate) fn before(&self, end: usize) -> Looks {
        let all = Look::ALL.iter().zip(&self.next);
        all.fold(Looks::NONE, |looks, (look, next)| match next {
            Some(known) if *known >= end => looks,
            _ => looks.and(*look),
        })
    }

    /// Where the first literal stands at or behind `from`, which was asked for in plain text.
    pub(crate) fn literal(&mut self, engine: &Engine, text: &str, from: usize) -> usize {
        let Some(next) = self.next.get_mut(LITERAL) else {
            return from;
        };
        match *next {
            Some(known) if known >= from => known,
            _ => {
                let found = engine
                    .look(Look::Literal, text, from, false)
                    .unwrap_or(text.len());
                *next = Some(found);
                found
            }
        }
    }
}
