//! What requests are answered with.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// A request that is refused, or fails: a sentence for whoever looks.
#[derive(Debug)]
pub(super) struct Wrong(StatusCode, String);

impl Wrong {
    pub(super) fn not_found(why: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, why.into())
    }

    pub(super) fn bad(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }

    pub(super) fn forbidden(why: impl Into<String>) -> Self {
        Self(StatusCode::FORBIDDEN, why.into())
    }

    pub(super) fn not_now(why: impl Into<String>) -> Self {
        Self(StatusCode::CONFLICT, why.into())
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.1)
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        json_with(self.0, &json!({ "error": self.1 }))
    }
}

/// What stands behind the path's `?`; of a name that is there twice, the last.
pub(super) struct Asked(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Wrong> {
        let query = parts.uri.query().unwrap_or_default();
        let url = Url::parse(&format!("http://localhost/?{query}"));
        let url = url.map_err(|_no_query| Wrong::bad("what is asked cannot be read"))?;
        Ok(Self(url.query_pairs().into_owned().collect()))
    }
}

impl Asked {
    /// What is given; the empty text is nothing.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let given = self.0.get(name).map(|it| it.trim());
        given.filter(|it| !it.is_empty())
    }

    pub(super) fn parsed<T: FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Wrong> {
        let given = self.text(name).map(str::parse).transpose();
        given.map_err(|_other| Wrong::bad(format!("{name}: expected {expected}")))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Wrong> {
        self.parsed(name, "a number")
    }
}

pub(super) type Answer = Result<Response, Wrong>;

pub(super) fn json_of(value: &Value) -> Response {
    json_with(StatusCode::OK, value)
}

fn json_with(status: StatusCode, value: &Value) -> Response {
    let mut response = text("application/json", value.to_string());
    *response.status_mut() = status;
    response
}

pub(super) fn text(kind: &'static str, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// So many readings are done at once: each may take all of a trail's lines, and memory for them.
const MAX_READINGS: usize = 4;

static READINGS: Semaphore = Semaphore::const_new(MAX_READINGS);

/// Reads files and the index, off the threads that answer. Who has gone meanwhile is not read for.
pub(super) async fn reading<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Wrong> + Send + 'static,
) -> Result<T, Wrong> {
    let failed = || {
        Wrong(
            StatusCode::INTERNAL_SERVER_ERROR,
            "reading it has failed".to_owned(),
        )
    };
    let place = READINGS.acquire().await.map_err(|_closed| failed())?;
    let read = tokio::task::spawn_blocking(move || {
        // For as long as it is read, whether or not anybody waits for it.
        let _place = place;
        read()
    });
    read.await.unwrap_or_else(|_panicked| Err(failed()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Condvar, Mutex, PoisonError};

    use super::*;

    #[tokio::test]
    async fn however_many_ask_some_are_read_for_and_who_has_gone_is_not() {
        let open = Arc::new((Mutex::new(false), Condvar::new()));
        let begun = Arc::new(AtomicUsize::new(0));
        let asked = || {
            let (open, begun) = (Arc::clone(&open), Arc::clone(&begun));
            tokio::spawn(reading(move || {
                begun.fetch_add(1, Ordering::SeqCst);
                let closed = open.0.lock().unwrap_or_else(PoisonError::into_inner);
                drop(open.1.wait_while(closed, |open| !*open));
                Ok(())
            }))
        };
        let stay: Vec<_> = (0..20).map(|_| asked()).collect();
        let gone: Vec<_> = (0..20).map(|_| asked()).collect();
        while begun.load(Ordering::SeqCst) < MAX_READINGS {
            tokio::task::yield_now().await;
        }
        assert_eq!(READINGS.available_permits(), 0);
        gone.iter().for_each(tokio::task::JoinHandle::abort);
        for gone in gone {
            assert!(gone.await.is_err_and(|it| it.is_cancelled()));
        }
        assert_eq!(begun.load(Ordering::SeqCst), MAX_READINGS);
        *open.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        open.1.notify_all();
        for stays in stay {
            assert!(stays.await.is_ok_and(|it| it.is_ok()));
        }
        assert_eq!(begun.load(Ordering::SeqCst), 20);
    }
}
