//! How a connection is begun, and a transport that remembers under which id: the library keeps it to itself.

use std::sync::{Arc, OnceLock};

use kaos_hooks::Str;
use rmcp::model::{
    ClientRequest, ErrorCode, GetExtensions as _, JsonRpcMessage, ProtocolVersion,
    RequestMetaObject,
};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::{ClientLifecycleMode, RoleClient};

/// The two ways that the protocol has: until version 2025-11-25 client and server agree on a session, from
/// 2026-07-28 on each request says all of it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Beginning {
    #[default]
    Initialize,
    Discover,
}

impl Beginning {
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::Discover => "server/discover",
        }
    }

    pub(super) fn lifecycle(self) -> ClientLifecycleMode {
        match self {
            Self::Initialize => ClientLifecycleMode::Initialize,
            Self::Discover => ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            },
        }
    }

    /// What is left to try with a server that refused with this code. One that failed inside failed, however
    /// it was asked.
    pub(super) fn after(self, refused: i32) -> Option<Self> {
        let inside = refused == ErrorCode::INTERNAL_ERROR.0;
        (self == Self::Initialize && !inside).then_some(Self::Discover)
    }
}

/// The id of the request that began it, once it was sent.
pub(super) type BegunWith = Arc<OnceLock<Str>>;

pub(super) struct Begun<T> {
    pub(super) inner: T,
    pub(super) with: BegunWith,
    /// What names the span that begins the connection: the library puts it into `initialize` only.
    pub(super) meta: RequestMetaObject,
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Begun<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        mut message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        if let JsonRpcMessage::Request(request) = &mut message {
            let discovers = matches!(request.request, ClientRequest::DiscoverRequest(_));
            if discovers || matches!(request.request, ClientRequest::InitializeRequest(_)) {
                self.with.get_or_init(|| request.id.to_string().into());
            }
            if discovers && let Some(meta) = request.request.extensions_mut().get_mut() {
                let RequestMetaObject(meta) = meta;
                meta.0.extend(self.meta.0.0.clone());
            }
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
