//! What a lane sends by.

use std::future::Future;

/// Sends batches, each in one part or in several.
pub(crate) trait Exporter<Batch> {
    /// What is sent at once.
    type Part;

    /// A batch in its parts, each with how many items it has.
    fn parts(&self, batch: Batch) -> Vec<(u64, Self::Part)>;

    /// Sends a part: what the receiver says of it, or why it has not got it.
    fn send(&self, part: Self::Part) -> impl Future<Output = Result<Receipt, String>>;
}

/// What a receiver that got something says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Receipt {
    /// How many items it did not take.
    pub(crate) rejected: u64,
    /// Why not, or what else it has to say; often nothing.
    pub(crate) message: String,
}

/// An exporter of the SDK: it takes a batch as it is, and all of it or nothing.
pub(super) struct OfSdk<E>(pub(super) E);
