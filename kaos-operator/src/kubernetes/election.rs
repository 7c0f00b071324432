//! One of several operators works: who holds the Lease.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{info, warn};

use super::MANAGER;
use super::failure::brief;
use super::fence::Term;

/// How long a Lease is good for that nobody renews.
const LEASE: Duration = Duration::from_secs(15);
/// How often it is renewed, or asked for.
const RETRY: Duration = Duration::from_secs(2);

/// Who holds a Lease.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use k8s_openapi::api::coordination::v1::LeaseSpec;
/// use kaos_operator::kubernetes::{LeaseState, lease_state};
///
/// let theirs = LeaseSpec { holder_identity: Some("operator-1".to_owned()), ..LeaseSpec::default() };
/// assert_eq!(lease_state(Some(&theirs), "operator-0", Duration::ZERO), LeaseState::HeldByAnother);
/// assert_eq!(lease_state(None, "operator-0", Duration::ZERO), LeaseState::Free);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseState {
    /// We do.
    Held,
    /// Nobody: it may be taken.
    Free,
    /// Somebody else.
    HeldByAnother,
}

/// Who holds a Lease, by one that has looked like this for so long. Other machines' clocks are not compared with ours.
#[must_use]
pub fn lease_state(lease: Option<&LeaseSpec>, us: &str, unchanged: Duration) -> LeaseState {
    let Some(lease) = lease else {
        return LeaseState::Free;
    };
    let holder = lease.holder_identity.as_deref().unwrap_or_default();
    let seconds = lease
        .lease_duration_seconds
        .and_then(|it| u64::try_from(it).ok());
    let good_for = seconds.map_or(LEASE, Duration::from_secs);
    match holder {
        "" => LeaseState::Free,
        it if it == us => LeaseState::Held,
        _ if unchanged >= good_for => LeaseState::Free,
        _ => LeaseState::HeldByAnother,
    }
}

/// A Lease that several ask for.
#[derive(Clone)]
pub(super) struct Election {
    leases: Api<Lease>,
    us: String,
    seen: Option<(LeaseSpec, Instant)>,
}

impl Election {
    pub(super) fn new(client: Client, namespace: &str, name: &str) -> Self {
        let leases = Api::namespaced(client, namespace);
        // Two may be called the same.
        let (process, time) = (std::process::id(), Timestamp::now().as_nanosecond());
        let us = format!("{name}_{process:x}_{time:x}");
        let seen = None;
        Self { leases, us, seen }
    }

    /// Waits until it is our turn.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have taken the Lease; [`release`](Self::release) gives it back.
    pub(super) async fn wait(&mut self) -> Term {
        let mut announced = false;
        loop {
            let asked = Instant::now();
            match timeout(Term::LENGTH, self.attempt()).await {
                Ok(Ok(LeaseState::Held)) => {
                    let term = Term::since(asked);
                    if !term.is_over() {
                        info!(target: "kaos", "this operator works");
                        return term;
                    }
                }
                Ok(Ok(_)) if !announced => {
                    info!(target: "kaos", "another operator works; this one waits");
                    announced = true;
                }
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    warn!(target: "kaos", "the Lease could not be taken: {}", brief(&error));
                }
                Err(_) => warn!(target: "kaos", "the Lease could not be taken: no answer"),
            }
            sleep(RETRY).await;
        }
    }

    /// Renews the Lease as long as that can be done; ends with the term, or when somebody else has it.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it renews no more.
    pub(super) async fn hold(&mut self, term: &Term) {
        while !term.is_over() {
            sleep(RETRY).await;
            let asked = Instant::now();
            match timeout_at(term.end(), self.attempt()).await {
                Ok(Ok(LeaseState::Held)) => term.renewed(asked),
                Ok(Ok(_)) => return,
                Ok(Err(error)) => {
                    warn!(target: "kaos", "the Lease could not be renewed: {}", brief(&error));
                }
                Err(_) => {}
            }
        }
    }

    /// Gives the Lease back, so that another need not wait until it is over.
    pub(super) async fn release(&mut self) {
        let Ok(Ok(Some(mut lease))) = timeout(RETRY, self.leases.get_opt(MANAGER)).await else {
            return;
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.us) {
            return;
        }
        spec.holder_identity = None;
        spec.lease_duration_seconds = Some(1);
        let released = timeout(RETRY, self.leases.replace(MANAGER, &params(), &lease)).await;
        if !matches!(released, Ok(Ok(_))) {
            warn!(target: "kaos", "the Lease could not be given back: others wait until it is over");
        }
    }

    /// Takes or renews the Lease, if it is our turn.
    async fn attempt(&mut self) -> Result<LeaseState, kube::Error> {
        let there = self.leases.get_opt(MANAGER).await?;
        let spec = there.as_ref().and_then(|it| it.spec.clone());
        let same = self
            .seen
            .as_ref()
            .filter(|(seen, _)| Some(seen) == spec.as_ref());
        let since = same.map_or_else(Instant::now, |(_, since)| *since);
        self.seen = spec.clone().map(|it| (it, since));
        let state = lease_state(spec.as_ref(), &self.us, since.elapsed());
        if state == LeaseState::HeldByAnother {
            return Ok(state);
        }
        let now = MicroTime(Timestamp::now());
        let mut next = spec.unwrap_or_default();
        if state == LeaseState::Free {
            next.acquire_time = Some(now.clone());
            next.lease_transitions = Some(next.lease_transitions.unwrap_or(-1).saturating_add(1));
        }
        next.holder_identity = Some(self.us.clone());
        next.lease_duration_seconds = i32::try_from(LEASE.as_secs()).ok();
        next.renew_time = Some(now);
        let written = match there {
            None => {
                let metadata = ObjectMeta {
                    name: Some(MANAGER.to_owned()),
                    ..ObjectMeta::default()
                };
                let lease = Lease {
                    metadata,
                    spec: Some(next),
                };
                self.leases.create(&params(), &lease).await
            }
            // It has the version that was read: of two that write, one does.
            Some(there) => {
                let lease = Lease {
                    spec: Some(next),
                    ..there
                };
                self.leases.replace(MANAGER, &params(), &lease).await
            }
        };
        match written {
            Ok(_) => Ok(LeaseState::Held),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(LeaseState::HeldByAnother),
            Err(other) => Err(other),
        }
    }
}

fn params() -> PostParams {
    PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    }
}
