//! One record that no receiver would take: its longest texts are cut, and it says so.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::bounded::bounded;

/// What a record that was cut has.
pub(super) const TRUNCATED: &str = "kaos.truncated";

/// What can be cut.
pub(super) trait Record: Message {
    fn mark(&mut self, mark: KeyValue);

    /// All its texts.
    fn each_text(&mut self, act: &mut dyn FnMut(&mut String));

    /// Leaves out what is left when its texts are short: events and links, or attributes.
    fn leave_out(&mut self);
}

/// Makes a record at most so large, if it can be.
pub(super) fn cut(record: &mut impl Record, largest: usize) {
    record.mark(KeyValue {
        key: TRUNCATED.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::BoolValue(true)),
        }),
        ..KeyValue::default()
    });
    let mut longest = 0;
    record.each_text(&mut |text| longest = longest.max(text.chars().count()));
    while record.encoded_len() > largest && longest > 1 {
        longest /= 2;
        record.each_text(&mut |text| {
            let shorter = bounded(text, Some(longest));
            if shorter.len() < text.len() {
                *text = shorter.into_owned();
            }
        });
    }
    if record.encoded_len() > largest {
        record.leave_out();
    }
}

impl Record for Span {
    fn mark(&mut self, mark: KeyValue) {
        self.attributes.push(mark);
    }

    fn each_text(&mut self, act: &mut dyn FnMut(&mut String)) {
        act(&mut self.name);
        if let Some(status) = &mut self.status {
            act(&mut status.message);
        }
        texts(&mut self.attributes, act);
        for event in &mut self.events {
            texts(&mut event.attributes, act);
        }
        for link in &mut self.links {
            texts(&mut link.attributes, act);
        }
    }

    fn leave_out(&mut self) {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.dropped_events_count += count(self.events.len());
        self.dropped_links_count += count(self.links.len());
        self.events.clear();
        self.links.clear();
    }
}

impl Record for LogRecord {
    fn mark(&mut self, mark: KeyValue) {
        self.attributes.push(mark);
    }

    fn each_text(&mut self, act: &mut dyn FnMut(&mut String)) {
        if let Some(body) = &mut self.body {
            texts_of(body, act);
        }
        texts(&mut self.attributes, act);
    }

    fn leave_out(&mut self) {
        self.body = None;
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
