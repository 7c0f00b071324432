use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};

use super::*;

/// What an exporter of the tests does with a batch.
#[derive(Debug, Clone, Copy)]
enum Act {
    Accept,
    Fail,
    Panic,
    Hang,
}

#[derive(Debug)]
struct Exporter {
    act: Act,
    spans: Arc<AtomicUsize>,
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.spans.fetch_add(batch.len(), Ordering::SeqCst);
        match self.act {
            Act::Accept => Ok(()),
            Act::Fail => Err(OTelSdkError::InternalFailure("no".to_owned())),
            Act::Panic => panic!("an exporter panics"),
            Act::Hang => std::future::pending().await,
        }
    }
}

/// Ends this many spans, shuts down within `limit`, and gives the counters and what the exporter
/// was given.
fn after(act: Act, spans: usize, queue: usize, limits: [Duration; 2]) -> (ExportStats, usize) {
    let [of_a_batch, of_shutdown] = limits;
    let settings = BatchSettings {
        queue,
        batch: 4,
        delay: Duration::from_secs(60),
    };
    let sending = Sending {
        what: "spans",
        limit: of_a_batch,
        advice: String::new(),
    };
    let lane = SpanLane {
        lane: Lane::new(settings, sending),
        later: None,
    };
    let given = Arc::new(AtomicUsize::new(0));
    let exporter = Exporter {
        act,
        spans: Arc::clone(&given),
    };
    let of_thread = lane.clone();
    start(move || {
        Ok(vec![
            of_thread.export(exporter, &Resource::builder_empty().build()),
        ])
    })
    .unwrap();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(lane.clone())
        .build();
    let tracer = provider.tracer("test");
    for _ in 0..spans {
        tracer.start("span").end();
    }
    let _stopped: OTelSdkResult = provider.shutdown_with_timeout(of_shutdown);
    (lane.lane.stats(), given.load(Ordering::SeqCst))
}

const LONG: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(50);

#[track_caller]
fn check(act: Act, limit: Duration, exported: u64, failed: u64) {
    let (stats, given) = after(act, 10, 100, [limit, LONG]);
    assert_eq!(
        stats,
        ExportStats {
            offered: 10,
            waiting: 0,
            exported,
            failed,
            dropped: 0
        },
        "{act:?}"
    );
    assert_eq!(given, 10, "{act:?}");
}

#[test]
fn what_is_offered_is_exported_or_failed() {
    check(Act::Accept, LONG, 10, 0);
    check(Act::Fail, LONG, 0, 10);
    check(Act::Panic, LONG, 0, 10);
}

#[test]
fn a_batch_without_an_answer_within_its_limit_failed_and_the_next_is_tried() {
    check(Act::Hang, SHORT, 0, 10);
}

#[test]
fn what_finds_the_queue_full_is_dropped_and_counted() {
    let (stats, _) = after(Act::Hang, 1000, 8, [LONG, SHORT]);
    assert_eq!(stats.offered, 1000);
    assert!(stats.dropped > 0 && stats.exported == 0, "{stats:?}");
    assert_eq!(stats.offered, stats.exported + stats.failed + stats.dropped);
}

#[test]
fn an_exporter_that_hangs_is_given_up_at_the_limit_and_all_is_counted() {
    let began = std::time::Instant::now();
    let (stats, given) = after(Act::Hang, 10, 100, [LONG, SHORT]);
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(given, 4, "one batch was begun");
    assert_eq!(
        stats,
        ExportStats {
            offered: 10,
            waiting: 0,
            exported: 0,
            failed: 4,
            dropped: 6
        }
    );
}

#[test]
fn what_goes_wrong_on_the_thread_is_the_starter_s_error() {
    let refused = || Err(ExporterError::Thread(std::io::ErrorKind::Other.into()));
    assert!(matches!(start(refused), Err(ExporterError::Thread(_))));
}

#[test]
fn a_lane_that_has_ended_is_shut_down_again_at_once() {
    let sending = Sending {
        what: "spans",
        limit: LONG,
        advice: String::new(),
    };
    let settings = BatchSettings {
        queue: 8,
        batch: 4,
        delay: Duration::from_secs(60),
    };
    let lane = SpanLane {
        lane: Lane::new(settings, sending),
        later: None,
    };
    let of_thread = lane.clone();
    let exporter = Exporter {
        act: Act::Accept,
        spans: Arc::default(),
    };
    start(move || {
        Ok(vec![
            of_thread.export(exporter, &Resource::builder_empty().build()),
        ])
    })
    .unwrap();
    assert!(lane.lane.flush(LONG).is_ok());
    assert!(lane.lane.shut_down(LONG).is_ok());
    assert!(lane.lane.shut_down(LONG).is_ok());
    assert!(lane.lane.flush(LONG).is_err());
}
