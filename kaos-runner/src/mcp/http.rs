//! Servers over streamable HTTP.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kaos_hooks::Server;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, Error, Url};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::common::client_side_sse::{BoxedSseResponse, SseRetryPolicy};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransportConfig, StreamableHttpError,
    StreamableHttpPostResponse,
};

use super::session_id::SessionId;
use super::traced::{self, Headers, LastCaller, Sent, Traced};
use crate::{ToolError, http_client};

/// A broken stream of answers is asked for again twice, soon: a call does not wait for a server that
/// is gone.
#[derive(Debug)]
struct Soon;

impl SseRetryPolicy for Soon {
    fn retry(&self, times: usize) -> Option<Duration> {
        (times < 2).then_some(Duration::from_millis(200))
    }
}

#[derive(Clone)]
pub(super) struct Http {
    /// `None`: what was given is no URL.
    url: Option<Url>,
    pub(super) bearer: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

impl Http {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: Url::parse(url).ok(),
            bearer: None,
            headers: Vec::new(),
        }
    }

    pub(super) fn host(&self) -> String {
        let host = self.url.as_ref().and_then(Url::host_str);
        host.unwrap_or("mcp").to_owned()
    }

    pub(super) fn server(&self) -> Option<Server> {
        let url = self.url.as_ref()?;
        Some(Server {
            address: url.host_str()?.to_owned().into(),
            port: url.port_or_known_default()?,
        })
    }

    /// The server without what may be a key: user, password, path and what is asked behind it.
    pub(super) fn place(&self) -> String {
        let origin = self
            .url
            .as_ref()
            .map(|url| url.origin().ascii_serialization());
        origin.unwrap_or_else(|| "without a URL".to_owned())
    }

    pub(super) fn transport(
        &self,
        connect: Duration,
        session: SessionId,
        asked_by: LastCaller,
    ) -> Result<StreamableHttpClientTransport<Noting>, ToolError> {
        let refused = |what: &str| {
            let text = format!("no connection to the server: {what}");
            ToolError::of_kind("connection", text)
        };
        let url = self.url.as_ref().filter(|url| url.has_host());
        let mut url = url
            .cloned()
            .ok_or_else(|| refused("its address is no URL"))?;
        if self.bearer.is_some() {
            // One way to say who one is; the client makes Basic authentication of the other.
            let _cleared = url
                .set_username("")
                .and_then(|()| url.set_password(None))
                .is_ok();
        }
        let client = http_client::client(&url, connect).map_err(|why| refused(&why.to_string()))?;
        let mut headers = HashMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name
                .parse()
                .map_err(|_content| refused("a header's name is none"))?;
            let mut value = HeaderValue::from_str(value)
                .map_err(|_content| refused("a header's value is none"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let traced = Traced::new(asked_by, self.place(), &url);
        let mut config = StreamableHttpClientTransportConfig::with_uri(String::from(url));
        config.retry_config = Arc::new(Soon);
        config.auth_header.clone_from(&self.bearer);
        config.custom_headers = headers;
        let client = Noting {
            client,
            session,
            traced,
        };
        Ok(StreamableHttpClientTransport::with_client(client, config))
    }
}

/// The HTTP client, which notes the session id that the server gives.
#[derive(Clone)]
pub(super) struct Noting {
    client: Client,
    session: SessionId,
    traced: Traced,
}

/// The same error without the URL, which may hold a key, and without what the server sent, which is
/// content: the library logs its errors.
fn bare(why: StreamableHttpError<Error>) -> StreamableHttpError<Error> {
    match why {
        StreamableHttpError::Client(why) => StreamableHttpError::Client(why.without_url()),
        StreamableHttpError::UnexpectedServerResponse(text) => {
            let status = text.strip_prefix("HTTP ").and_then(|text| text.get(..3));
            let bare = match status {
                Some(status) => format!("HTTP {status}").into(),
                None => "no answer of the protocol".into(),
            };
            StreamableHttpError::UnexpectedServerResponse(bare)
        }
        StreamableHttpError::UnexpectedContentType(_) => {
            StreamableHttpError::UnexpectedServerResponse("an unexpected content type".into())
        }
        other => other,
    }
}

impl Noting {
    fn noted(&self, response: StreamableHttpPostResponse) -> StreamableHttpPostResponse {
        if let StreamableHttpPostResponse::Json(_, Some(id))
        | StreamableHttpPostResponse::Sse(_, Some(id)) = &response
        {
            self.session.note(id);
        }
        response
    }
}

impl StreamableHttpClient for Noting {
    type Error = Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        mut headers: Headers,
    ) -> Sent<StreamableHttpPostResponse> {
        let exchange = self.traced.message(&message, &mut headers);
        let sent =
            StreamableHttpClient::post_message(&self.client, uri, message, session, token, headers);
        let sent = sent.await.map(|it| self.noted(it)).map_err(bare);
        traced::posted(exchange, sent)
    }

    async fn post_message_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        mut headers: Headers,
        most: usize,
    ) -> Sent<StreamableHttpPostResponse> {
        let exchange = self.traced.message(&message, &mut headers);
        let sent = self
            .client
            .post_message_with_max_sse_event_size(uri, message, session, token, headers, most);
        let sent = sent.await.map(|it| self.noted(it)).map_err(bare);
        traced::posted(exchange, sent)
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        mut headers: Headers,
    ) -> Sent<()> {
        let exchange = self.traced.of_connection("DELETE", &mut headers);
        let sent = self.client.delete_session(uri, session, token, headers);
        traced::answered(exchange, sent.await.map_err(bare))
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        token: Option<String>,
        mut headers: Headers,
    ) -> Sent<BoxedSseResponse> {
        let exchange = self.traced.of_connection("GET", &mut headers);
        let sent = self.client.get_stream(uri, session, last, token, headers);
        traced::answered(exchange, sent.await.map_err(bare))
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session: Option<Arc<str>>,
        last: Option<String>,
        token: Option<String>,
        mut headers: Headers,
        most: usize,
    ) -> Sent<BoxedSseResponse> {
        let exchange = self.traced.of_connection("GET", &mut headers);
        let sent = self
            .client
            .get_stream_with_max_sse_event_size(uri, session, last, token, headers, most);
        traced::answered(exchange, sent.await.map_err(bare))
    }
}
