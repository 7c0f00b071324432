//! What is wrong with arguments, in words that a model can act on: which field, what it is, what
//! was expected.

use boon::{ErrorKind, Type, ValidationError};
use serde_json::Value;

/// The most characters of one fault, and of a value in it.
const MAX_FAULT_LEN: usize = 300;
const MAX_VALUE_LEN: usize = 80;

/// The faults of the arguments, one text each.
///
/// A schema that refers to itself in a circle is not the model's fault, and not told.
pub(super) fn of(error: &ValidationError<'_, '_>, arguments: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    collect(error, arguments, &mut faults);
    let shown = faults.into_iter().map(|Fault { place, what }| {
        let place = if place.is_empty() {
            "arguments"
        } else {
            &place
        };
        let what = cut(what, MAX_FAULT_LEN);
        format!("{place}: {what}")
    });
    shown.collect()
}

struct Fault {
    /// A JSON pointer into the arguments.
    place: String,
    what: String,
}

fn collect(error: &ValidationError<'_, '_>, arguments: &Value, to: &mut Vec<Fault>) {
    let place = error.instance_location.to_string();
    let mut say = |what: String| {
        let place = place.clone();
        to.push(Fault { place, what });
    };
    match &error.kind {
        ErrorKind::RefCycle { .. } => {}
        ErrorKind::Required { want } => {
            for name in want {
                say(format!("{} is a required property", quoted(name)));
            }
        }
        ErrorKind::AnyOf | ErrorKind::OneOf(None) => {
            let mut none = String::from("fits none of the alternatives");
            let mut before = ": ";
            for alternative in &error.causes {
                let mut faults = Vec::new();
                collect(alternative, arguments, &mut faults);
                if !faults.is_empty() {
                    none.push_str(before);
                    none.push_str(&together(&faults, &place));
                    before = "; or ";
                }
            }
            say(none);
        }
        ErrorKind::PropertyName { prop } => {
            let mut faults = Vec::new();
            let name = Value::from(prop.as_str());
            for cause in &error.causes {
                collect(cause, &name, &mut faults);
            }
            let what = together(&faults, &place);
            say(format!("the name {} is not allowed: {what}", quoted(prop)));
        }
        kind if error.causes.is_empty() => {
            let found = arguments.pointer(&place).unwrap_or(&Value::Null);
            say(what(kind, &cut(found.to_string(), MAX_VALUE_LEN)));
        }
        _ => {
            for cause in &error.causes {
                collect(cause, arguments, to);
            }
        }
    }
}

/// All faults of one alternative; a place is said where it is not this one.
fn together(faults: &[Fault], place: &str) -> String {
    let faults = faults.iter().map(|fault| {
        if fault.place == place {
            fault.what.clone()
        } else {
            format!("{}: {}", fault.place, fault.what)
        }
    });
    faults.collect::<Vec<_>>().join(" and ")
}

/// `found` is the value at the place, as JSON.
fn what(kind: &ErrorKind<'_, '_>, found: &str) -> String {
    match kind {
        ErrorKind::Type { want, .. } => {
            let want: Vec<_> = want.iter().map(|it: Type| format!("\"{it}\"")).collect();
            format!("{found} is not of type {}", want.join(" or "))
        }
        ErrorKind::Enum { want } => {
            let want: Vec<_> = want.iter().map(Value::to_string).collect();
            format!("{found} is not one of {}", want.join(", "))
        }
        ErrorKind::Const { want } => format!("{found} is not {want}"),
        ErrorKind::Pattern { want, .. } => {
            format!("{found} does not match the pattern {}", quoted(want))
        }
        ErrorKind::Format { want, err, .. } => format!("{found} is no valid {want}: {err}"),
        ErrorKind::AdditionalProperties { got } => {
            let got: Vec<_> = got.iter().map(|name| quoted(name)).collect();
            format!("there is no property {}", got.join(", "))
        }
        ErrorKind::FalseSchema => "nothing may stand here".to_owned(),
        ErrorKind::Not => format!("{found} is what must not stand here"),
        ErrorKind::OneOf(_) => format!("{found} fits more than one of the alternatives"),
        other => other.to_string(),
    }
}

fn quoted(name: &str) -> String {
    Value::from(name).to_string()
}

fn cut(mut text: String, limit: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
        text.push('…');
    }
    text
}
