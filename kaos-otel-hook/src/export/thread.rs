//! The thread that exports.

use std::sync::mpsc;

use opentelemetry::Context;
use tokio::task::LocalSet;

use super::error::ExporterError;
use super::lane::Export;

/// Starts the thread.
///
/// `exports` makes the lanes' ends inside the thread's runtime, since exporters need one to be
/// built; what goes wrong there is returned here. The runtime lives and dies in its thread:
/// dropping one inside the caller's would panic.
pub(crate) fn start(
    exports: impl FnOnce() -> Result<Vec<Export>, ExporterError> + Send + 'static,
) -> Result<(), ExporterError> {
    let (ready, started) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("kaos-otel-export".to_owned());
    thread
        .spawn(move || {
            // What the exporter's own HTTP client traces and logs is not exported.
            let _suppressed = Context::enter_telemetry_suppressed_scope();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return report(&ready, Err(ExporterError::Thread(error))),
            };
            let entered = runtime.enter();
            let exports = exports();
            drop(entered);
            match exports {
                Ok(exports) => {
                    report(&ready, Ok(()));
                    runtime.block_on(run(exports));
                }
                Err(error) => report(&ready, Err(error)),
            }
            // A look-up of an unreachable name server may still block a thread of its pool.
            runtime.shutdown_background();
        })
        .map_err(ExporterError::Thread)?;
    started
        .recv()
        .unwrap_or_else(|_| Err(ExporterError::Thread(std::io::ErrorKind::BrokenPipe.into())))
}

fn report(ready: &mpsc::SyncSender<Result<(), ExporterError>>, how: Result<(), ExporterError>) {
    // The one who started the thread waits for this.
    let _received: Result<(), _> = ready.send(how);
}

async fn run(exports: Vec<Export>) {
    let local = LocalSet::new();
    for export in exports {
        drop(local.spawn_local(export));
    }
    // Completes when all lanes have ended; one that panicked has, too.
    local.await;
}
