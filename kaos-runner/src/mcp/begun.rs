//! A transport that remembers under which id the connection was begun: the library keeps it to itself.

use std::sync::{Arc, OnceLock};

use kaos_hooks::Str;
use rmcp::RoleClient;
use rmcp::model::{ClientRequest, JsonRpcMessage};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;

/// The id of the request `initialize`, once it was sent.
pub(super) type BegunWith = Arc<OnceLock<Str>>;

pub(super) struct Begun<T> {
    pub(super) inner: T,
    pub(super) with: BegunWith,
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Begun<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        if let JsonRpcMessage::Request(request) = &message
            && let ClientRequest::InitializeRequest(_) = &request.request
        {
            self.with.get_or_init(|| request.id.to_string().into());
        }
        self.inner.send(message)
    }

    fn receive(&mut self) -> impl Future<Output = Option<RxJsonRpcMessage<RoleClient>>> + Send {
        self.inner.receive()
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.close()
    }
}
