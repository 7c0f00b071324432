use std::sync::Arc;

use super::room::Room;
use crate::{ContentSettings, Conventions, Prices, SpanNames};

/// The most characters of a text, unless set.
pub(super) const VALUE_LENGTH: usize = 32_768;

/// What spans are called and what they say.
#[derive(Debug, Clone)]
pub(crate) struct SpanSettings {
    pub(crate) names: SpanNames,
    pub(crate) conventions: Conventions,
    /// What content they carry; `None` when none.
    pub(crate) content: Option<Arc<ContentSettings>>,
    /// Whether a failing span carries an `exception` event.
    pub(crate) exceptions: bool,
    /// The most characters of a text.
    pub(crate) value_length: Option<usize>,
    /// What model calls cost.
    pub(crate) prices: Option<Prices>,
    pub(crate) room: Room,
    /// Whether requests that are made have spans, and whether those have old names, too.
    pub(crate) http_client: bool,
    pub(crate) http_old_names: bool,
}

impl Default for SpanSettings {
    fn default() -> Self {
        Self {
            names: SpanNames::default(),
            conventions: Conventions::default(),
            content: None,
            exceptions: true,
            value_length: Some(VALUE_LENGTH),
            prices: None,
            room: Room::default(),
            http_client: false,
            http_old_names: false,
        }
    }
}
