//! A request's body, read within bounds.

use std::error::Error;
use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::values;
use crate::server::Bounds;
use crate::server::error::ApiError;

/// How many times the limit is read of a body that nobody wants.
const PASSED_OVER: usize = 4;

/// A body, and its share of what all bodies may have.
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// A request's body on its way, which has until then to arrive.
pub(crate) struct Upload<'a> {
    bounds: &'a Bounds,
    headers: &'a HeaderMap,
    body: Body,
    until: Instant,
    /// Whether what is left of it is read where nobody wants it. Who asks before it sends is told before; so is who
    /// sends more than is passed over.
    comes: bool,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(bounds: &'a Bounds, headers: &'a HeaderMap, body: Body) -> Self {
        let comes = !headers.contains_key(EXPECT) && least(&body) <= passed_over(bounds);
        Self {
            bounds,
            headers,
            body,
            until: Instant::now() + bounds.receive,
            comes,
        }
    }

    /// The body, whole, of the right type, within its size and its time.
    pub(crate) async fn receive(&mut self, room: &Arc<Semaphore>) -> Result<Received, ApiError> {
        let bounds = self.bounds;
        if !is_plain_json(self.headers) {
            return Err(ApiError::not_this_type());
        }
        if least(&self.body) > bounds.body {
            return Err(ApiError::too_large(bounds.body));
        }
        let received = timeout_at(self.until, self.read(room)).await;
        let received = received.unwrap_or_else(|_elapsed| Err(ApiError::too_slow()))?;
        if values::are_too_many(&received.bytes, bounds.values) {
            return Err(ApiError::too_many_values(bounds.values));
        }
        Ok(received)
    }

    /// What arrives.
    async fn read(&mut self, room: &Arc<Semaphore>) -> Result<Received, ApiError> {
        let mut received = Received {
            bytes: Vec::with_capacity(least(&self.body)),
            room: None,
        };
        while let Some(frame) = self.body.frame().await {
            self.comes = true;
            let Ok(data) = frame.map_err(|why| broken(&why))?.into_data() else {
                continue;
            };
            if received.bytes.len() + data.len() > self.bounds.body {
                return Err(ApiError::too_large(self.bounds.body));
            }
            let count = u32::try_from(data.len()).unwrap_or(u32::MAX);
            let share = Arc::clone(room).try_acquire_many_owned(count);
            let share = share.map_err(|_none| ApiError::too_many_bytes())?;
            match &mut received.room {
                Some(room) => room.merge(share),
                none => *none = Some(share),
            }
            received.bytes.extend_from_slice(&data);
        }
        Ok(received)
    }

    /// Reads what nobody wants, as far as that is reasonable: who has not sent everything would rather see a broken
    /// connection than an answer.
    pub(crate) async fn pass_over(&mut self) {
        let most = passed_over(self.bounds);
        let passing = async {
            let mut passed = 0;
            while self.comes
                && passed <= most
                && let Some(Ok(frame)) = self.body.frame().await
            {
                passed += frame.data_ref().map_or(0, Bytes::len);
            }
        };
        let _in_time = timeout_at(self.until, passing).await.is_ok();
    }
}

/// At least so many bytes are still to come.
fn least(body: &Body) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
}

fn passed_over(bounds: &Bounds) -> usize {
    bounds.body.saturating_mul(PASSED_OVER)
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
