//! A text becomes documents.

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};

use super::builder::{Builder, Refused};
use super::node::{Mark, Node, Value};
use super::scalar;

/// Why the text is not read further.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) mark: Mark,
    pub(crate) message: String,
}

/// The documents of a text that are not empty, up to the first that is no YAML.
pub(crate) fn documents(text: &str) -> (Vec<Node>, Option<Problem>) {
    // As libyaml does, under kubectl: a block that ends with the file has no line break of its own.
    let options = options! { block_scalar_eof_without_line_feed: true };
    let mut documents = Vec::new();
    let mut builder = Builder::new();
    for event in Parser::new_from_str_with_options(text, options) {
        let event = event.map_err(|error| (mark_of(error.marker()), error.info()));
        let done = event.and_then(|(event, span)| take(&mut builder, event, span));
        match done {
            Ok(false) => {}
            Ok(true) => documents.extend(builder.take().filter(|node| !node.is_null())),
            Err((mark, message)) => {
                let message = message + &tab(text);
                return (documents, Some(Problem { mark, message }));
            }
        }
    }
    (documents, None)
}

/// What is often behind a mistake, and hard to see.
fn tab(text: &str) -> String {
    let begins = |line: &str| line.trim_start_matches(' ').starts_with('\t');
    let line = text.lines().position(begins);
    line.map_or(String::new(), |line| {
        format!(
            " (line {} begins with a tab; YAML is indented with blanks)",
            line + 1
        )
    })
}

/// Whether a document is complete.
fn take(builder: &mut Builder, event: Event<'_>, span: Span) -> Result<bool, Refused> {
    let mark = mark_of(&span.start);
    match event {
        Event::DocumentEnd => return Ok(true),
        Event::SequenceStart(_, anchor, tag) => {
            known(tag.as_deref(), "seq", mark)?;
            builder.list(mark, anchor);
        }
        Event::MappingStart(_, anchor, tag) => {
            known(tag.as_deref(), "map", mark)?;
            builder.map(mark, anchor);
        }
        Event::SequenceEnd | Event::MappingEnd => builder.end()?,
        Event::Alias(anchor) => builder.alias(mark, anchor)?,
        Event::Scalar(text, style, anchor, tag) => {
            let plain = style == ScalarStyle::Plain;
            if !builder.key(&text, mark, plain)? {
                let value = meaning(&text, plain, tag.as_deref(), mark)?;
                builder.add(Node { mark, value }, anchor)?;
            }
        }
        _ => {}
    }
    Ok(false)
}

fn meaning(text: &str, plain: bool, tag: Option<&Tag>, mark: Mark) -> Result<Value, Refused> {
    match tag.map(|tag| (tag.is_yaml_core_schema(), tag.suffix())) {
        None if plain => Ok(scalar::plain(text)),
        None | Some((true, "str")) => Ok(Value::Text(text.to_owned())),
        Some((true, "null" | "bool" | "int" | "float")) => Ok(scalar::plain(text)),
        Some(_) => Err(unknown(mark)),
    }
}

fn known(tag: Option<&Tag>, suffix: &str, mark: Mark) -> Result<(), Refused> {
    let known = tag.is_none_or(|tag| tag.is_yaml_core_schema() && tag.suffix() == suffix);
    known.then_some(()).ok_or_else(|| unknown(mark))
}

fn unknown(mark: Mark) -> Refused {
    (
        mark,
        "a tag that says more than YAML's own types".to_owned(),
    )
}

fn mark_of(marker: &granit_parser::Marker) -> Mark {
    let counted = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    Mark {
        line: counted(marker.line()),
        column: counted(marker.col().saturating_add(1)),
    }
}
