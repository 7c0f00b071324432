//! How often a server said that its tools changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rmcp::model::{ErrorCode, SubscriptionFilter};
use rmcp::service::Peer;
use rmcp::{RoleClient, ServiceError};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// How long to wait before a server is listened to again that stopped telling, or that did not take it: at first, and
/// at most, each time twice as long.
const PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct Changes {
    counter: Counter,
    listening: OnceLock<AbortHandle>,
}

/// Whoever hears of a change adds here.
#[derive(Clone, Default)]
pub(super) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(super) fn once_more(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl Changes {
    pub(super) fn count(&self) -> u64 {
        self.counter.0.load(Ordering::Acquire)
    }

    pub(super) fn counter(&self) -> Counter {
        self.counter.clone()
    }

    /// Listens to a server that says nothing by itself, as from protocol 2026-07-28 on, if it has something to
    /// say of its tools. What it would have said before it listens, or when that broke off, is unknown: that
    /// counts as a change.
    pub(super) fn listen(&self, peer: Peer<RoleClient>) {
        let info = peer.peer_info();
        let tells = info.and_then(|it| it.capabilities.tools.as_ref()?.list_changed);
        if tells != Some(true) {
            return;
        }
        let counter = self.counter();
        let listening = tokio::spawn(async move {
            let tools = SubscriptionFilter::builder().tools_list_changed().build();
            let mut pause = PAUSE;
            loop {
                let since = Instant::now();
                match peer.listen(tools.clone()).await {
                    Ok(mut subscription) => {
                        counter.once_more();
                        while let Ok(Some(_changed)) = subscription.next().await {
                            counter.once_more();
                        }
                    }
                    Err(error) if is_final(&error) => break,
                    Err(_for_now) => {}
                }
                if peer.is_transport_closed() {
                    break;
                }
                // A stream that lived was no refusal.
                if since.elapsed() > MAX_PAUSE {
                    pause = PAUSE;
                }
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(MAX_PAUSE);
            }
            counter.once_more();
        });
        self.listening.get_or_init(|| listening.abort_handle());
    }
}

/// Whether a server that did not take it never will.
fn is_final(error: &ServiceError) -> bool {
    match error {
        ServiceError::McpError(error) => error.code == ErrorCode::METHOD_NOT_FOUND,
        ServiceError::TransportClosed => true,
        _ => false,
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.get() {
            listening.abort();
        }
    }
}
