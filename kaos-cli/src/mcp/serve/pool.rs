//! The workers: as many as were asked for, warm, each with one call at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use kaos_hooks::redact::Redactor;
use kaos_runner::ToolError;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::printed::Printed;
use super::process::{Began, Known, Lost, Python, Worker};
use crate::output::Failed;

/// Workers of the same code.
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    python: Python,
    redactor: Redactor,
    /// One for each worker that is idle, or that could be started.
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Worker>>,
    /// How often starting one failed since it last worked.
    failed: AtomicUsize,
}

impl Pool {
    /// Starts this many.
    pub(super) async fn start(
        python: Python,
        workers: usize,
    ) -> Result<Began<(Self, Vec<Known>)>, Failed> {
        let (first, known) = match python.start().await? {
            Began::Ready(ready) => ready,
            Began::Refused(why) => return Ok(Began::Refused(why)),
        };
        let mut idle = vec![first];
        for began in join_all((1..workers).map(|_| python.start())).await {
            match began? {
                Began::Ready((worker, _same)) => idle.push(worker),
                Began::Refused(why) => return Ok(Began::Refused(why)),
            }
        }
        let inner = Inner {
            python,
            redactor: Redactor::new(),
            free: Arc::new(Semaphore::new(workers)),
            idle: Mutex::new(idle),
            failed: AtomicUsize::new(0),
        };
        Ok(Began::Ready((Self(Arc::new(inner)), known)))
    }

    /// Whether a call would find a worker.
    pub(super) fn works(&self) -> bool {
        self.0.failed.load(Ordering::Relaxed) == 0
    }

    /// Ends all that are idle; those that work end with their calls.
    pub(super) fn end(&self) {
        self.0.free.close();
        self.0.idle().clear();
    }

    /// Carries out a call in the next worker that is free. Dropped, its worker is killed.
    pub(super) async fn call(&self, tool: &str, call: &Value) -> Result<Value, ToolError> {
        let free = Arc::clone(&self.0.free).acquire_owned().await;
        let permit =
            free.map_err(|_closed| ToolError::of_kind("connection", "the server is ending"))?;
        let mut taken = Taken {
            pool: Arc::clone(&self.0),
            worker: self.0.idle().pop(),
            permit: Some(permit),
            whole: false,
        };
        let answered = loop {
            let (worker, fresh) = match &mut taken.worker {
                Some(worker) => (worker, false),
                none => (none.insert(self.0.start().await?), true),
            };
            let printed = Printed::of(tool, &self.0.redactor);
            match worker.call(call, printed).await {
                // It was gone before it was asked: another one does it.
                Err(Lost { begun: false, .. }) if !fresh => taken.worker = self.0.idle().pop(),
                answered => break answered,
            }
        };
        let answer = answered.map_err(|Lost { why, .. }| {
            ToolError::of_kind("worker_died", format!("the tool's process is gone: {why}"))
        })?;
        taken.whole = true;
        Ok(answer)
    }
}

impl Inner {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn start(&self) -> Result<Worker, ToolError> {
        let why = match self.python.start().await {
            Ok(Began::Ready((worker, _same))) => {
                self.failed.store(0, Ordering::Relaxed);
                return Ok(worker);
            }
            Ok(Began::Refused(why)) => why,
            Err(error) => error.to_string(),
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        let why = format!("no process for the tool: {why}");
        Err(ToolError::of_kind("worker_not_started", why))
    }
}

/// A worker that carries out a call.
struct Taken {
    pool: Arc<Inner>,
    worker: Option<Worker>,
    permit: Option<OwnedSemaphorePermit>,
    /// Whether it is as it was before the call.
    whole: bool,
}

impl Drop for Taken {
    fn drop(&mut self) {
        let (pool, worker) = (Arc::clone(&self.pool), self.worker.take());
        if self.whole {
            pool.idle().extend(worker);
            return;
        }
        drop(worker);
        let permit = self.permit.take();
        let replace = async move {
            // The next call starts one itself if this does not work, and says why not.
            if let Ok(worker) = pool.start().await
                && !pool.free.is_closed()
            {
                pool.idle().push(worker);
            }
            drop(permit);
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(replace));
        }
    }
}
