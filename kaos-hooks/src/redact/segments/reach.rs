//! How far below itself a line reaches: to the value of a name, to the end of a key.

use crate::redact::ascii;
use crate::redact::commands;
use crate::redact::engine::Engine;
use crate::redact::hit::Hit;
use crate::redact::literals::Trigger;
use crate::redact::named::{self, Joint};
use crate::redact::pem;
use crate::redact::usernames::NEAR_LINES;
use crate::redact::vocabulary::Seen;

/// How far below itself a line reaches.
#[derive(Default)]
pub(super) struct Reach {
    pub(super) lines: usize,
    /// Whether a private key starts and does not end in it.
    pub(super) armour: bool,
    /// The indentation of a key whose value is the block of lines below.
    pub(super) block: Option<usize>,
    /// Whether rows that a statement inserts may stand on the lines below, up to one that ends it.
    pub(super) rows: bool,
}

/// How far `line` reaches, which starts at `line_start` of the text in which its literals are.
pub(super) fn reach(
    engine: &Engine,
    line: &str,
    line_start: usize,
    hits: &[Hit],
    seen: &mut Seen,
) -> Reach {
    let bytes = line.as_bytes();
    let mut name_end = 0;
    let mut begin = None;
    let mut reach = Reach::default();
    for hit in hits.iter().filter_map(|hit| hit.moved(line_start, 0)) {
        match engine.literals().trigger(hit) {
            Some(Trigger::Pem) => begin = Some(hit.start),
            Some(Trigger::Insert) => {
                // Its columns may stand on the next line.
                reach.lines = reach.lines.max(1);
                reach.rows |= commands::opens_rows(line, hit.end);
            }
            Some(Trigger::Name) if hit.start >= name_end => {
                let (from, to) = named::name_around(line, hit.start, hit.end);
                name_end = to;
                reach.name(line, from, to, seen);
            }
            _ => {}
        }
    }
    reach.armour = begin
        .and_then(|begin| pem::body(bytes, begin))
        .is_some_and(|body| pem::is_body(ascii::part(bytes, body, bytes.len())));
    reach
}

impl Reach {
    /// Reaches as far as the value of the name `from..to` may stand.
    fn name(&mut self, line: &str, from: usize, to: usize, seen: &mut Seen) {
        let bytes = line.as_bytes();
        let rest = ascii::part(bytes, to, bytes.len());
        let is_last = rest.starts_with(b"</")
            || rest
                .iter()
                .take(128)
                .all(|byte| !ascii::is(*byte, ascii::ALPHA));
        let is_account = named::may_name_account(ascii::cut(line, from, to));
        if !is_last && !is_account {
            return;
        }
        // `login NAME`, and the password on the next line.
        if named::opens_login(bytes, from) {
            self.lines = self.lines.max(1);
        }
        let Some((form, value)) = named::value_start(line, from, to) else {
            return;
        };
        let is_below = ascii::part(bytes, value, bytes.len())
            .trim_ascii_start()
            .is_empty();
        if form == Joint::Colon && named::is_block_mark(bytes, value) {
            self.block = Some(named::indent_of(bytes, from));
        } else if form == Joint::Element && is_below {
            self.lines = self.lines.max(2);
        } else if form == Joint::Stated && named::is_form_part(bytes, from) {
            // A header perhaps, a blank line, the value.
            self.lines = self.lines.max(3);
        } else if is_below {
            self.lines = self.lines.max(1);
        } else if is_account
            && self.lines < NEAR_LINES
            && named::names_account(ascii::cut(line, from, to), seen)
        {
            self.lines = NEAR_LINES;
        }
    }
}
