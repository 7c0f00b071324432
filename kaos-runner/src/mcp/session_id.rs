use std::sync::{Arc, Mutex, PoisonError};

use kaos_hooks::Str;

/// The id of the protocol session, as the server gave it last.
#[derive(Clone, Default)]
pub(super) struct SessionId(Arc<Mutex<Option<Str>>>);

impl SessionId {
    pub(super) fn note(&self, id: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Str::copied(id));
    }

    pub(super) fn get(&self) -> Option<Str> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
