//! Requests, and bodies within a bound.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response};

use super::error::Failed;
use crate::ModelErrorKind;

/// How much of the body of an error is read, in bytes.
const LONGEST_ERROR: usize = 64 * 1024;

/// The headers of a request that name the current span.
pub(super) fn trace_headers(hooks: &kaos_hooks::Hooks) -> HeaderMap {
    let mut headers = HeaderMap::new();
    hooks.inject(|name, value| {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    });
    headers
}

/// What a body is, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Events,
    Json,
}

/// The body of a successful response.
#[derive(Debug)]
pub(super) struct Body {
    response: Response,
    pub(super) form: Form,
    /// How many more bytes may come.
    left: usize,
    most: usize,
}

/// Sends a request and waits for the head of the response.
pub(super) async fn send(request: RequestBuilder, most: usize) -> Result<Body, Failed> {
    let mut response = request.send().await.map_err(Failed::connection)?;
    let status = response.status();
    if !status.is_success() {
        let mut text: Vec<u8> = Vec::new();
        while text.len() < LONGEST_ERROR
            && let Ok(Some(chunk)) = response.chunk().await
        {
            text.extend_from_slice(&chunk);
        }
        text.truncate(LONGEST_ERROR);
        return Err(Failed::status(status, response.headers(), &text));
    }
    let stated = response.headers().get(CONTENT_TYPE);
    let stated = stated.and_then(|stated| stated.to_str().ok());
    let stated = stated.unwrap_or_default().to_ascii_lowercase();
    let form = match stated.split(';').next().unwrap_or_default().trim() {
        "text/event-stream" => Form::Events,
        json if json == "application/json" || json.ends_with("+json") => Form::Json,
        other => {
            let text = format!("the response is `{other}`, neither JSON nor an event stream");
            return Err(Failed::bad_response(text));
        }
    };
    if response.content_length() > Some(most as u64) {
        return Err(too_large(most));
    }
    Ok(Body {
        response,
        form,
        left: most,
        most,
    })
}

impl Body {
    /// The next bytes; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, Failed> {
        let Some(chunk) = self.response.chunk().await.map_err(Failed::connection)? else {
            return Ok(None);
        };
        self.left = self
            .left
            .checked_sub(chunk.len())
            .ok_or_else(|| too_large(self.most))?;
        Ok(Some(chunk))
    }
}

fn too_large(most: usize) -> Failed {
    let text = format!("the response is larger than {most} bytes");
    Failed::new(ModelErrorKind::TooLarge, text)
}
