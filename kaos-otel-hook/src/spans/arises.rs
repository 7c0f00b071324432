//! A failure is told once: where it arises, and not again by each span that it fails, too.

use kaos_hooks::{Failure, Span};
use smallvec::SmallVec;

/// The failure that a span's latest failed child ended with, by the span's slot.
#[derive(Debug, Default)]
pub(crate) struct OfChildren(SmallVec<[Option<Failure>; 4]>);

impl OfChildren {
    /// The span begins: what is known of its slot is another's.
    pub(crate) fn begins(&mut self, span: &Span<'_>) {
        if let Some(place) = self.0.get_mut(span.slot.own as usize) {
            *place = None;
        }
    }

    /// Whether the failure that ends the span is its own, and not the one that ended its child.
    pub(crate) fn arises(&mut self, span: &Span<'_>, failure: &Failure) -> bool {
        let of_child = self
            .0
            .get_mut(span.slot.own as usize)
            .and_then(Option::take);
        if let Some(parent) = span.slot.parent {
            let parent = parent as usize;
            if self.0.len() <= parent {
                self.0.resize_with(parent + 1, || None);
            }
            if let Some(place) = self.0.get_mut(parent) {
                *place = Some(failure.clone());
            }
        }
        of_child.as_ref() != Some(failure)
    }
}
