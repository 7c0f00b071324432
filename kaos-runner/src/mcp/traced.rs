//! Requests to a server over HTTP, for those who trace them one by one. The library sends them from a task of
//! its own, where no span is current: a message says for which one it is, in its `_meta`, and what belongs
//! to the connection is for the span that the connection was begun in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kaos_hooks::{Exchange, Hooks, HttpRequest, Incoming};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Error, Url};
use rmcp::model::{ClientJsonRpcMessage, GetExtensions as _, JsonRpcMessage, RequestMetaObject};
use rmcp::transport::streamable_http_client::{StreamableHttpError, StreamableHttpPostResponse};

/// What came of a request.
pub(super) type Sent<T> = Result<T, StreamableHttpError<Error>>;
/// Headers of a request.
pub(super) type Headers = HashMap<HeaderName, HeaderValue>;

/// The hooks of the run that asked last. A connection may be begun by nobody's run, and is kept for all.
#[derive(Clone, Default)]
pub(super) struct LastCaller(Arc<Mutex<Hooks>>);

impl LastCaller {
    /// Notes whose run asks, if it is one that is traced: then its requests say so.
    pub(super) fn note(&self, hooks: &Hooks, meta: &RequestMetaObject) {
        if !meta.0.0.is_empty() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hooks.clone();
        }
    }

    fn hooks(&self) -> Hooks {
        let hooks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.clone()
    }
}

#[derive(Clone)]
pub(super) struct Traced {
    asked_by: LastCaller,
    /// Without what may be a key.
    place: String,
    address: String,
    port: Option<u16>,
    begun_in: Incoming,
}

impl Traced {
    /// Requests of a connection that is begun now, in the current span.
    pub(super) fn new(asked_by: LastCaller, place: String, url: &Url) -> Self {
        let hooks = asked_by.hooks();
        let mut headers = Vec::new();
        hooks.inject(|name, value| headers.push((name.to_owned(), value.to_owned())));
        Self {
            place,
            address: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default(),
            begun_in: hooks.extract(headers).unwrap_or_default(),
            asked_by,
        }
    }

    /// Begins to send a message.
    pub(super) fn message(
        &self,
        message: &ClientJsonRpcMessage,
        headers: &mut Headers,
    ) -> Exchange {
        let meta = match message {
            JsonRpcMessage::Request(request) => {
                request.request.extensions().get::<RequestMetaObject>()
            }
            _ => None,
        };
        let named = meta.map(|meta| {
            let texts = meta.0.0.iter();
            let texts = texts.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
            self.asked_by.hooks().extract(texts)
        });
        let parent = named.flatten();
        self.begin("POST", parent.as_ref().unwrap_or(&self.begun_in), headers)
    }

    /// Begins a request that is no message.
    pub(super) fn of_connection(&self, method: &str, headers: &mut Headers) -> Exchange {
        self.begin(method, &self.begun_in, headers)
    }

    fn begin(&self, method: &str, parent: &Incoming, headers: &mut Headers) -> Exchange {
        let exchange = self.asked_by.hooks().exchange(&HttpRequest {
            method,
            url: &self.place,
            address: &self.address,
            port: self.port,
            resend: 0,
            parent: Some(parent),
        });
        for (name, value) in exchange.headers() {
            let (name, value) = (name.parse::<HeaderName>(), HeaderValue::from_str(value));
            if let (Ok(name), Ok(value)) = (name, value) {
                // What its user sets goes first.
                headers.entry(name).or_insert(value);
            }
        }
        exchange
    }
}

/// A message was sent; its answer may still come, as a stream.
pub(super) fn posted(
    mut exchange: Exchange,
    sent: Sent<StreamableHttpPostResponse>,
) -> Sent<StreamableHttpPostResponse> {
    match &sent {
        Ok(StreamableHttpPostResponse::Accepted) => exchange.answered(202),
        Ok(_) => exchange.answered(200),
        Err(why) => failed(&mut exchange, why),
    }
    sent
}

/// A request was answered, or not.
pub(super) fn answered<T>(mut exchange: Exchange, sent: Sent<T>) -> Sent<T> {
    match &sent {
        Ok(_) => exchange.answered(200),
        Err(why) => failed(&mut exchange, why),
    }
    sent
}

fn failed(exchange: &mut Exchange, why: &StreamableHttpError<Error>) {
    let status = match why {
        StreamableHttpError::Client(why) => why.status().map(|status| status.as_u16()),
        StreamableHttpError::UnexpectedServerResponse(text) => text
            .strip_prefix("HTTP ")
            .and_then(|text| text.get(..3)?.parse().ok()),
        StreamableHttpError::HttpStatus(why) => Some(why.status),
        StreamableHttpError::AuthRequired(_) => Some(401),
        StreamableHttpError::InsufficientScope(_) => Some(403),
        StreamableHttpError::SessionExpired => Some(404),
        StreamableHttpError::ServerDoesNotSupportSse
        | StreamableHttpError::ServerDoesNotSupportDeleteSession => Some(405),
        _ => None,
    };
    match (status, why) {
        (Some(status), _) => exchange.answered(status),
        (None, StreamableHttpError::Client(why)) if why.is_timeout() => exchange.failed("timeout"),
        (None, StreamableHttpError::Client(_)) => exchange.failed("connection"),
        (None, _) => exchange.failed("bad_response"),
    }
}
