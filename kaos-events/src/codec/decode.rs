use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::line::Fields;
use super::{DecodeError, DecodeErrorKind, MAX_LINE_BYTES};
use crate::decimal::{Decimal, Millis, Seconds};
use crate::raw_line::RawLine;
use crate::{
    BodyBuf, Briefing, Custom, EventBuf, Failure, Handoff, IntentClassification, LlmCall,
    McpRequest, OutcomeBuf, PhaseBuf, PhaseName, Run, RunId, ServedCall, Session, SpanBuf, SpanId,
    Step, Str, Subagent, Subject, SubjectName, Time, ToolCall, TraceId, Turn, Value,
};

/// Reads one line; a line break at its end is ignored.
///
/// # Errors
///
/// Anything but a JSON object with the fields that its type needs, of their types, each once, and
/// of at most [`MAX_LINE_BYTES`]. The error has the byte where it was found.
pub fn decode(line: &[u8]) -> Result<EventBuf, DecodeError> {
    if line.len() > MAX_LINE_BYTES {
        return Err(DecodeError::new(MAX_LINE_BYTES, DecodeErrorKind::TooLong));
    }
    let line = std::str::from_utf8(line)
        .map_err(|error| DecodeError::new(error.valid_up_to(), DecodeErrorKind::NotUtf8))?;
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if let Some(at) = line.find(['\n', '\r']) {
        return Err(DecodeError::new(at, DecodeErrorKind::LineBreak));
    }
    let fields = Fields::parse(line)?;
    let run = run(&fields)?;
    Ok(EventBuf {
        seq: fields.require("sequence")?,
        time: time(&fields)?,
        body: body(&fields, line, &run)?,
        run,
    })
}

fn run(fields: &Fields<'_>) -> Result<Run, DecodeError> {
    let id: String = fields.require("run_id")?;
    let trace_id = match fields.get::<TraceId>("trace_id")? {
        Some(known) => known,
        None => derived_trace_id(&id),
    };
    Ok(Run {
        id: RunId::from(id.as_str()),
        trace_id,
        session: Session::from(fields.get::<Str>("session_id")?.unwrap_or_default()),
        agent: fields.get("agent_id")?.unwrap_or_default(),
    })
}

/// The trace id of a run that was recorded without one.
fn derived_trace_id(run_id: &str) -> TraceId {
    let digest = Sha256::digest(run_id.as_bytes());
    let first = digest
        .iter()
        .take(16)
        .fold(0_u128, |id, byte| id << 8 | u128::from(*byte));
    TraceId::new(first).unwrap_or_else(|| TraceId::new(1).expect("1 is not zero"))
}

fn time(fields: &Fields<'_>) -> Result<Time, DecodeError> {
    let seconds: Seconds =
        number(fields, "timestamp")?.ok_or_else(|| fields.missing("timestamp"))?;
    let unix_nanos = match fields.get::<Str>("time_unix_nano")? {
        Some(text) => whole(&text)
            .ok_or_else(|| fields.bad("time_unix_nano", "a decimal number below 2^64"))?,
        None => 0,
    };
    Ok(Time {
        unix_nanos,
        monotonic_nanos: seconds.nanos(),
    })
}

