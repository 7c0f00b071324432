//! What a user of any HTTP service writes before a body reaches a log: three lines.
//!
//! With `--filter` it redacts its input; with `--lines` one JSON string per input line, its redacted
//! form as one JSON string per output line. With `--explain` it says of its input which class was
//! found where, and by which rule; never what it was. `--help` lists them.

use std::error::Error;
use std::io::{BufRead, Write};

use kaos_hooks::redact::Redactor;

const HELP: &str = "\
usage: redact [--filter | --explain | --lines | --help]

  (nothing)   redacts an example and shows it
  --filter    redacts the input, JSON or text
  --explain   says of the input which class was found where, and by which rule
  --lines     redacts JSON strings, one a line

example: cargo run -p kaos-examples --example redact -- --explain < service.log
";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    match std::env::args().nth(1).as_deref() {
        Some("--filter") => return filter(&mut input, &mut output),
        Some("--explain") => return explain(&mut input, &mut output),
        Some("--lines") => return lines(&mut input, &mut output),
        Some("--help" | "-h") => return Ok(output.write_all(HELP.as_bytes())?),
        Some(other) => return Err(format!("unknown argument {other:?}\n\n{HELP}").into()),
        None => {}
    }
    let body = r#"{"user": "kim@corp.dev", "api_key": "s3cr3t-4711", "items": [1, 2]}"#;

    let redactor = Redactor::new(); // once, at the start
    let safe = redactor.any(body); // JSON, key=value or plain text
    let line = format!("request body: {safe} ({})", safe.report());

    writeln!(output, "{line}")?;
    Ok(())
}

/// Redacts the whole input.
fn filter(input: &mut dyn BufRead, output: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    input.read_to_string(&mut text)?;
    output.write_all(Redactor::new().any(&text).as_str().as_bytes())?;
    Ok(())
}

/// Redacts line by line; the first line that is no JSON string ends it with an error.
fn lines(input: &mut dyn BufRead, output: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let redactor = Redactor::new();
    for (number, line) in (1..).zip(input.lines()) {
        // What is wrong with it is not said: that would show content.
        let text: String = serde_json::from_str(&line?)
            .map_err(|_content| format!("line {number} is no JSON string"))?;
        serde_json::to_writer(&mut *output, redactor.any(&text).as_str())?;
        output.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes a line for each finding: line and column, class, length in bytes, rule.
fn explain(input: &mut dyn BufRead, output: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    input.read_to_string(&mut text)?;
    for found in Redactor::new().explain(&text) {
        let place = found.place();
        let before = text.get(..place.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        let (class, rule, bytes) = (found.class(), found.rule(), place.len());
        writeln!(output, "{line}:{column} {class} ({bytes} bytes) by {rule}")?;
    }
    Ok(())
}
