use super::Recovery;
use super::writer::Writer;
use crate::dispatch::later::Chunks;
use crate::dispatch::queue::Reader;

/// A trail that is open, and whose writer has not started.
pub(super) struct Ready {
    pub(super) writer: Writer,
    pub(super) reader: Reader<Chunks>,
    pub(super) recoveries: Vec<Recovery>,
    pub(super) place: String,
}
