//! Nothing is asked of the API server once another operator may work.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use tokio::time::Instant;
use tower_service::Service;

use super::cache::locked;

/// Another operator may work by now, so that this one has stopped at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Lease is lost: another operator may work by now")]
pub struct LeaseLost;

/// Until when this operator is the only one that works, by its own clock, unless the Lease is renewed.
///
/// The clock goes on while a process is stopped: one that comes back after its term knows.
#[derive(Debug, Clone)]
pub(super) struct Term(Arc<Mutex<Instant>>);

impl Term {
    /// How long it lasts from the moment in which the Lease was asked for: well less than the Lease, so that two never
    /// work at once.
    pub(super) const LENGTH: Duration = Duration::from_secs(10);

    /// A term of a Lease that was asked for then, and given. When that was heard does not matter: others count from when
    /// it was written, which is no earlier than when it was asked for.
    pub(super) fn since(asked: Instant) -> Self {
        Self(Arc::new(Mutex::new(asked + Self::LENGTH)))
    }

    /// The Lease was asked for again then, and given.
    pub(super) fn renewed(&self, asked: Instant) {
        *locked(&self.0) = asked + Self::LENGTH;
    }

    pub(super) fn end(&self) -> Instant {
        *locked(&self.0)
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.end()
    }

    /// A client that asks for nothing once the term is over.
    pub(super) fn fenced(&self, client: &Client) -> Client {
        let namespace = client.default_namespace();
        let fence = Fence {
            term: self.clone(),
            client: client.clone(),
        };
        Client::new(fence, namespace)
    }
}

struct Fence {
    term: Term,
    client: Client,
}

impl Service<Request<Body>> for Fence {
    type Response = Response<Body>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if self.term.is_over() {
            return ready(Err(LeaseLost.into())).boxed();
        }
        let client = self.client.clone();
        async move { client.send(request).await.map_err(Into::into) }.boxed()
    }
}
