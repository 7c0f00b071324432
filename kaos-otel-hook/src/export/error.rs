/// Telemetry could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExporterError {
    /// The endpoint given in code or configuration is not a URL.
    #[error(
        "cannot export to `{endpoint}`; set OTEL_EXPORTER_OTLP_ENDPOINT to a URL such as http://localhost:4317"
    )]
    BadEndpoint {
        /// The endpoint.
        endpoint: String,
    },
    /// The exporter cannot be built as the settings ask for.
    #[error("cannot export to `{endpoint}`")]
    Refused {
        /// The endpoint.
        endpoint: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of certificates or a key cannot be used.
    #[error("{variable} is `{path}`, which cannot be used; set it to a PEM file that can be read")]
    Certificate {
        /// The variable that names it.
        variable: String,
        /// The path.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread that exports, or its runtime, could not be started.
    #[error("cannot start the thread that exports")]
    Thread(#[source] std::io::Error),
}

pub(super) type Built<T> = Result<T, ExporterError>;
