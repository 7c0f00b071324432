//! A question that waits for its answer: who was asked is told when nobody waits any more.

use rmcp::model::{CancelledNotification, CancelledNotificationParam, RequestId};
use rmcp::service::{RequestHandle, ServiceRole};
use rmcp::{Peer, ServiceError};

/// The answer to a request that was sent. Dropped before, the other side is told.
pub(super) async fn answered<R: ServiceRole>(
    asked: RequestHandle<R>,
) -> Result<R::PeerResp, ServiceError> {
    let mut waiting = Waiting {
        peer: asked.peer.clone(),
        id: Some(asked.id.clone()),
    };
    let answer = asked.await_response().await;
    waiting.id = None;
    answer
}

struct Waiting<R: ServiceRole> {
    peer: Peer<R>,
    /// `None` once there is an answer.
    id: Option<RequestId>,
}

impl<R: ServiceRole> Drop for Waiting<R> {
    fn drop(&mut self) {
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let peer = self.peer.clone();
        let given_up = CancelledNotificationParam::new(Some(id), None);
        let given_up = CancelledNotification::new(given_up);
        runtime.spawn(async move { peer.send_notification(given_up.into()).await });
    }
}
