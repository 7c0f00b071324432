//! One call: whose it is, how it is carried out, and how it ends before its time.

use std::sync::Arc;

use axum::http::request::Parts;
use futures_util::FutureExt as _;
use futures_util::future::FusedFuture as _;
use kaos_hooks::{Failure, Incoming, McpCall, ServedCall, ServedOutcome, Str};
use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ErrorCode, ErrorData, ProgressNotificationParam,
};
use rmcp::service::RequestContext;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::ToolServer;
use super::answer;
use super::client::{Client, MISSING, PATIENCE, way};
use super::tools::Served;
use crate::tool::{Caller, ClientSide, ProgressListener};
use crate::turn::{Ground, NotDone, serve};
use crate::{ToolProgress, ToolUse};

const METHOD: &str = "tools/call";

/// The most characters of a request's id that are said.
const MAX_ID: usize = 128;

/// How much progress waits to be sent; what a tool says beyond that is not.
const WAITING: usize = 16;

impl ToolServer {
    /// Carries out the call; dropped with its client's patience.
    pub(super) async fn answer(
        &self,
        params: CallToolRequestParams,
        context: RequestContext<RoleServer>,
        transport: &'static str,
        level: usize,
    ) -> Result<CallToolResult, ErrorData> {
        let set = self.tools.now();
        let found = set.find(&params.name);
        let arguments = Value::Object(params.arguments.unwrap_or_default()).to_string();
        let call = ToolUse::new(id_of(&context), params.name.into_owned(), arguments);
        let mut about = match found {
            Some(found) => self.known(found),
            None => ServedCall::unknown(self.name.clone(), call.name.clone()),
        };
        about.mcp = Some(Box::new(asked(&context, transport)));
        about.arguments = Some(call.arguments.clone());
        if let Some(incoming) = self.caller(&context) {
            about = about.parent(incoming);
        }
        let mut scope = self.hooks.served_call(about);
        let Some(found) = found else {
            let why = format!("Unknown tool: {}", call.name);
            let code = ErrorCode::INVALID_PARAMS;
            scope.so_far(ServedOutcome {
                status_code: Some(code.0.to_string().into()),
                ..ServedOutcome::default()
            });
            scope.fail(Failure::new("unknown_tool").message(why.clone()));
            return Err(ErrorData::new(code, why, None));
        };
        let (listener, progress) = progress_listener(&context);
        let caller = Arc::new(Caller::default());
        let client = Arc::new(Client::of(&context, &self.name, transport, level));
        let side = Arc::clone(&client) as Arc<dyn ClientSide>;
        let work = async {
            let ground = Ground {
                hooks: &self.hooks,
                limits: &self.limits,
                caller: &caller,
                progress: listener.as_ref(),
                client: Some(&side),
            };
            serve(ground, scope, &call, &found.called).await
        };
        let ended = match progress {
            None => work.await,
            Some(progress) => beside(work, progress, &context).await,
        };
        match ended.result {
            Ok(output) => Ok(answer::given(output)),
            Err(NotDone::Failed(why)) if why.kind() == MISSING => match client.lacks() {
                Some(lacks) => Err(lacks),
                None => Ok(answer::not_done(NotDone::Failed(why))),
            },
            Err(why) => Ok(answer::not_done(why)),
        }
    }

    fn known(&self, found: &Served) -> ServedCall {
        let spec = found.spec();
        ServedCall {
            kind: spec.kind,
            description: Some(spec.description.clone()).filter(|text| !text.is_empty()),
            ..ServedCall::new(self.name.clone(), spec.name.clone())
        }
    }

    /// Who asks: from the request itself, else from its headers.
    fn caller(&self, context: &RequestContext<RoleServer>) -> Option<Incoming> {
        let meta = &context.meta.0.0;
        let meta = meta
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        self.hooks.extract(meta).or_else(|| {
            let parts: &Parts = context.extensions.get()?;
            self.hooks.extract(&parts.headers)
        })
    }
}

/// As the client wrote it, as far as it is short.
fn id_of(context: &RequestContext<RoleServer>) -> Str {
    let id = context.id.to_string();
    let cut = id.char_indices().nth(MAX_ID);
    let end = cut.map_or(id.len(), |(at, _)| at);
    Str::copied(id.get(..end).unwrap_or_default())
}

fn asked(context: &RequestContext<RoleServer>, transport: &'static str) -> McpCall {
    McpCall {
        method: Str::Static(METHOD),
        request_id: Some(id_of(context)),
        ..way(context, transport)
    }
}

/// What hears of a tool's progress, where the client asked for it.
fn progress_listener(
    context: &RequestContext<RoleServer>,
) -> (
    Option<ProgressListener>,
    Option<mpsc::Receiver<ToolProgress>>,
) {
    if context.meta.get_progress_token().is_none() {
        return (None, None);
    }
    let (send, receive) = mpsc::channel(WAITING);
    let listener: ProgressListener = Arc::new(move |progress| {
        // Progress that nobody takes is old when there is room again.
        let _left_out = send.try_send(progress).is_err();
    });
    (Some(listener), Some(receive))
}

/// Does the work, and sends its progress meanwhile; what was said before it ended is sent before its
/// result. The work goes on, and its time runs, while a client does not take what is sent.
async fn beside<T>(
    work: impl Future<Output = T>,
    mut progress: mpsc::Receiver<ToolProgress>,
    context: &RequestContext<RoleServer>,
) -> T {
    let over = Notify::new();
    let telling = async {
        loop {
            tokio::select! {
                biased;
                said = progress.recv() => match said {
                    Some(said) => send(said, context).await,
                    None => return,
                },
                () = over.notified() => progress.close(),
            }
        }
    };
    let mut telling = std::pin::pin!(telling.fuse());
    let mut work = std::pin::pin!(work);
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut work => break ended,
            () = &mut telling, if !telling.is_terminated() => {}
        }
    };
    over.notify_one();
    if !telling.is_terminated() {
        let _in_time = timeout(PATIENCE, telling).await.is_ok();
    }
    ended
}

async fn send(said: ToolProgress, context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else {
        return;
    };
    let mut param = ProgressNotificationParam::new(token, said.done);
    param.total = said.total;
    param.message = said.message.map(|text| text.to_string());
    // Who is gone hears nothing.
    let _gone = context.peer.notify_progress(param).await.is_err();
}
