//! A request's body, read within bounds.

use std::error::Error;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::server::Bounds;
use crate::server::error::ApiError;

/// How many times the limit is read of a body that is too large before its client is told: who has not
/// sent everything would rather see a broken connection than an answer.
const PASSED_OVER: usize = 4;

/// The body, whole, of the right type, within its size and its time.
pub(crate) async fn receive(
    bounds: &Bounds,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Bytes, ApiError> {
    if !is_plain_json(headers) {
        return Err(ApiError::not_this_type());
    }
    let known = body.size_hint().lower();
    if usize::try_from(known).map_or(true, |known| known > bounds.body) {
        // Who asks before it sends is told before.
        if !headers.contains_key(EXPECT) {
            pass_over(bounds, &mut body).await;
        }
        return Err(ApiError::too_large(bounds.body));
    }
    let limited = Limited::new(&mut body, bounds.body);
    match timeout(bounds.receive, limited.collect()).await {
        Ok(Ok(received)) => Ok(received.to_bytes()),
        Ok(Err(error)) if is_too_large(&*error) => {
            pass_over(bounds, &mut body).await;
            Err(ApiError::too_large(bounds.body))
        }
        Ok(Err(_broken)) => Err(ApiError::not_received()),
        Err(_elapsed) => Err(ApiError::too_slow()),
    }
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let plain = text(CONTENT_ENCODING).is_none_or(|it| it.eq_ignore_ascii_case("identity"));
    kind.eq_ignore_ascii_case("application/json") && plain
}

/// Reads a body that nobody wants, as far as that is reasonable.
async fn pass_over(bounds: &Bounds, body: &mut Body) {
    let most = bounds.body.saturating_mul(PASSED_OVER);
    let passing = async {
        let mut passed = 0;
        while passed <= most
            && let Some(Ok(frame)) = body.frame().await
        {
            passed += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    let _in_time = timeout(bounds.receive, passing).await.is_ok();
}

fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    let mut why = Some(error);
    while let Some(error) = why {
        if error.is::<LengthLimitError>() {
            return true;
        }
        why = error.source();
    }
    false
}
