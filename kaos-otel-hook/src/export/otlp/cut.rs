//! One record that no receiver would take: its longest texts are cut, and it says so.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::semconv::KAOS_TRUNCATED;
use crate::text::Fitted;
use crate::text::bounded;

/// What can be cut.
pub(super) trait Record: Message {
    fn attributes(&mut self) -> &mut Vec<KeyValue>;

    /// All its texts.
    fn each_text(&mut self, act: &mut dyn FnMut(&mut String));

    /// Leaves out its largest part, and counts it where there is a number for that. `false`: there
    /// is none left.
    fn leave_out(&mut self) -> bool;
}

/// Makes a record at most so large; what it cannot be without stays.
pub(super) fn cut(record: &mut impl Record, largest: usize) {
    if record.encoded_len() <= largest {
        return;
    }
    let attributes = record.attributes();
    attributes.retain(|it| it.key != KAOS_TRUNCATED);
    attributes.insert(0, mark());
    let mut longest = 0;
    record.each_text(&mut |text| longest = longest.max(text.chars().count()));
    while record.encoded_len() > largest && longest > 1 {
        longest /= 2;
        record.each_text(&mut |text| shorten(text, longest));
    }
    while record.encoded_len() > largest && record.leave_out() {}
}

fn mark() -> KeyValue {
    KeyValue {
        key: KAOS_TRUNCATED.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::BoolValue(true)),
        }),
        ..KeyValue::default()
    }
}

/// JSON is JSON still: of so few characters that it cannot be, an empty one is left.
fn shorten(text: &mut String, limit: usize) {
    // There are no more characters than bytes.
    if text.len() <= limit {
        return;
    }
    let json = text.starts_with(['[', '{', '"']);
    if let Some(json) = json.then(|| serde_json::from_str(text).ok()).flatten() {
        *text = Fitted::new(&json, Some(limit.max(2))).map_or_else(String::new, |it| it.text());
    } else if let std::borrow::Cow::Owned(shorter) = bounded(text, Some(limit)) {
        *text = shorter;
    }
}

/// Where the largest of these is.
fn largest_of<M: Message>(messages: &[M]) -> Option<(usize, usize)> {
    let sized = messages.iter().enumerate();
    sized
        .map(|(at, it)| (it.encoded_len(), at))
        .max_by_key(|(size, _)| *size)
}

/// Takes the largest attribute out, but for the mark.
fn leave_out_attribute(attributes: &mut Vec<KeyValue>, dropped: &mut u32) -> bool {
    let Some((_, at)) = attributes.get(1..).and_then(largest_of) else {
        return false;
    };
    attributes.remove(at + 1);
    *dropped = dropped.saturating_add(1);
    true
}

impl Record for Span {
    fn attributes(&mut self) -> &mut Vec<KeyValue> {
        &mut self.attributes
    }

    fn each_text(&mut self, act: &mut dyn FnMut(&mut String)) {
        act(&mut self.name);
        if let Some(status) = &mut self.status {
            act(&mut status.message);
        }
        texts(&mut self.attributes, act);
        for event in &mut self.events {
            act(&mut event.name);
            texts(&mut event.attributes, act);
        }
        for link in &mut self.links {
            texts(&mut link.attributes, act);
        }
    }

    fn leave_out(&mut self) -> bool {
        let event = largest_of(&self.events);
        let link = largest_of(&self.links);
        let attribute = self.attributes.get(1..).and_then(largest_of);
        let size = |it: Option<(usize, usize)>| it.map(|(size, _)| size);
        match (event, link) {
            (Some((_, at)), _) if size(event) >= size(link).max(size(attribute)) => {
                self.events.remove(at);
                self.dropped_events_count = self.dropped_events_count.saturating_add(1);
            }
            (_, Some((_, at))) if size(link) >= size(attribute) => {
                self.links.remove(at);
                self.dropped_links_count = self.dropped_links_count.saturating_add(1);
            }
            _ => {
                return leave_out_attribute(
                    &mut self.attributes,
                    &mut self.dropped_attributes_count,
                );
            }
        }
        true
    }
}

impl Record for LogRecord {
    fn attributes(&mut self) -> &mut Vec<KeyValue> {
        &mut self.attributes
    }

    fn each_text(&mut self, act: &mut dyn FnMut(&mut String)) {
        if let Some(body) = &mut self.body {
            texts_of(body, act);
        }
        texts(&mut self.attributes, act);
    }

    fn leave_out(&mut self) -> bool {
        let body = self.body.as_ref().map(Message::encoded_len);
        let attribute = self.attributes.get(1..).and_then(largest_of);
        if body >= attribute.map(|(size, _)| size) && body.is_some() {
            self.body = None;
            return true;
        }
        leave_out_attribute(&mut self.attributes, &mut self.dropped_attributes_count)
    }
}

impl Record for Resource {
    fn attributes(&mut self) -> &mut Vec<KeyValue> {
        &mut self.attributes
    }

    fn each_text(&mut self, act: &mut dyn FnMut(&mut String)) {
        texts(&mut self.attributes, act);
    }

    fn leave_out(&mut self) -> bool {
        leave_out_attribute(&mut self.attributes, &mut self.dropped_attributes_count)
    }
}

fn texts(attributes: &mut [KeyValue], act: &mut dyn FnMut(&mut String)) {
    for value in attributes.iter_mut().filter_map(|it| it.value.as_mut()) {
        texts_of(value, act);
    }
}

fn texts_of(value: &mut AnyValue, act: &mut dyn FnMut(&mut String)) {
    match &mut value.value {
        Some(Value::StringValue(text)) => act(text),
        Some(Value::ArrayValue(list)) => {
            for value in &mut list.values {
                texts_of(value, act);
            }
        }
        Some(Value::KvlistValue(list)) => texts(&mut list.values, act),
        _ => {}
    }
}
