//! How much a run may emit before its observer is waited for, if it has to be.

use super::{End, State, Stream, What};
use crate::{Budget, BudgetExceeded, Failure, Observer, Value};

impl<S: Observer> Stream<S> {
    /// Whether another event may come before the observer is waited for. At the limit the run
    /// ends: every open span's end is still delivered, nothing else is.
    #[inline]
    pub(super) fn has_room(&self, state: &mut State<S>) -> bool {
        let room = !state.keeps || state.unawaited < self.shared.most_unawaited;
        if !room {
            self.exceed(state);
        }
        room
    }

    #[cold]
    fn exceed(&self, state: &mut State<S>) {
        let Some(root) = state.root else { return };
        let value = Value::from(BudgetExceeded {
            budget: Budget::Events,
            limit: self.shared.most_unawaited.into(),
            used: state.unawaited.into(),
        });
        let at = self.tick(state);
        self.deliver(state, root, at, What::Value(&value));
        let failure = Failure::new("budget_exceeded");
        self.apply_end(state, root, End::Error(&failure, None));
    }
}
