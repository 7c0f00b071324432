//! Whether an endpoint can be asked.

use super::endpoint::Endpoint;
use crate::{ModelError, ModelErrorKind};

impl<A> Endpoint<A> {
    /// Asks for the list of models, which costs no tokens. An endpoint that has no such list can be asked all
    /// the same.
    pub(super) async fn check(&self) -> Result<(), ModelError> {
        let mut url = self.url.clone();
        let path = url.path();
        let base = path.strip_suffix("/chat/completions");
        let base = base.or_else(|| path.strip_suffix("/messages"));
        let models = format!("{}/models", base.unwrap_or(path));
        url.set_path(&models);
        let asked = self.client.get(url).headers(self.headers.clone());
        let failed = |kind, why| Err(ModelError::new(kind, why));
        match asked.send().await.map(|answer| answer.status().as_u16()) {
            Ok(401 | 403) => failed(ModelErrorKind::Auth, "the endpoint refuses the key"),
            Ok(500..) => failed(ModelErrorKind::ServerError, "the endpoint fails"),
            Ok(_) => Ok(()),
            Err(_) => failed(ModelErrorKind::Connection, "the endpoint cannot be reached"),
        }
    }
}
