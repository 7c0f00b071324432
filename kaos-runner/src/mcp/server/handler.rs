//! The protocol's requests, answered from the set of tools.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestMethod, CompleteRequestParams,
    CompleteResult, ErrorData, Implementation, ListPromptsRequestMethod, ListPromptsResult,
    ListResourceTemplatesRequestMethod, ListResourceTemplatesResult, ListResourcesRequestMethod,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
    SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use tokio::task::AbortHandle;

use super::ToolServer;
use super::client::{USUAL, level_of};

/// One session of a server, or one request that is of none.
pub(super) struct Handler {
    server: ToolServer,
    transport: &'static str,
    /// Tells the session's client of changes; ends with the session.
    telling: Mutex<Option<AbortHandle>>,
    /// The least level of lines that the session's client wants to hear.
    level: AtomicUsize,
}

impl Handler {
    pub(super) fn new(server: ToolServer, transport: &'static str) -> Self {
        Self {
            server,
            transport,
            telling: Mutex::default(),
            level: AtomicUsize::new(USUAL),
        }
    }

    fn telling(&self, task: Option<AbortHandle>) {
        let mut telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *telling, task) {
            before.abort();
        }
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        self.telling(None);
    }
}

impl ServerHandler for Handler {
    #[expect(deprecated, reason = "clients of earlier versions may hear lines")]
    fn get_info(&self) -> ServerConfig {
        let server = &self.server;
        let can = ServerCapabilities::builder()
            .enable_logging()
            .enable_tools()
            .enable_tool_list_changed();
        let mut info = ServerConfig::new(can.build());
        info.server_info = Implementation::new(server.name.to_string(), server.version.to_string());
        info.instructions = server.instructions.as_ref().map(ToString::to_string);
        info
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let set = self.server.tools.now();
        set.find(name).map(|served| served.listed.clone())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let set = self.server.tools.now();
        let tools = set.served.iter().map(|served| served.listed.clone());
        Ok(ListToolsResult::with_all_items(tools.collect()))
    }

    // What is not declared is not answered either: the library would give empty lists.

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListPromptsRequestMethod>())
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourcesRequestMethod>())
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Err(ErrorData::method_not_found::<
            ListResourceTemplatesRequestMethod,
        >())
    }

    async fn complete(
        &self,
        _request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(ErrorData::method_not_found::<CompleteRequestMethod>())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let (given_up, drain) = (context.ct.clone(), &self.server.drain);
        let refused = |why: &'static str| Err(ErrorData::internal_error(why, None));
        let Some(_running) = drain.enter() else {
            return refused("the server is ending");
        };
        let Ok(_permit) = self.server.permits.try_acquire() else {
            return refused("there are too many calls at once; try again later");
        };
        let level = self.level.load(Ordering::Relaxed);
        let answer = self.server.answer(request, context, self.transport, level);
        tokio::select! {
            biased;
            () = given_up.cancelled() => refused("cancelled"),
            () = drain.cancelled() => refused("the server ended"),
            answered = answer => answered.map(Into::into),
        }
    }

    #[expect(deprecated, reason = "clients of earlier versions choose so")]
    async fn set_level(
        &self,
        request: rmcp::model::SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let level = level_of(&request.level);
        self.level.store(level.unwrap_or(USUAL), Ordering::Relaxed);
        Ok(())
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let mut changes = self.server.tools.changes();
        let peer = context.peer;
        let telling = tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                if peer.notify_tool_list_changed().await.is_err() {
                    return;
                }
            }
        });
        self.telling(Some(telling.abort_handle()));
    }

    fn accepted_subscription_filter(
        &self,
        _requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.server.tools.changes();
        loop {
            tokio::select! {
                biased;
                () = context.cancelled() => return Ok(()),
                ended = changes.changed() => {
                    let sent = context.sink().notify_tool_list_changed().await;
                    if ended.is_err() || sent.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }
}
