//! The operator: watches, a queue, and as many reconciles at a time as are good for an API server.

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use kube::Client;
use kube::runtime::events::{Recorder, Reporter};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{error, info, warn};

use super::MANAGER;
use super::applier::Applier;
use super::cache::Cache;
use super::digest_key::DigestKey;
use super::election::Election;
use super::failure::brief;
use super::fence::LeaseLost;
use super::input_digests::InputDigests;
use super::metrics::{OperatorMetrics, Reconciled};
use super::reconcile::{Context, Outcome};
use super::settings::OperatorSettings;
use super::status_writer::StatusWriter;
use super::watches::watches;
use super::work_queue::{Queue, WorkQueue};
use crate::resources::Identity;

/// Reconciles at a time.
const AT_ONCE: usize = 8;
/// How long one may take.
const MAX_DURATION: Duration = Duration::from_secs(60);
/// When something is looked at again that has to be over first.
const SOON: Duration = Duration::from_secs(1);
/// When something is looked at again that somebody has to mend, whom no watch tells of.
const LATER: Duration = Duration::from_secs(30);
/// The longest time between two attempts at what fails.
const MAX_DELAY: Duration = Duration::from_secs(300);

/// The operator of a cluster.
pub struct Operator {
    client: Client,
    settings: Arc<OperatorSettings>,
    metrics: Arc<OperatorMetrics>,
    observer: Observer,
}

/// What is told of each reconcile.
type Observer = Box<dyn Fn(&Reconciled) + Send + Sync>;

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Operator {
    /// An operator that speaks to this API server.
    #[must_use]
    pub fn new(client: Client, settings: OperatorSettings) -> Self {
        Self {
            client,
            settings: Arc::new(settings),
            metrics: Arc::default(),
            observer: Box::new(|_| ()),
        }
    }

    /// An operator of the cluster of `KUBECONFIG` or `~/.kube/config`, or else of the one that this runs in.
    ///
    /// # Errors
    ///
    /// None of these says where the cluster is.
    pub async fn connect(settings: OperatorSettings) -> Result<Self, kube::Error> {
        Ok(Self::new(Client::try_default().await?, settings))
    }

    /// Tells this of each reconcile.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Fn(&Reconciled) + Send + Sync + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// What it counts of itself, and whether it is ready.
    #[must_use]
    pub fn metrics(&self) -> Arc<OperatorMetrics> {
        Arc::clone(&self.metrics)
    }

    /// Works until it is told to stop: what has begun is done, and the Lease is given back.
    ///
    /// # Errors
    ///
    /// Another operator may have the Lease. It has stopped at once.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it stops at once. All it does can be done again; the Lease is free when it is over.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> Result<(), LeaseLost> {
        let mut stop = pin!(stop.fuse());
        let queue = Queue::default();
        let (watched, cache) = watches(&self.client, &self.settings, &self.metrics, &queue);
        let mut watching = pin!(watched.for_each(|()| std::future::ready(())));
        tokio::select! {
            () = &mut stop => return Ok(()),
            () = &mut watching => return Ok(()),
            () = cache.seen() => self.metrics.has_seen(),
        }
        let key = tokio::select! {
            () = &mut stop => return Ok(()),
            () = &mut watching => return Ok(()),
            key = DigestKey::of(&self.client, &self.settings.system_namespace) => key,
        };
        if !self.settings.leader_election {
            self.metrics.leads(true);
            let context = self.context(self.client.clone(), key, cache);
            tokio::select! {
                () = work(&context, &self.observer, &queue, stop) => {}
                () = watching => {}
            }
            return Ok(());
        }
        let mut election = Election::new(
            self.client.clone(),
            &self.settings.system_namespace,
            &self.settings.identity,
        );
        let term = tokio::select! {
            () = &mut stop => {
                election.release().await;
                return Ok(());
            }
            () = &mut watching => return Ok(()),
            term = election.wait() => term,
        };
        self.metrics.leads(true);
        let context = self.context(term.fenced(&self.client), key, cache);
        // By itself: however much there is to do, the Lease is renewed in time.
        let (mut holding, mut holder) = (JoinSet::new(), election.clone());
        holding.spawn(async move { holder.hold(&term).await });
        let lost = tokio::select! {
            () = work(&context, &self.observer, &queue, stop) => false,
            () = watching => false,
            _ended = holding.join_next() => true,
        };
        holding.shutdown().await;
        self.metrics.leads(false);
        if lost {
            error!(target: "kaos", "{LeaseLost}");
            return Err(LeaseLost);
        }
        election.release().await;
        info!(target: "kaos", "the operator has stopped");
        Ok(())
    }

    /// What reconciles need, which ask this client.
    fn context(&self, client: Client, key: DigestKey, cache: Arc<Cache>) -> Context {
        let reporter = Reporter {
            controller: MANAGER.to_owned(),
            instance: Some(self.settings.identity.clone()),
        };
        Context {
            applier: Applier::new(client.clone()),
            input_digests: InputDigests::new(client.clone(), key),
            status: StatusWriter {
                client: client.clone(),
                recorder: Recorder::new(client.clone(), reporter),
                metrics: Arc::clone(&self.metrics),
            },
            client,
            settings: Arc::clone(&self.settings),
            metrics: Arc::clone(&self.metrics),
            cache,
        }
    }
}

