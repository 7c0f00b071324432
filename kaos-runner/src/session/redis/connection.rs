//! The connection to the server: made when it is needed, and anew when it broke.

use std::time::Duration;

use kaos_hooks::Str;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, FromRedisValue, Pipeline, RedisError,
    RedisResult, ScriptInvocation, ServerErrorKind,
};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::SessionError;

/// How long the server may take to be connected to, and to answer. Whoever asks has limits of his own.
const LIMIT: Duration = Duration::from_secs(5);

/// Between two questions to a server that loads its data.
const PAUSE: Duration = Duration::from_millis(50);

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
        let mut again = Again::default();
        loop {
            let mut open = self.open().await?;
            let answer = script.invoke_async(&mut open).await;
            if let Some(answer) = self.settled(answer, &mut again).await {
                return answer;
            }
        }
    }

    /// Asks what changes nothing.
    pub(super) async fn query<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Result<T, SessionError> {
        let mut again = Again::default();
        loop {
            let mut open = self.open().await?;
            let answer = commands.query_async(&mut open).await;
            if let Some(answer) = self.settled(answer, &mut again).await {
                return answer;
            }
        }
    }

    /// The answer that counts; none where it is worth to ask again: once over a new connection, as a
    /// server that was started anew is noticed only then, and while such a server loads its data.
    async fn settled<T>(
        &self,
        answer: RedisResult<T>,
        again: &mut Again,
    ) -> Option<Result<T, SessionError>> {
        let error = match answer {
            Ok(answer) => return Some(Ok(answer)),
            Err(error) => error,
        };
        if is_broken(&error) {
            self.close().await;
            if !error.is_timeout() && !std::mem::replace(&mut again.over_a_new_connection, true) {
                return None;
            }
        }
        if error.kind() == ErrorKind::Server(ServerErrorKind::BusyLoading) {
            let until = *again.until.get_or_insert_with(|| Instant::now() + LIMIT);
            if Instant::now() < until {
                sleep(PAUSE).await;
                return None;
            }
        }
        Some(Err(self.failed(&error)))
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

/// What was tried already.
#[derive(Default)]
struct Again {
    over_a_new_connection: bool,
    /// Until when a server that loads is waited for.
    until: Option<Instant>,
}

/// Whether the connection is of no use any more.
fn is_broken(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.is_io_error() || error.is_timeout()
}
