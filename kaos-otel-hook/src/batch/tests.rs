use std::sync::atomic::AtomicUsize;

use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;

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
fn after(act: Act, spans: usize, queue: usize, limit: Duration) -> (ExportStats, usize) {
    let settings = BatchSettings {
        queue,
        batch: 4,
        delay: Duration::from_secs(60),
    };
    let counters = Arc::new(Counters::default());
    let given = Arc::new(AtomicUsize::new(0));
    let exporter = Exporter {
        act,
        spans: Arc::clone(&given),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let processor = BatchProcessor::new(
        exporter,
        runtime,
        settings,
        Arc::clone(&counters),
        String::new(),
    );
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .build();
    let tracer = provider.tracer("test");
    for _ in 0..spans {
        tracer.start("span").end();
    }
    let _stopped: OTelSdkResult = provider.shutdown_with_timeout(limit);
    (counters.read(), given.load(Ordering::SeqCst))
}

#[track_caller]
fn check(act: Act, exported: u64, failed: u64) {
    let (stats, given) = after(act, 10, 100, Duration::from_secs(5));
    assert_eq!(
        stats,
        ExportStats {
            offered: 10,
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
    check(Act::Accept, 10, 0);
    check(Act::Fail, 0, 10);
    check(Act::Panic, 0, 10);
}

#[test]
fn what_finds_the_queue_full_is_dropped_and_counted() {
    let (stats, _) = after(Act::Hang, 1000, 8, Duration::from_millis(50));
    assert_eq!(stats.offered, 1000);
    assert!(stats.dropped > 0 && stats.exported == 0, "{stats:?}");
    assert_eq!(stats.offered, stats.exported + stats.failed + stats.dropped);
}

#[test]
fn an_exporter_that_hangs_is_given_up_at_the_limit_and_all_is_counted() {
    let began = std::time::Instant::now();
    let (stats, given) = after(Act::Hang, 10, 100, Duration::from_millis(50));
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(given, 4, "one batch was begun");
    assert_eq!(
        stats,
        ExportStats {
            offered: 10,
            exported: 0,
            failed: 4,
            dropped: 6
        }
    );
}
