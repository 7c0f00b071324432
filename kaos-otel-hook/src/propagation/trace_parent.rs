//! The header `traceparent`: W3C Trace Context, section 3.2.

use kaos_hooks::{SpanId, TraceId};
use opentelemetry::trace::{SpanContext, TraceFlags};

/// A later version may be longer than ours, but not without end.
const MAX_LEN: usize = 512;

/// Sampled, and random trace id; what other flags mean nobody knows yet, so they go no further.
const KNOWN_FLAGS: u8 = 0b11;

/// The ids and flags of a well-formed value.
pub(super) fn parse(value: &str) -> Option<(TraceId, SpanId, u8)> {
    let value = value.trim_matches([' ', '\t']);
    if value.len() > MAX_LEN || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut fields = value.splitn(5, '-');
    let version = hex_byte(fields.next()?)?;
    let trace_id = fields.next()?.parse().ok()?;
    let span_id = fields.next()?.parse().ok()?;
    let flags = hex_byte(fields.next()?)?;
    let more = fields.next().is_some();
    match version {
        0xff => None,
        0 if more => None,
        _ => Some((trace_id, span_id, flags & KNOWN_FLAGS)),
    }
}

/// Exactly two lower-case hex digits.
fn hex_byte(text: &str) -> Option<u8> {
    let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 2 || !text.bytes().all(lower_hex) {
        return None;
    }
    u8::from_str_radix(text, 16).ok()
}

/// The value that names this span.
pub(super) fn format(span: &SpanContext) -> String {
    let flags = span.trace_flags() & TraceFlags::new(KNOWN_FLAGS);
    format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id())
}
