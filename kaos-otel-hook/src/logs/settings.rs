//! Log lines that belong to spans: on stdout to read, and as OpenTelemetry log records.

use opentelemetry_sdk::logs::SdkLoggerProvider;
use tracing::Subscriber;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::{OTelHook, SpanNames};

use super::filter::LogFilter;
use super::layer::LogLayer;
use super::line::LogLine;

/// Which `tracing` events become log lines, and how they are told.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `RUST_LOG` | directives of [`EnvFilter`](tracing_subscriber::EnvFilter), as `info,my_app::db=debug` | – |
/// | `LOG_LEVEL` | `TRACE`, `DEBUG`, `INFO`, `WARN` (or `WARNING`) or `ERROR`, in any case | – |
/// | `AGENT_LOG_LEVEL` | the same | `INFO` |
/// | `OTEL_INCLUDE_HTTP_CLIENT` | `true`, `1` or `yes`: HTTP clients speak below WARN | `false` |
/// | `OTEL_INCLUDE_HTTP_SERVER` | the same for HTTP servers | `false` |
///
/// The first of the first three that is set and valid decides. The last two decide, whatever the
/// level, how much `hyper`, `hyper_util`, `hyper_rustls`, `h2`, `tower`, `tonic` and `rustls`
/// (either of the two), `reqwest`, `rmcp` (client), `axum` and `tower_http` (server) say: their
/// warnings and errors, or all that the level lets through. OpenTelemetry's own crates never speak
/// below WARN, for what they say of each export would be exported.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::LogSettings;
/// use opentelemetry_sdk::logs::SdkLoggerProvider;
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let (settings, warnings) = LogSettings::from_vars(|name| match name {
///     "LOG_LEVEL" => Some("debug".to_owned()),
///     _ => None,
/// });
/// assert!(warnings.is_empty());
/// let provider = SdkLoggerProvider::builder().build();
/// let _mine = tracing_subscriber::registry().with(settings.layer(&provider));
/// ```
#[derive(Debug, Clone)]
pub struct LogSettings {
    filter: LogFilter,
    names: SpanNames,
    limit: Option<usize>,
}

/// Another `tracing` subscriber was there first.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::{AlreadyInstalled, Telemetry};
///
/// /// In a library that may be used in a program with a subscriber of its own.
/// fn lines(telemetry: &Telemetry) {
///     let installed: Result<(), AlreadyInstalled> = telemetry.install_logs();
///     if let Err(there) = installed {
///         tracing::debug!("{there}");
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(
    "a `tracing` subscriber is set already; to have log records with it, add \
     `.with(telemetry.log_layer())` to it"
)]
pub struct AlreadyInstalled(#[source] tracing::subscriber::SetGlobalDefaultError);

impl LogSettings {
    /// What these variables say, and a warning for each value that is not valid: it names the
    /// variable, the value and what is used instead.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> (Self, Vec<String>) {
        let mut warnings = Vec::new();
        let filter = LogFilter::from_vars(&lookup, &mut warnings);
        let settings = Self {
            filter,
            ..Self::default()
        };
        (settings, warnings)
    }

    /// What is told: a level, or directives of `RUST_LOG`.
    pub fn level(&self) -> &str {
        self.filter.directives()
    }

    /// Which set of attribute names to use in log records.
    #[must_use]
    pub const fn with_names(mut self, names: SpanNames) -> Self {
        self.names = names;
        self
    }

    /// How many characters a message and each field may have, 32768 by default; `None` is no
    /// limit. Longer ones are cut, and end in `…`.
    #[must_use]
    pub const fn with_value_limit(mut self, characters: Option<usize>) -> Self {
        self.limit = characters;
        self
    }

    /// A layer for a subscriber of one's own: the events that these settings let through become
    /// log records of this provider. What other layers hear is not changed.
    pub fn layer<S>(
        &self,
        provider: &SdkLoggerProvider,
    ) -> impl Layer<S> + Send + Sync + 'static + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let chatter = self.filter.chatter;
        let filter = self.filter.env_filter();
        self.records(provider)
            .with_filter(filter.and(filter_fn(move |metadata| chatter.lets(metadata))))
    }

    /// Sets the program's `tracing` subscriber: a [`LogLine`] on stdout for every event that these
    /// settings let through, and, with a provider, a log record.
    ///
    /// # Errors
    ///
    /// When the program has a subscriber already; nothing is changed then.
    pub fn install(&self, provider: Option<&SdkLoggerProvider>) -> Result<(), AlreadyInstalled> {
        let chatter = self.filter.chatter;
        let stdout = tracing_subscriber::fmt::layer()
            .event_format(LogLine::new().with_value_limit(self.limit))
            .with_ansi(false)
            // It would tell stderr that stdout is closed, and panic when stderr is, too.
            .log_internal_errors(false);
        let subscriber = tracing_subscriber::registry()
            .with(self.filter.env_filter())
            .with(filter_fn(move |metadata| chatter.lets(metadata)))
            .with(stdout)
            .with(provider.map(|provider| self.records(provider)));
        tracing::subscriber::set_global_default(subscriber).map_err(AlreadyInstalled)
    }

    fn records(&self, provider: &SdkLoggerProvider) -> LogLayer {
        LogLayer::new(provider)
            .with_names(self.names)
            .with_value_limit(self.limit)
    }
}

impl Default for LogSettings {
    /// INFO and above, without the chatter of HTTP libraries.
    fn default() -> Self {
        Self {
            filter: LogFilter::default(),
            names: SpanNames::default(),
            limit: Some(OTelHook::DEFAULT_VALUE_LENGTH),
        }
    }
}
