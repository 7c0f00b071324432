//! OTLP over HTTP.

use std::io::{self, Write as _};
use std::net::IpAddr;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde_json::Value;

use super::receipt::{of_receiver, receipt};
use super::retry::{Again, Fault};
use super::tls;
use crate::export::Receipt;
use crate::export::error::Built;
use crate::settings::Otlp;

/// An endpoint, and the client for it.
pub(super) struct Http {
    client: Client,
    url: Url,
    gzip: bool,
}

const PROTOBUF: &str = "application/x-protobuf";

/// How much of an answer is read: it has a number and a message.
const MAX_ANSWER_LEN: usize = 64 * 1024;

impl Http {
    /// The client has TLS of its own, so that no other crate's features choose it. It follows no
    /// redirection, and asks this machine without a proxy: keys go to the server that was named.
    pub(super) fn new(otlp: &Otlp) -> Built<Self> {
        let url: Url = otlp
            .endpoint
            .parse()
            .map_err(|_url| otlp.refused(io::Error::other("it is no URL")))?;
        let mut client = Client::builder()
            .default_headers(otlp.header_map()?)
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls::of_http(otlp)?);
        if is_this_machine(&url) {
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|error| otlp.refused(error.without_url()))?;
        Ok(Self {
            client,
            url,
            gzip: otlp.gzip,
        })
    }

    pub(super) async fn send(&self, body: Bytes) -> Result<Receipt, Fault> {
        let mut request = self.client.post(self.url.clone());
        request = request.header(CONTENT_TYPE, PROTOBUF);
        request = if self.gzip {
            let zipped = zipped(&body).map_err(|error| never(error.to_string()))?;
            request.header(CONTENT_ENCODING, "gzip").body(zipped)
        } else {
            request.body(body.clone())
        };
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        if status.is_success() {
            return accepted(response).await;
        }
        Err(refusal(&response, status, body.len()))
    }
}

/// What a receiver that answered "yes" says.
async fn accepted(mut response: Response) -> Result<Receipt, Fault> {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    let mut body = Vec::new();
    while let Some(more) = response.chunk().await.map_err(broken)? {
        body.extend_from_slice(&more);
        if body.len() > MAX_ANSWER_LEN {
            break;
        }
    }
    // Some receivers say nothing, and some answer in JSON whatever they are asked in.
    let known = match kind.as_str() {
        _ if body.is_empty() => Some(Receipt::default()),
        _ if body.len() > MAX_ANSWER_LEN => None,
        PROTOBUF | "" => receipt(&body),
        "application/json" => of_json(&body),
        _ => None,
    };
    known.ok_or_else(|| {
        let kind = match kind.as_str() {
            "" => "something".to_owned(),
            kind => of_receiver(kind),
        };
        never(format!("answered {status} with {kind}, which is no OTLP"))
    })
}

fn of_json(body: &[u8]) -> Option<Receipt> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let partial = &answer.as_object()?.get("partialSuccess");
    let count = |it: &Value| it.as_u64().or_else(|| it.as_str()?.parse().ok());
    let rejected = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"]
        .iter()
        .find_map(|name| count(partial.as_ref()?.get(name)?));
    let message = partial.and_then(|it| it.get("errorMessage")?.as_str());
    Some(Receipt {
        rejected: rejected.unwrap_or(0),
        message: of_receiver(message.unwrap_or_default()),
    })
}

/// Why a status is none that OTLP knows as success, and whether it says to try again.
fn refusal(response: &Response, status: StatusCode, bytes: usize) -> Fault {
    let again = match status {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => {
            retry_after(response.headers()).map_or(Again::Soon, Again::After)
        }
        _ => Again::Never,
    };
    let more = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            format!(" to {bytes} bytes; KAOS_OTLP_MAX_REQUEST_BYTES sets how many are sent at once")
        }
        _ if status.is_redirection() => "; redirections are not followed".to_owned(),
        _ => String::new(),
    };
    Fault {
        why: format!("answered {status}{more}"),
        again,
    }
}

/// Seconds, or a date (RFC 9110, 10.2.3): by the receiver's own clock, which says when it answered.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| httpdate::parse_http_date(text).ok();
    let wanted = date(wanted)?.duration_since(date(text(DATE)?)?);
    Some(wanted.unwrap_or(Duration::ZERO))
}

/// The connection did not last.
fn broken(error: reqwest::Error) -> Fault {
    let again = if error.is_builder() {
        Again::Never
    } else {
        Again::Soon
    };
    Fault {
        why: Fault::text(&error.without_url()),
        again,
    }
}

const fn never(why: String) -> Fault {
    Fault {
        why,
        again: Again::Never,
    }
}

fn zipped(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(body)?;
    zip.finish()
}

/// Addresses of the loopback, however they are written, and the names that mean it (RFC 6761, 6.3).
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    let name = host.trim_end_matches('.');
    let is_here = |it: IpAddr| it.to_canonical().is_loopback() || it.is_unspecified();
    name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(is_here)
}
