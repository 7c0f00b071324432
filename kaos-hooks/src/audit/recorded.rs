//! The trail as a reader of runs' events, and how far those of an open span are written down.

use std::sync::Arc;

use kaos_events::{Keeper, NotDurableKind, Ready, Settled, Str, Value};

use super::intake::Intake;
use super::record::is_recorded;
use crate::dispatch::later::{Chunks, Mark, ReadsLater};
use crate::dispatch::queue::Queue;

/// Reads events for the trail.
pub(super) struct Recorded {
    intake: Arc<Intake>,
    keeper: Keeper,
}

impl Recorded {
    pub(super) const fn new(intake: Arc<Intake>, keeper: Keeper) -> Self {
        Self { intake, keeper }
    }
}

impl ReadsLater for Recorded {
    fn queue(&self) -> &Arc<Queue<Chunks>> {
        self.intake.queue()
    }

    fn wants(&self, value: &Value) -> bool {
        is_recorded(value)
    }

    fn delivers(&self) -> bool {
        false
    }

    fn keeps(&self) -> bool {
        true
    }

    fn ready(&self, hand_over: &dyn Fn()) -> Option<Ready> {
        let intake = Arc::clone(&self.intake);
        if intake.may_be_behind() {
            hand_over();
        }
        intake
            .is_behind()
            .then(|| Box::pin(async move { intake.caught_up().await }) as Ready)
    }

    fn settled(&self, mark: Mark) -> Settled {
        let intake = Arc::clone(&self.intake);
        let wait = async move {
            if let Some(ticket) = mark.ticket() {
                return intake.safe(ticket).await;
            }
            let why = Str::Static("its record found the queue full, or came too late");
            Err(intake.not_durable(NotDurableKind::Lost, why))
        };
        Settled::by(self.keeper, Box::pin(wait))
    }
}
