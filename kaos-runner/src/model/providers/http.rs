//! Requests, and bodies within bounds of size and time.

use std::time::Duration;

use kaos_hooks::{Exchange, Hooks, HttpRequest};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response, Url};
use tokio::time::timeout;

use super::error::Failed;
use super::json;
use crate::{ModelErrorKind, http_client};

/// How much of the body of an error is read, in bytes.
const MAX_ERROR_LEN: usize = 64 * 1024;

/// The headers of a request that name its span, or the current one. Baggage is what the user's request said
/// to the services behind it, and a model's provider is none of those unless its user says so.
pub(super) fn trace_headers(exchange: &Exchange, with_baggage: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in exchange.headers() {
        if !with_baggage && name.eq_ignore_ascii_case("baggage") {
            continue;
        }
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    headers
}

/// Begins an attempt, for those who trace requests one by one.
pub(super) fn begin(hooks: &Hooks, url: &Url, attempt: u32) -> Exchange {
    hooks.exchange(&HttpRequest {
        method: "POST",
        url: &http_client::shown(url),
        address: url.host_str().unwrap_or_default(),
        port: url.port_or_known_default(),
        resend: attempt.saturating_sub(1),
        parent: None,
    })
}

/// Ends it. What is wrong with an answer that came whole is not HTTP's.
pub(super) fn finish<T>(answered: Result<T, Failed>, mut exchange: Exchange) -> Result<T, Failed> {
    if let Err(Failed { kind, .. }) = &answered
        && matches!(kind, ModelErrorKind::Connection | ModelErrorKind::Timeout)
    {
        exchange.failed(kind.as_str());
    }
    answered
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    Events,
    Json,
}

/// How large a body may be, and how long its next bytes may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes: usize,
    pub(super) between_chunks: Duration,
}

/// The body of a successful response.
#[derive(Debug)]
pub(super) struct Body {
    response: Response,
    pub(super) form: BodyKind,
    /// What was read to find out its form.
    begin: Option<Vec<u8>>,
    /// How many more bytes may come.
    left: usize,
    /// Whether anything has come: the first bytes have a limit of their own.
    begun: bool,
    bounds: Bounds,
}

/// Sends a request and waits for the beginning of its answer.
pub(super) async fn send(
    request: RequestBuilder,
    bounds: Bounds,
    exchange: &mut Exchange,
) -> Result<Body, Failed> {
    let mut response = request.send().await.map_err(Failed::connection)?;
    let status = response.status();
    exchange.answered(status.as_u16());
    if !status.is_success() {
        let mut text: Vec<u8> = Vec::new();
        let words = async {
            while text.len() < MAX_ERROR_LEN
                && let Ok(Some(chunk)) = response.chunk().await
            {
                text.extend_from_slice(&chunk);
            }
        };
        // The status is known: words that drip do not hide it.
        let _all_or_some = timeout(bounds.between_chunks, words).await;
        text.truncate(MAX_ERROR_LEN);
        return Err(Failed::status(status, response.headers(), &text));
    }
    if response.content_length() > Some(bounds.bytes as u64) {
        return Err(too_large(bounds.bytes));
    }
    let mut body = Body {
        response,
        form: BodyKind::Json,
        begin: None,
        left: bounds.bytes,
        begun: false,
        bounds,
    };
    body.begin().await?;
    Ok(body)
}

impl Body {
    /// Reads until it is clear what the body is: by how it begins, since neither proxies nor small
    /// servers always say so right.
    async fn begin(&mut self) -> Result<(), Failed> {
        let mut begin: Vec<u8> = Vec::new();
        let first = loop {
            let Some(chunk) = self.chunk().await? else {
                break None;
            };
            begin.extend_from_slice(&chunk);
            let is_visible =
                |byte: &&u8| !byte.is_ascii_whitespace() && !json::BYTE_ORDER_MARK.contains(byte);
            if let Some(first) = chunk.iter().find(is_visible) {
                break Some(*first);
            }
        };
        self.begin = (!begin.is_empty()).then_some(begin);
        let header = |name| self.response.headers().get(name)?.to_str().ok();
        let (stated, encoding) = (header(CONTENT_TYPE), header(CONTENT_ENCODING));
        let stated = stated.unwrap_or_default().to_ascii_lowercase();
        let stated = stated.split(';').next().unwrap_or_default().trim();
        self.form = match (first, stated) {
            (Some(b'{' | b'['), _) => BodyKind::Json,
            // `data`, `event`, `id`, `retry`, or a comment.
            (Some(b'd' | b'e' | b'i' | b'r' | b':'), _) => BodyKind::Events,
            _ if encoding.is_some_and(|encoding| encoding != "identity") => {
                let encoding = encoding.unwrap_or_default();
                let text = format!("the response is encoded as `{encoding}`, unasked");
                return Err(Failed::bad_response(text));
            }
            (_, "text/event-stream") => BodyKind::Events,
            (_, json) if json == "application/json" || json.ends_with("+json") => BodyKind::Json,
            (_, other) => {
                let text = format!("the response is `{other}`, neither JSON nor an event stream");
                return Err(Failed::bad_response(text));
            }
        };
        Ok(())
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Failed> {
        if let Some(begin) = self.begin.take() {
            return Ok(Some(begin));
        }
        let limit = self.bounds.between_chunks;
        let next = self.response.chunk();
        let chunk = if self.begun {
            timeout(limit, next).await.map_err(|_elapsed| {
                let why = format!("nothing more for {limit:?}");
                Failed::new(ModelErrorKind::Timeout, why)
            })?
        } else {
            next.await
        };
        let Some(chunk) = chunk.map_err(Failed::connection)? else {
            return Ok(None);
        };
        self.begun = true;
        let most = self.bounds.bytes;
        let left = self.left.checked_sub(chunk.len());
        self.left = left.ok_or_else(|| too_large(most))?;
        Ok(Some(chunk.to_vec()))
    }
}

fn too_large(most: usize) -> Failed {
    let text = format!("the response is larger than {most} bytes");
    Failed::new(ModelErrorKind::TooLarge, text)
}
