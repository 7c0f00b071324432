//! Requests of OTLP, in parts that a receiver takes.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::ScopeLogs;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, ScopeMetrics};
use opentelemetry_proto::tonic::trace::v1::ScopeSpans;
use prost::Message;
use prost::bytes::Bytes;

use super::cut::cut;

/// A request, as something that can be halved.
pub(super) trait Request: Message + Sized {
    /// How many spans, log records or data points there are.
    fn items(&self) -> usize;

    /// Takes the second half of the items out; nothing of one item.
    fn second_half(&mut self) -> Option<Self>;

    /// Makes one item that is too large smaller, and who exports it, if that takes half of the room.
    fn cut(&mut self, largest: usize);
}

/// The request in encoded parts of at most so many bytes, each with how many items it has.
///
/// An item that is larger alone is cut.
pub(super) fn parts<R: Request>(request: R, largest: usize) -> Vec<(u64, Bytes)> {
    let mut parts = Vec::new();
    let mut left = vec![request];
    while let Some(mut request) = left.pop() {
        if request.encoded_len() > largest {
            if let Some(half) = request.second_half() {
                left.push(half);
                left.push(request);
                continue;
            }
            request.cut(largest);
        }
        parts.push((request.items() as u64, request.encode_to_vec().into()));
    }
    parts
}

/// The second half of the list, or of its one element's own.
fn half_of<T: Clone>(
    list: &mut Vec<T>,
    of_one: impl FnOnce(&mut T) -> Option<T>,
) -> Option<Vec<T>> {
    match list.as_mut_slice() {
        [] => None,
        [one] => Some(vec![of_one(one)?]),
        _ => Some(list.split_off(list.len() / 2)),
    }
}

/// The second half of a list whose elements are items.
fn half<T>(list: &mut Vec<T>) -> Option<Vec<T>> {
    (list.len() > 1).then(|| list.split_off(list.len() / 2))
}

/// A message with another list in it, all else alike.
macro_rules! with {
    ($message:expr, $list:ident, $half:expr) => {{
        let message = $message;
        let half = $half(&mut message.$list)?;
        let rest = std::mem::take(&mut message.$list);
        let mut second = message.clone();
        message.$list = rest;
        second.$list = half;
        Some(second)
    }};
}

impl Request for ExportTraceServiceRequest {
    fn items(&self) -> usize {
        let scopes = self.resource_spans.iter().flat_map(|it| &it.scope_spans);
        scopes.map(|it| it.spans.len()).sum()
    }

    fn second_half(&mut self) -> Option<Self> {
        let resource_spans = half_of(&mut self.resource_spans, |resource| {
            with!(resource, scope_spans, |scopes| half_of(
                scopes,
                half_of_spans
            ))
        })?;
        Some(Self { resource_spans })
    }

    fn cut(&mut self, largest: usize) {
        for resource in self
            .resource_spans
            .iter_mut()
            .filter_map(|it| it.resource.as_mut())
        {
            cut(resource, largest / 2);
        }
        let others = self.encoded_len();
        let scopes = self
            .resource_spans
            .iter_mut()
            .flat_map(|it| &mut it.scope_spans);
        for span in scopes.flat_map(|it| &mut it.spans) {
            let others = others - span.encoded_len();
            cut(span, largest.saturating_sub(others));
        }
    }
}

impl Request for ExportLogsServiceRequest {
    fn items(&self) -> usize {
        let scopes = self.resource_logs.iter().flat_map(|it| &it.scope_logs);
        scopes.map(|it| it.log_records.len()).sum()
    }

    fn second_half(&mut self) -> Option<Self> {
        let resource_logs = half_of(&mut self.resource_logs, |resource| {
            with!(resource, scope_logs, |scopes| half_of(
                scopes,
                half_of_records
            ))
        })?;
        Some(Self { resource_logs })
    }

    fn cut(&mut self, largest: usize) {
        for resource in self
            .resource_logs
            .iter_mut()
            .filter_map(|it| it.resource.as_mut())
        {
            cut(resource, largest / 2);
        }
        let others = self.encoded_len();
        let scopes = self
            .resource_logs
            .iter_mut()
            .flat_map(|it| &mut it.scope_logs);
        for record in scopes.flat_map(|it| &mut it.log_records) {
            let others = others - record.encoded_len();
            cut(record, largest.saturating_sub(others));
        }
    }
}

impl Request for ExportMetricsServiceRequest {
    fn items(&self) -> usize {
        let scopes = self
            .resource_metrics
            .iter()
            .flat_map(|it| &it.scope_metrics);
        let metrics = scopes.flat_map(|it| &it.metrics);
        metrics.map(points).sum()
    }

    fn second_half(&mut self) -> Option<Self> {
        let resource_metrics = half_of(&mut self.resource_metrics, |resource| {
            with!(resource, scope_metrics, |scopes| half_of(
                scopes,
                half_of_metrics
            ))
        })?;
        Some(Self { resource_metrics })
    }

    /// One data point has some labels and a number: it is small.
    fn cut(&mut self, largest: usize) {
        let resources = self.resource_metrics.iter_mut();
        for resource in resources.filter_map(|it| it.resource.as_mut()) {
            cut(resource, largest / 2);
        }
    }
}

fn half_of_spans(scope: &mut ScopeSpans) -> Option<ScopeSpans> {
    with!(scope, spans, half)
}

fn half_of_records(scope: &mut ScopeLogs) -> Option<ScopeLogs> {
    with!(scope, log_records, half)
}

fn half_of_metrics(scope: &mut ScopeMetrics) -> Option<ScopeMetrics> {
    with!(scope, metrics, |metrics| half_of(metrics, half_of_points))
}

fn points(metric: &Metric) -> usize {
    match &metric.data {
        Some(Data::Gauge(it)) => it.data_points.len(),
        Some(Data::Sum(it)) => it.data_points.len(),
        Some(Data::Histogram(it)) => it.data_points.len(),
        Some(Data::ExponentialHistogram(it)) => it.data_points.len(),
        Some(Data::Summary(it)) => it.data_points.len(),
        None => 0,
    }
}

fn half_of_points(metric: &mut Metric) -> Option<Metric> {
    let data = match metric.data.as_mut()? {
        Data::Gauge(it) => Data::Gauge(with!(it, data_points, half)?),
        Data::Sum(it) => Data::Sum(with!(it, data_points, half)?),
        Data::Histogram(it) => Data::Histogram(with!(it, data_points, half)?),
        Data::ExponentialHistogram(it) => Data::ExponentialHistogram(with!(it, data_points, half)?),
        Data::Summary(it) => Data::Summary(with!(it, data_points, half)?),
    };
    let first = metric.data.take();
    let second = Metric {
        data: Some(data),
        ..metric.clone()
    };
    metric.data = first;
    Some(second)
}
