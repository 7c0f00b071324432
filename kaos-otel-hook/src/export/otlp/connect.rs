//! What both protocols take of the settings.

use std::error::Error;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::export::error::{Built, ExporterError};
use crate::settings::Otlp;

impl Otlp {
    pub(super) fn refused(&self, source: impl Error + Send + Sync + 'static) -> ExporterError {
        ExporterError::Refused {
            endpoint: self.shown(),
            source: Box::new(source),
        }
    }

    pub(super) fn header_map(&self) -> Built<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().map_err(|error| self.refused(error))?;
            let mut value: HeaderValue = value.parse().map_err(|error| self.refused(error))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    pub(super) fn is_https(&self) -> bool {
        let scheme = self.endpoint.get(..8);
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }
}
