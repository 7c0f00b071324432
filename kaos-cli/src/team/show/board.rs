//! Rows below all lines on a terminal, one for each component: how it is, and how much it was asked.

use std::io;

use super::traces::Asked;
use crate::terminal::{self, Out};

/// The columns that a row needs; in a narrower terminal, those to the right are left out.
const HEAD: [&str; 4] = ["STATE", "PORT", "REQUESTS", "ERRORS"];

/// Rows of the terminal that stay with the lines.
const LINES: usize = 4;

pub(super) struct Row {
    pub(super) label: String,
    pub(super) stage: &'static str,
    pub(super) port: u16,
    /// None of what tells nothing.
    pub(super) asked: Option<Asked>,
}

/// What is drawn, so that it can be taken back.
#[derive(Default)]
pub(super) struct Board {
    /// The letters of each row that is drawn.
    drawn: Vec<usize>,
    size: Option<(usize, usize)>,
}

impl Board {
    /// Takes back what is drawn: rows that were longer than the terminal is wide by now are several.
    pub(super) fn clear(&mut self, out: &mut Out) -> io::Result<()> {
        let Some((columns, _)) = terminal::size() else {
            return Ok(());
        };
        let rows = self.drawn.drain(..);
        let rows = rows.map(|letters| letters.max(1).div_ceil(columns.max(1)));
        out.take_back(rows.sum())
    }

    /// Draws it anew, below what was printed since [`clear`](Self::clear).
    pub(super) fn draw(&mut self, out: &mut Out, rows: &[Row]) -> io::Result<()> {
        self.size = terminal::size();
        let Some((columns, lines)) = self.size else {
            return Ok(());
        };
        for text in table(rows, columns, lines) {
            self.drawn.push(text.chars().count());
            writeln!(out, "{text}")?;
        }
        Ok(())
    }

    /// Whether the terminal has another size than when it was drawn.
    pub(super) fn is_outdated(&self) -> bool {
        terminal::size() != self.size
    }
}

/// The rows as they fit: no longer than the terminal is wide, and no more than leave some lines. Nothing, where that is too little.
fn table(rows: &[Row], columns: usize, lines: usize) -> Vec<String> {
    let wide = rows.iter().map(|it| it.label.chars().count());
    let wide = wide.max().unwrap_or(0).max("COMPONENT".len());
    // A blank one and the head come before them.
    let room = lines.saturating_sub(LINES + 2);
    if room == 0 || rows.is_empty() {
        return Vec::new();
    }
    let line = |label: &str, [stage, port, requests, errors]: [&str; 4]| {
        let text = format!("{label:wide$}  {stage:<10}  {port:>5}  {requests:>8}  {errors:>6}");
        let text: String = text.chars().take(columns).collect();
        text.trim_end().to_owned()
    };
    let number = |of: Option<u64>| of.map_or_else(|| "-".to_owned(), |it| it.to_string());
    let shown = if rows.len() > room {
        room - 1
    } else {
        rows.len()
    };
    let mut text = vec![String::new(), line("COMPONENT", HEAD)];
    text.extend(rows.iter().take(shown).map(|row| {
        let (requests, errors) = (
            number(row.asked.map(|it| it.requests)),
            number(row.asked.map(|it| it.errors)),
        );
        let port = row.port.to_string();
        line(&row.label, [row.stage, &port, &requests, &errors])
    }));
    if shown < rows.len() {
        let more = format!("and {} more: kaos status", rows.len() - shown);
        text.push(more.chars().take(columns).collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<Row> {
        let row = |at: usize| Row {
            label: format!("agent-{at}"),
            stage: "ready",
            port: 40_000,
            asked: (at != 1).then_some(Asked {
                requests: 7,
                errors: 1,
            }),
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn a_row_says_how_a_component_is_and_how_much_it_was_asked() {
        let shown = table(&rows(2), 80, 24);
        assert_eq!(
            shown,
            [
                "",
                "COMPONENT  STATE        PORT  REQUESTS  ERRORS",
                "agent-0    ready       40000         7       1",
                "agent-1    ready       40000         -       -",
            ]
        );
    }

    #[test]
    fn it_is_never_wider_than_the_terminal_and_leaves_it_some_lines() {
        for columns in 0..100 {
            for lines in 0..30 {
                for count in [0, 1, 5, 40] {
                    let shown = table(&rows(count), columns, lines);
                    let fits = shown.iter().all(|it| it.chars().count() <= columns);
                    assert!(fits, "{columns}: {shown:#?}");
                    let enough = shown.is_empty() || shown.len() + LINES <= lines;
                    assert!(enough, "{lines}: {shown:#?}");
                }
            }
        }
        let shown = table(&rows(40), 80, 12);
        assert_eq!(shown.last().unwrap(), "and 35 more: kaos status");
    }
}