/// Looks at whom it is asked to, until it is told to stop; what has begun is done.
async fn work(
    context: &Context,
    observer: &Observer,
    queue: &Queue,
    stop: impl Future<Output = ()>,
) {
    let mut stop = pin!(stop);
    let (mut due, mut running) = (WorkQueue::default(), FuturesUnordered::new());
    let mut failures: HashMap<Identity, u32> = HashMap::new();
    // What was asked before it was its turn is part of all that there is.
    drop(queue.take());
    for identity in context.cache.all() {
        due.add(identity, Instant::now());
    }
    loop {
        while running.len() < AT_ONCE
            && let Some(identity) = due.next(Instant::now())
        {
            running.push(one(context, identity));
        }
        let full = running.len() >= AT_ONCE;
        let wake = due.when().filter(|_| !full);
        let timer = async {
            match wake {
                Some(when) => sleep_until(when).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some((identity, reconciled, again)) = running.next(), if !running.is_empty() => {
                due.done(&identity, Instant::now());
                if let Some(reconciled) = reconciled {
                    observer(&reconciled);
                }
                match again {
                    Again::No => drop(failures.remove(&identity)),
                    Again::In(delay) => {
                        failures.remove(&identity);
                        due.add(identity, Instant::now() + delay);
                    }
                    Again::Failed => {
                        let failed = failures.entry(identity.clone()).or_default();
                        let delay = SOON.saturating_mul(1 << (*failed).min(9)).min(MAX_DELAY);
                        *failed += 1;
                        due.add(identity, Instant::now() + delay);
                    }
                }
            }
            identities = queue.next() => {
                let now = Instant::now();
                for identity in identities {
                    due.add(identity, now);
                }
            }
            () = timer => {}
        }
    }
    while running.next().await.is_some() {}
}

/// When somebody is to be looked at again.
enum Again {
    /// When a watch says so.
    No,
    In(Duration),
    /// Later, each time that it fails.
    Failed,
}

async fn one(context: &Context, identity: Identity) -> (Identity, Option<Reconciled>, Again) {
    let Some(object) = context.cache.get(&identity) else {
        context.gone(&identity);
        return (identity, None, Again::No);
    };
    let began = Instant::now();
    let looked = AssertUnwindSafe(context.reconcile(&identity, &object)).catch_unwind();
    let (outcome, again) = match timeout(MAX_DURATION, looked).await {
        Ok(Ok(Ok(Outcome::Done))) => ("ok", Again::No),
        Ok(Ok(Ok(Outcome::Soon))) => ("ok", Again::In(SOON)),
        Ok(Ok(Ok(Outcome::Refused))) => ("refused", Again::In(LATER)),
        Ok(Ok(Err(error))) => {
            warn!(target: "kaos", "{identity}: {}; it is tried again", brief(&error));
            ("error", Again::Failed)
        }
        // What the panic says is shown where it happens.
        Ok(Err(_)) => {
            error!(target: "kaos", "{identity}: this is a fault of the operator; it is tried again");
            ("error", Again::Failed)
        }
        Err(_) => {
            warn!(target: "kaos", "{identity}: no answer for {} s; it is tried again", MAX_DURATION.as_secs());
            ("error", Again::Failed)
        }
    };
    let (kind, took) = (identity.kind, began.elapsed());
    let reconciled = Reconciled {
        kind,
        outcome,
        took,
    };
    context.metrics.reconciled(&reconciled);
    (identity, Some(reconciled), again)
}
