//! The types of the OpenTelemetry SDK that this crate's functions take and return.
//!
//! This version of the crate pairs with `opentelemetry` and `opentelemetry_sdk` **0.33**. They are
//! below 1.0 and break with every minor version: then this crate's next version does, here and
//! nowhere else. With what stands here a program needs no version of them of its own:
//!
//! ```
//! use kaos_otel_hook::OTelHook;
//! use kaos_otel_hook::sdk::SdkTracerProvider;
//!
//! let hook = OTelHook::with_provider(&SdkTracerProvider::builder().build());
//! ```

pub use opentelemetry;
pub use opentelemetry::InstrumentationScope;
pub use opentelemetry_sdk;
pub use opentelemetry_sdk::Resource;
pub use opentelemetry_sdk::logs::SdkLoggerProvider;
pub use opentelemetry_sdk::logs::in_memory_exporter::LogDataWithResource;
pub use opentelemetry_sdk::metrics::data::ResourceMetrics;
pub use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
pub use opentelemetry_sdk::trace::{IdGenerator, Sampler, SdkTracerProvider, SpanData, SpanLimits};