fn whole(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn number<const DIGITS: usize>(
    fields: &Fields<'_>,
    name: &'static str,
) -> Result<Option<Decimal<DIGITS>>, DecodeError> {
    let Some(raw) = fields.raw(name) else {
        return Ok(None);
    };
    Decimal::parse(raw.get())
        .map(Some)
        .ok_or_else(|| fields.bad(name, "a number of nanoseconds from 0 to 2^64 - 1"))
}

fn body(fields: &Fields<'_>, line: &str, run: &Run) -> Result<BodyBuf, DecodeError> {
    let name: Str = fields.require("type")?;
    if name == "span" {
        return span(fields, line, run);
    }
    let value = match Value::read(&name, line) {
        Some(read) => read.map_err(|error| DecodeError::json(0, line, &error))?,
        None => return Ok(BodyBuf::Unknown(RawLine::new(line))),
    };
    Ok(BodyBuf::Value {
        span: span_id(fields, "span_id")?,
        value,
    })
}

fn span(fields: &Fields<'_>, line: &str, run: &Run) -> Result<BodyBuf, DecodeError> {
    let subject: Str = fields.require("subject")?;
    let phase: Str = fields.require("phase")?;
    let known_phase = PhaseName::ALL
        .iter()
        .copied()
        .find(|known| phase == known.as_str());
    let (Some(subject), Some(phase)) = (SubjectName::from_wire(&subject), known_phase) else {
        return Ok(BodyBuf::Unknown(RawLine::new(line)));
    };
    let mut span = SpanBuf {
        id: span_id(fields, "span_id")?.ok_or_else(|| fields.missing("span_id"))?,
        parent: span_id(fields, "parent_span_id")?,
        subject: self::subject(fields, subject, run)?,
        phase: self::phase(fields, subject, phase)?,
    };
    if span.parent == Some(span.id) {
        return Err(fields.bad("parent_span_id", "another span"));
    }
    if phase == PhaseName::Start {
        span.subject.set_content(fields.get("content")?);
        let briefing = Briefing {
            instructions: fields.get("instructions")?,
            tools: fields.get("tools")?,
        };
        let is_briefed = briefing != Briefing::default();
        span.subject
            .set_briefing(is_briefed.then(|| Arc::new(briefing)));
    }
    Ok(BodyBuf::Span(Box::new(span)))
}

/// A span id of 16 digits; Python KAOS's 12 are padded on the left.
fn span_id(fields: &Fields<'_>, name: &'static str) -> Result<Option<SpanId>, DecodeError> {
    let Some(text) = fields.get::<Str>(name)? else {
        return Ok(None);
    };
    let padded = if text.len() == 12 {
        format!("0000{text}")
    } else {
        text.to_string()
    };
    let expected = "12 or 16 lower-case hex digits, not all zero";
    padded
        .parse()
        .map(Some)
        .map_err(|_invalid| fields.bad(name, expected))
}

fn subject(fields: &Fields<'_>, name: SubjectName, run: &Run) -> Result<Subject, DecodeError> {
    let span_name: Str = fields.get("name")?.unwrap_or_default();
    let mut subject = fields
        .object("fields", |json| Subject::read_fields(name, json))?
        .unwrap_or_else(|| ancestral(name, &span_name));
    match &mut subject {
        Subject::Turn(turn) => {
            turn.agent.clone_from(&run.agent);
            turn.session.clone_from(&run.session);
        }
        Subject::ServedCall(call) => call.server.clone_from(&run.agent),
        Subject::Custom(custom) => custom.name = span_name,
        _ => {}
    }
    *subject.attributes_mut() = fields.get("attributes")?.unwrap_or_default();
    Ok(subject)
}

/// A subject of which only the span's name is known.
fn ancestral(subject: SubjectName, name: &Str) -> Subject {
    let after = |prefix: &str| Str::copied(name.strip_prefix(prefix).unwrap_or(name));
    let numbered = |prefix: &str| {
        name.strip_prefix(prefix)
            .and_then(|number| number.parse().ok())
    };
    match subject {
        SubjectName::Turn => Turn {
            number: numbered("turn."),
            ..Turn::default()
        }
        .into(),
        SubjectName::IntentClassification => IntentClassification::default().into(),
        SubjectName::Step => Step::new(numbered("agent.step.").unwrap_or_default()).into(),
        SubjectName::LlmCall => LlmCall::new("", "").into(),
        SubjectName::ToolCall => ToolCall::new(after("tool.")).into(),
        SubjectName::Subagent => Subagent::new(after("delegate.")).into(),
        SubjectName::Handoff => Handoff::new(after("handoff.")).into(),
        SubjectName::McpRequest => McpRequest::new(name.clone()).into(),
        SubjectName::ServedCall => ServedCall::new("", after("tools/call ")).into(),
        SubjectName::Custom => Custom::new(name).into(),
    }
}

fn phase(
    fields: &Fields<'_>,
    subject: SubjectName,
    phase: PhaseName,
) -> Result<PhaseBuf, DecodeError> {
    match phase {
        PhaseName::Start => return Ok(PhaseBuf::Start),
        PhaseName::Progress => {
            return Ok(PhaseBuf::Progress(
                fields
                    .object("progress", serde_json::from_str)?
                    .unwrap_or_default(),
            ));
        }
        PhaseName::Complete | PhaseName::Error | PhaseName::Cancelled | PhaseName::Suspended => {}
    }
    let duration: Option<Millis> = number(fields, "duration_ms")?;
    let duration = duration.map(Millis::duration).unwrap_or_default();
    let outcome = fields.object("outcome", |json| OutcomeBuf::read_fields(subject, json))?;
    Ok(match phase {
        PhaseName::Error => {
            let kind = fields.get("error_type")?.unwrap_or(Str::Static("_OTHER"));
            let failure = Failure {
                kind,
                message: fields.get("error_message")?,
                thrown: fields
                    .object("exception", serde_json::from_str)?
                    .map(Box::new),
            };
            PhaseBuf::Error(failure, outcome, duration)
        }
        PhaseName::Cancelled => PhaseBuf::Cancelled(outcome, duration),
        PhaseName::Suspended => PhaseBuf::Suspended(outcome, duration),
        PhaseName::Start | PhaseName::Progress | PhaseName::Complete => PhaseBuf::Complete(
            outcome.unwrap_or_else(|| OutcomeBuf::nothing(subject)),
            duration,
        ),
    })
}
