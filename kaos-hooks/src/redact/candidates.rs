//! Where each scanner will find its next candidate, remembered from call to call.

use super::engine::Engine;
use super::hit::Hit;
use super::hits::Hits;
use super::literals::Trigger;
use super::looks::{Look, Looks};
use super::named;

/// The next candidate of every scanner; each of them reads a text once.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    literal: Option<usize>,
    next: [Option<usize>; Look::ALL.len()],
    hits: Hits,
}

impl Candidates {
    /// The first candidate at or behind `from`; the length of `text` if there is none.
    ///
    /// In JSON a word that tells about a value counts wherever it stands. Nobody asks for what
    /// stands before `from` again.
    pub(crate) fn at(&mut self, engine: &Engine, text: &str, from: usize, in_json: bool) -> usize {
        self.hits.forget(from);
        let mut first = self.next_literal(engine, text, from, in_json);
        for (look, next) in Look::ALL.iter().zip(&mut self.next) {
            let known = match *next {
                Some(known) if known >= from => known,
                _ => engine.look(*look, text, from).unwrap_or(text.len()),
            };
            *next = Some(known);
            first = first.min(known);
        }
        first
    }

    /// What comes next may start before a place that was asked for.
    pub(crate) fn ask_again(&mut self) {
        self.literal = None;
    }

    /// The scanners that may find something before `end`.
    pub(crate) fn before(&self, end: usize) -> Looks {
        let all = Look::ALL.iter().zip(&self.next);
        all.fold(Looks::NONE, |looks, (look, next)| match next {
            Some(known) if *known >= end => looks,
            _ => looks.and(*look),
        })
    }

    /// Where the first literal stands at or behind `from` that may tell something, which was
    /// asked for in plain text.
    pub(crate) fn literal(&mut self, engine: &Engine, text: &str, from: usize) -> usize {
        self.next_literal(engine, text, from, false)
    }

    /// The literals that end in a range of `text`.
    pub(crate) fn hits(&mut self, engine: &Engine, text: &str, from: usize, to: usize) -> &[Hit] {
        self.hits.read_to(engine.literals(), text.as_bytes(), to);
        self.hits.within(from, to)
    }

    fn next_literal(&mut self, engine: &Engine, text: &str, from: usize, in_json: bool) -> usize {
        let known = match self.literal {
            Some(known) if known >= from => known,
            // Addresses and numbers of telephones stand anywhere.
            _ if engine.addresses || engine.phones => from,
            _ => self.find_literal(engine, text, from, in_json),
        };
        self.literal = Some(known);
        known
    }

    fn find_literal(&mut self, engine: &Engine, text: &str, from: usize, in_json: bool) -> usize {
        let literals = engine.literals();
        let mut number = self.hits.behind(from);
        let mut read_to = 0;
        loop {
            while let Some(hit) = self.hits.get(number) {
                number += 1;
                if hit.start < from {
                    continue;
                }
                let is_name = matches!(literals.trigger(hit), Some(Trigger::Name));
                if !is_name || in_json {
                    return hit.start;
                }
                if hit.start >= read_to {
                    let (name_start, name_end) = named::name_around(text, hit.start, hit.end);
                    read_to = name_end;
                    if named::may_assign(text, name_start, name_end) {
                        return hit.start;
                    }
                }
            }
            if !self.hits.read_on(literals, text.as_bytes()) {
                return text.len();
            }
        }
    }
}
