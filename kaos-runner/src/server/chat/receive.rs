//! A request's body, read within bounds.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::values;
use crate::server::Bounds;
use crate::server::error::ApiError;

/// How many times the limit is read of a body that nobody wants, and how long, before its client is told:
/// who has not sent everything would rather see a broken connection than an answer.
const PASSED_OVER: usize = 4;
const PASSING: Duration = Duration::from_secs(2);

/// A body, and its share of what all bodies may have.
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// The body, whole, of the right type, within its size and its time.
pub(crate) async fn receive(
    bounds: &Bounds,
    room: &Arc<Semaphore>,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Received, ApiError> {
    if !is_plain_json(headers) {
        return Err(ApiError::not_this_type());
    }
    let known = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let (why, more) = if known > bounds.body {
        // Who asks before it sends is answered before; so is who sends more than would be passed over.
        let known_before = known > passed_over(bounds) || headers.contains_key(EXPECT);
        (ApiError::too_large(bounds.body), !known_before)
    } else {
        match timeout(bounds.receive, read(bounds, room, &mut body, known)).await {
            Ok(Ok(received)) if values::are_too_many(&received.bytes, bounds.values) => {
                return Err(ApiError::too_many_values(bounds.values));
            }
            Ok(Ok(received)) => return Ok(received),
            Ok(Err(refused)) => refused,
            Err(_elapsed) => (ApiError::too_slow(), false),
        }
    };
    if more {
        pass_over(bounds, &mut body).await;
    }
    Err(why)
}

/// What arrives; or why it is not taken, and whether more of it may come.
async fn read(
    bounds: &Bounds,
    room: &Arc<Semaphore>,
    body: &mut Body,
    known: usize,
) -> Result<Received, (ApiError, bool)> {
    let mut received = Received {
        bytes: Vec::with_capacity(known),
        room: None,
    };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|why| (broken(&why), false))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if received.bytes.len() + data.len() > bounds.body {
            return Err((ApiError::too_large(bounds.body), true));
        }
        let count = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let more = Arc::clone(room).try_acquire_many_owned(count);
        let more = more.map_err(|_none| (ApiError::too_many_bytes(), true))?;
        match &mut received.room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        received.bytes.extend_from_slice(&data);
    }
    Ok(received)
}

/// A body that ended early, or whose chunks are none.
fn broken(error: &(dyn Error + 'static)) -> ApiError {
    let mut why = Some(error);
    while let Some(error) = why {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(
            kind,
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
        ) {
            return ApiError::malformed();
        }
        why = error.source();
    }
    ApiError::not_received()
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let plain = text(CONTENT_ENCODING).is_none_or(|it| it.eq_ignore_ascii_case("identity"));
    kind.eq_ignore_ascii_case("application/json") && plain
}

fn passed_over(bounds: &Bounds) -> usize {
    bounds.body.saturating_mul(PASSED_OVER)
}

/// Reads a body that nobody wants, as far as that is reasonable.
async fn pass_over(bounds: &Bounds, body: &mut Body) {
    let most = passed_over(bounds);
    let passing = async {
        let mut passed = 0;
        while passed <= most
            && let Some(Ok(frame)) = body.frame().await
        {
            passed += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    let _in_time = timeout(bounds.receive.min(PASSING), passing).await.is_ok();
}
