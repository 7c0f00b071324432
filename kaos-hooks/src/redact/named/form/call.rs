//! Names and values as arguments of calls.

use crate::redact::ascii::{self, ALPHA, SPACE};
use crate::redact::named::join::Joint;

/// `base.pass("x")` hands something on.
pub(super) fn is_method_pass(bytes: &[u8], start: usize, end: usize) -> bool {
    let name = ascii::part(bytes, start, end);
    name == b"pass" || name.ends_with(b".pass") || name.ends_with(b"_pass")
}

/// `setPassword("value")` gives the value to the name; other calls only may.
pub(super) fn setter(bytes: &[u8], start: usize, end: usize) -> Joint {
    let name = ascii::part(bytes, start, end);
    let last = name
        .iter()
        .rposition(|byte| *byte == b'.')
        .map_or(0, |point| point + 1);
    // `SET PASSWORD = PASSWORD('x')`.
    let is_statement = name == b"PASSWORD" && ascii::at(bytes, end + 1) == b'\'';
    let sets = is_statement
        || ["set", "with", "put", "use"]
            .iter()
            .any(|verb| ascii::has(name, last, verb));
    if sets { Joint::Definition } else { Joint::Call }
}

/// What a call is named that gives a value to a quoted name, or has it as a default.
#[rustfmt::skip]
const DEFINERS: &[&str] = &[
    "define", "env", "getenv", "setenv", "putenv", "property", "setproperty", "getproperty", "put",
    "putstring", "set", "add", "append", "header", "setheader", "addheader", "setrequestheader",
    "param", "addparam", "setparameter", "setattribute", "setstring", "setoption", "field",
    "addfield", "setitem", "insert", "setdefault", "resvalue", "buildconfigfield", "setconfig",
    "entry", "of", "pair",
];

/// Whether a call before the quoted name defines it or gives its default.
///
/// A build file has the type before the name: `buildConfigField "String", "NAME", "value"`.
pub(super) fn defines(bytes: &[u8], start: usize) -> bool {
    let mut call = ascii::run_back(bytes, start.saturating_sub(1), SPACE, 4);
    if ascii::before(bytes, call) == b',' {
        let head = ascii::part(bytes, call.saturating_sub(24), call - 1);
        let Some(open) = head
            .strip_suffix(b"\"")
            .or_else(|| head.strip_suffix(b"'"))
            .and_then(|head| {
                let word = ascii::run_back(head, head.len(), ALPHA, head.len());
                (word > 0 && word < head.len()).then(|| head.len() + 2 - word)
            })
        else {
            return false;
        };
        call = ascii::run_back(bytes, call - 1 - open, SPACE, 4);
    }
    let end = call - usize::from(ascii::before(bytes, call) == b'(');
    let name = ascii::run_back(bytes, end, ALPHA, 24);
    let name = ascii::part(bytes, name, end);
    DEFINERS
        .iter()
        .any(|definer| definer.as_bytes().eq_ignore_ascii_case(name))
}
