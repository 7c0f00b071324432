//! What a user of any HTTP service writes before a body reaches a log: three lines.
//!
//! With `--lines` it is a filter: one JSON string per input line, its redacted form as one JSON
//! string per output line.

use std::error::Error;
use std::io::{BufRead, Write};

use kaos_hooks::redact::Redactor;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|argument| argument == "--lines") {
        return filter(&mut std::io::stdin().lock(), &mut std::io::stdout().lock());
    }
    let body = r#"{"user": "kim@corp.dev", "api_key": "s3cr3t-4711", "items": [1, 2]}"#;

    let redactor = Redactor::new(); // once, at the start
    let safe = redactor.any(body); // JSON, key=value or plain text
    let line = format!("request body: {safe} ({})", safe.report());

    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Redacts line by line; the first line that is no JSON string ends it with an error.
fn filter(input: &mut dyn BufRead, output: &mut dyn Write) -> Result<(), Box<dyn Error>> {
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
