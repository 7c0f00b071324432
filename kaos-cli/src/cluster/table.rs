//! Columns.

use std::fmt::Write as _;

/// Rows of as many columns, each as wide as its widest text; the last one is not filled up.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let texts = rows.iter().filter_map(|row| row.get(column));
        texts.map(|it| it.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a text does not fail.
            let _written = write!(line, "{cell:width$}   ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_widest_text() {
        let rows =
            [["NAME", "READY"], ["a-long-name", "true"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "NAME          READY\na-long-name   true\n");
    }
}
