//! The header `baggage`: W3C Baggage, section 3.

use std::fmt::Write as _;

use opentelemetry::baggage::{Baggage, KeyValueMetadata};

const MAX_MEMBERS: usize = 64;
const MAX_BYTES: usize = 8192;

/// The well-formed members of these values in order, as they were received, as one value.
pub(super) fn join<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = List::default();
    for member in values.into_iter().flat_map(|value| value.split(',')) {
        if let Some(member) = Member::parse(member) {
            list.push(member.whole);
        }
    }
    list.text
}

/// The members of a value, decoded.
pub(crate) fn decode(value: &str) -> Vec<KeyValueMetadata> {
    let members = value.split(',').filter_map(Member::parse);
    members
        .map(|member| {
            let value = percent_decoded(member.value);
            KeyValueMetadata::new(member.key.to_owned(), value, member.properties)
        })
        .collect()
}

/// The header's value, ordered by key; empty for an empty baggage.
pub(super) fn encode(baggage: &Baggage) -> String {
    let mut members: Vec<_> = baggage.iter().collect();
    members.sort_by_key(|(key, _)| *key);
    let mut list = List::default();
    for (key, (value, properties)) in members {
        let mut member = format!("{key}=");
        percent_encode(value.as_str(), &mut member);
        let properties = properties.as_str().trim_matches(OWS);
        if are_properties(properties) {
            member.push(';');
            member.push_str(properties);
        }
        list.push(&member);
    }
    list.text
}

const OWS: [char; 2] = [' ', '\t'];

/// `key=value;property;property=value`
struct Member<'a> {
    whole: &'a str,
    key: &'a str,
    value: &'a str,
    properties: &'a str,
}

impl<'a> Member<'a> {
    fn parse(member: &'a str) -> Option<Self> {
        let whole = member.trim_matches(OWS);
        let (pair, properties) = match whole.split_once(';') {
            Some((pair, properties)) => (pair, Some(properties.trim_matches(OWS))),
            None => (whole, None),
        };
        let (key, value) = pair.split_once('=')?;
        let (key, value) = (key.trim_matches(OWS), value.trim_matches(OWS));
        let valid = is_token(key) && is_value(value) && properties.is_none_or(are_properties);
        valid.then_some(Self {
            whole,
            key,
            value,
            properties: properties.unwrap_or_default(),
        })
    }
}

fn are_properties(text: &str) -> bool {
    text.split(';')
        .all(|property| match property.split_once('=') {
            Some((key, value)) => {
                is_token(key.trim_matches(OWS)) && is_value(value.trim_matches(OWS))
            }
            None => is_token(property.trim_matches(OWS)),
        })
}

/// A `token` of HTTP (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(token)
}

fn is_value(text: &str) -> bool {
    text.bytes().all(is_octet)
}

/// A `baggage-octet`.
fn is_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

fn percent_encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if is_octet(byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            // A String takes whatever is written to it.
            let _written = write!(out, "%{byte:02X}");
        }
    }
}

/// What is not UTF-8 becomes U+FFFD, as the specification asks.
fn percent_decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((plain, encoded)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let digits = encoded
            .get(..2)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = encoded.get(2..).unwrap_or_default();
        } else {
            bytes.push(b'%');
            rest = encoded;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Members within the specification's limits; one that does not fit is left out.
#[derive(Default)]
struct List {
    text: String,
    members: usize,
}

impl List {
    fn push(&mut self, member: &str) {
        let comma = usize::from(self.members > 0);
        let bytes = self.text.len() + comma + member.len();
        if self.members == MAX_MEMBERS || bytes > MAX_BYTES {
            return;
        }
        if comma == 1 {
            self.text.push(',');
        }
        self.text.push_str(member);
        self.members += 1;
    }
}
