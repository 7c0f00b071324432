//! The connection to the server: made when it is needed, and anew when it broke.

use std::time::Duration;

use kaos_hooks::Str;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, FromRedisValue, Pipeline, RedisError,
    RedisResult, ScriptInvocation,
};
use tokio::sync::Mutex;

use crate::SessionError;

/// How long the server may take to be connected to, and to answer. Whoever asks has limits of his own.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Connection {
    client: Client,
    place: Str,
    /// What is no part of an error.
    secrets: Vec<String>,
    open: Mutex<Option<MultiplexedConnection>>,
}

impl Connection {
    /// To the server at this URL; nothing is connected yet.
    pub(super) fn to(url: &str) -> Result<Self, SessionError> {
        // Its words may repeat the URL, and that the password.
        let wrong = |_url: RedisError| {
            SessionError::unavailable(
                "the URL is not redis://[user[:password]@]host[:port][/database], or rediss:// for TLS",
            )
        };
        let client = Client::open(url).map_err(wrong)?;
        let info = client.get_connection_info();
        let place = match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                format!("{host}:{port}")
            }
            _ => "a local socket".to_owned(),
        };
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. })
            && rustls::crypto::CryptoProvider::get_default().is_none()
        {
            // The client panics where the process has several and has not chosen. Another thread may
            // just have chosen.
            let _chosen = rustls::crypto::ring::default_provider().install_default();
        }
        let password = info.redis_settings().password();
        Ok(Self {
            place: place.into(),
            secrets: password
                .map(str::to_owned)
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect(),
            client,
            open: Mutex::default(),
        })
    }

    /// Host and port.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Asks a script that may be asked again.
    pub(super) async fn call(&self, script: &ScriptInvocation<'_>) -> Result<u64, SessionError> {
        let mut open = self.open().await?;
        let answer = script.invoke_async(&mut open).await;
        if let Some(answer) = self.first(answer).await {
            return answer;
        }
        let mut open = self.open().await?;
        let answer = script.invoke_async(&mut open).await;
        self.last(answer).await
    }

    /// Asks what changes nothing.
    pub(super) async fn query<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Result<T, SessionError> {
        let mut open = self.open().await?;
        let answer = commands.query_async(&mut open).await;
        if let Some(answer) = self.first(answer).await {
            return answer;
        }
        let mut open = self.open().await?;
        let answer = commands.query_async(&mut open).await;
        self.last(answer).await
    }

    /// The first answer; none where the connection turns out to be broken. A server that was started
    /// anew is noticed only then, so it is asked once more over a new connection.
    async fn first<T>(&self, answer: RedisResult<T>) -> Option<Result<T, SessionError>> {
        match answer {
            Err(error) if is_broken(&error) && !error.is_timeout() => {
                self.close().await;
                None
            }
            answer => Some(self.last(answer).await),
        }
    }

    async fn last<T>(&self, answer: RedisResult<T>) -> Result<T, SessionError> {
        if answer.as_ref().is_err_and(is_broken) {
            self.close().await;
        }
        answer.map_err(|error| self.failed(&error))
    }

    async fn open(&self) -> Result<MultiplexedConnection, SessionError> {
        let mut open = self.open.lock().await;
        if let Some(open) = &*open {
            return Ok(open.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(LIMIT))
            .set_response_timeout(Some(LIMIT));
        let new = self
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let new = new.await.map_err(|error| self.failed(&error))?;
        *open = Some(new.clone());
        Ok(new)
    }

    async fn close(&self) {
        *self.open.lock().await = None;
    }

    fn failed(&self, error: &RedisError) -> SessionError {
        let mut why = format!("{}: {error}", self.place);
        for secret in &self.secrets {
            why = why.replace(secret, "***");
        }
        SessionError::unavailable(why)
    }
}

/// Whether the connection is of no use any more.
fn is_broken(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.is_io_error() || error.is_timeout()
}
