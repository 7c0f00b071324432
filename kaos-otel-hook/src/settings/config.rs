use std::fmt;

use serde::{Deserialize, Serialize};

use super::endpoint::{ENDPOINT, ENDPOINTS, shown};

/// What a configuration file says about telemetry, for a component or for all of them.
///
/// Code goes over the component's word, that over the global one, and that over the environment:
/// field by field.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::TelemetryConfig;
///
/// let global = TelemetryConfig {
///     enabled: Some(true),
///     endpoint: Some("http://collector:4317".to_owned()),
/// };
/// let component = TelemetryConfig { enabled: Some(false), endpoint: None };
/// let merged = component.over(&global);
/// assert_eq!(merged.enabled, Some(false));
/// assert_eq!(merged.endpoint.as_deref(), Some("http://collector:4317"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TelemetryConfig {
    /// Whether to export at all; `None`: as the environment says. `true` goes over
    /// `OTEL_SDK_DISABLED`, and says so.
    pub enabled: Option<bool>,
    /// Where to export all signals to, over the environment's endpoints; `None`: as they say.
    pub endpoint: Option<String>,
}

impl TelemetryConfig {
    /// This one where it says something, else `global`.
    #[must_use]
    pub fn over(&self, global: &Self) -> Self {
        Self {
            enabled: self.enabled.or(global.enabled),
            endpoint: self.endpoint.clone().or_else(|| global.endpoint.clone()),
        }
    }

    /// The variables as they are with this over them.
    pub(crate) fn before(
        &self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> impl Fn(&str) -> Option<String> {
        move |name| {
            if name == "OTEL_SDK_DISABLED"
                && let Some(enabled) = self.enabled
            {
                return Some((!enabled).to_string());
            }
            match (&self.endpoint, name) {
                (Some(endpoint), ENDPOINT) => Some(endpoint.clone()),
                (Some(_), name) if ENDPOINTS.contains(&name) => None,
                _ => lookup(name),
            }
        }
    }
}

/// A URL may have a user, a password or a key in it: these are not shown.
impl fmt::Debug for TelemetryConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryConfig")
            .field("enabled", &self.enabled)
            .field("endpoint", &self.endpoint.as_deref().map(shown))
            .finish()
    }
}
