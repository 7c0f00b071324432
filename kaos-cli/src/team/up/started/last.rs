//! What those wrote last that could not be started: it says why, and stands far above by the time that the rest has ended.

use std::io;

use crate::team::lines::Tail;
use crate::team::state::Place;
use crate::terminal::Out;

/// How many lines are shown of each.
const LINES: usize = 10;

/// Shows the last lines of these components, once all of theirs are in their files.
pub(super) fn show(out: &mut Out, place: &Place, names: &[String]) -> io::Result<()> {
    for name in names {
        let mut tail = Tail::new(place.log(name));
        let text = tail.more()?;
        let all: Vec<&str> = text.lines().filter(|it| !it.trim().is_empty()).collect();
        let last = all
            .get(all.len().saturating_sub(LINES)..)
            .unwrap_or_default();
        if last.is_empty() {
            writeln!(out, "\n{name} wrote nothing.")?;
            continue;
        }
        writeln!(out, "\n{name} wrote last:\n")?;
        for line in last {
            writeln!(out, "  {line}")?;
        }
    }
    out.flush()
}
