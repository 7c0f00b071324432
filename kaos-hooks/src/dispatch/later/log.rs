//! The run's end of what is read later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kaos_events::{Body, Event, Ready, Settled, SpanId, Value};
use smallvec::SmallVec;

use super::mark::Mark;
use super::readers::{Readers, Which};
use super::run::{LateRun, Pools};
use crate::dispatch::queue::Upstream as _;
use crate::dispatch::to_later::ToLater;

/// Packs the events of one run.
pub(crate) struct RunLog {
    readers: Arc<Readers>,
    run: Arc<LateRun>,
    /// Who wants something of the run; known with its first event.
    wants: Option<Which>,
    /// By the span's slot, where events are kept.
    spans: SmallVec<[SeenSpan; 4]>,
    keeps: bool,
    offered: u64,
}

/// Which part has an open span's newest event.
struct SeenSpan {
    span: SpanId,
    part: u64,
    /// The same, for those who wait.
    watch: Option<Arc<AtomicU64>>,
}

impl RunLog {
    /// The log of a new run; `None` if nobody reads later.
    pub(crate) fn begin(readers: &Arc<Readers>, pools: &Arc<Pools>) -> Option<Self> {
        if readers.len() == 0 {
            return None;
        }
        let run = LateRun::begin(readers, pools);
        for (hook, late) in readers.hooks() {
            late.health.observer_made();
            if !late.health.in_service() {
                ToLater::new(Arc::<LateRun>::clone(&run), hook).decline();
            }
        }
        Some(Self {
            keeps: readers.all().any(|(_, reader)| reader.keeps()),
            readers: Arc::clone(readers),
            run,
            wants: None,
            spans: SmallVec::new(),
            offered: 0,
        })
    }

    /// What this hook can say to itself.
    pub(crate) fn to_later(&self, hook: usize) -> ToLater {
        ToLater::new(Arc::<LateRun>::clone(&self.run), hook)
    }

    #[inline]
    pub(crate) fn add(&mut self, event: &Event<'_>) {
        self.offered += 1;
        let all = *self.wants.get_or_insert_with(|| self.run.wanted());
        let wants = self.readers.wants(all, event);
        if wants.is_empty() {
            return;
        }
        // Who does not want much of it is not to hold it.
        let alone = wants != all && is_large(event);
        if alone {
            Arc::clone(&self.run).hand_over();
        }
        let part = self.run.add(event, (wants, all));
        if alone {
            Arc::clone(&self.run).hand_over();
        }
        if self.keeps {
            self.saw(event, part);
        }
    }

    #[inline]
    fn saw(&mut self, event: &Event<'_>, part: u64) {
        let seen = match &event.body {
            Body::Span(span) => {
                let at = span.slot.own as usize;
                if self.spans.len() <= at {
                    // Slots are dense: there is one more of them at most.
                    let new = || SeenSpan::new(span.id, part);
                    self.spans.resize_with(at + 1, new);
                }
                let seen = self.spans.get_mut(at);
                seen.map(|seen| {
                    if seen.span != span.id {
                        *seen = SeenSpan::new(span.id, part);
                    }
                    seen
                })
            }
            Body::Value { span, .. } => self.spans.iter_mut().rfind(|seen| seen.span == *span),
        };
        if let Some(seen) = seen {
            seen.part = part;
            if let Some(watch) = &seen.watch {
                watch.store(part, Ordering::Release);
            }
        }
    }

    /// The run is over: its readers get the rest.
    pub(crate) fn end(self) {
        let Self {
            readers,
            run,
            offered,
            ..
        } = self;
        for (_, late) in readers.hooks() {
            late.health.observer_dropped(offered);
        }
        run.end();
    }

    pub(crate) const fn keeps(&self) -> bool {
        self.keeps
    }

    /// The waits for those that are behind.
    pub(crate) fn ready(&self) -> SmallVec<[Ready; 1]> {
        let hand_over = || {
            Arc::clone(&self.run).hand_over();
        };
        let readers = self.readers.all();
        readers
            .filter_map(|(_, reader)| reader.ready(&hand_over))
            .collect()
    }

    pub(crate) fn settled(&mut self, span: SpanId) -> Settled {
        let seen = self.spans.iter_mut().rfind(|seen| seen.span == span);
        let part = seen.map_or_else(Arc::default, |seen| {
            let new = || Arc::new(AtomicU64::new(seen.part));
            Arc::clone(seen.watch.get_or_insert_with(new))
        });
        let keeping = self.readers.all().filter(|(_, reader)| reader.keeps());
        let waits = keeping.map(|(at, reader)| {
            reader.settled(Mark {
                run: Arc::<LateRun>::clone(&self.run),
                reader: at,
                span,
                part: Arc::clone(&part),
            })
        });
        waits.fold(Settled::now(), Settled::and)
    }
}

/// Whether it is a large piece of text.
fn is_large(event: &Event<'_>) -> bool {
    const LARGE: usize = 512;
    let Body::Value { value, .. } = event.body else {
        return false;
    };
    let text = match value {
        Value::TextDelta(delta) => &delta.content,
        Value::ThinkingDelta(delta) => &delta.content,
        Value::ToolCallArgsDelta(delta) => &delta.content,
        _ => return false,
    };
    text.len() > LARGE
}

impl SeenSpan {
    const fn new(span: SpanId, part: u64) -> Self {
        Self {
            span,
            part,
            watch: None,
        }
    }
}
