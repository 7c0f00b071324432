use super::{Strict, chat, messages};
use crate::testing::Request;

impl Strict {
    /// Whether a provider would take this request.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn judge(&self, request: &Request) -> Result<(), String> {
        match request.path() {
            path if path.ends_with("/chat/completions") => chat::judge(self, &request.body),
            path if path.ends_with("/messages") => messages::judge(self, request),
            _ => Ok(()),
        }
    }
}
