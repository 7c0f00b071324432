//! Which records are meant.

use clap::Args as ClapArgs;
use jiff::{Timestamp, ToSpan as _};
use kaos_hooks::audit::Filter;
use kaos_hooks::{RunId, SpanId, TraceId};

use crate::output::Failed;

#[derive(ClapArgs)]
pub(super) struct Select {
    /// Of this session
    #[arg(long)]
    session: Option<String>,
    /// Of this run
    #[arg(long)]
    run: Option<String>,
    /// Of this trace: 32 hexadecimal digits
    #[arg(long)]
    trace: Option<TraceId>,
    /// Not before this time: 2026-01-15T10:30:45Z, or 2h, 30m, 7d ago
    #[arg(long, value_parser = time)]
    since: Option<u64>,
    /// Before this time
    #[arg(long, value_parser = time)]
    until: Option<u64>,
}

impl Select {
    pub(super) fn filter(&self) -> Filter {
        Filter {
            session: self.session.clone(),
            run: self.run.as_deref().map(RunId::from),
            trace: self.trace,
            since: self.since,
            until: self.until,
            ..Filter::default()
        }
    }

    /// Whether anything is asked for.
    pub(super) fn is_any(&self) -> bool {
        self.filter() != Filter::default()
    }
}

/// About which span, or which tool.
#[derive(ClapArgs)]
pub(super) struct About {
    /// About this span: 16 hexadecimal digits
    #[arg(long)]
    span: Option<SpanId>,
    /// About calls of this tool
    #[arg(long)]
    tool: Option<String>,
    /// Also what the trail says about itself
    #[arg(long)]
    own: bool,
}

impl About {
    pub(super) fn narrow(&self, filter: Filter) -> Filter {
        Filter {
            span: self.span,
            tool: self.tool.clone(),
            own: self.own,
            ..filter
        }
    }
}

/// Nanoseconds since 1970 of a time, or of so long ago.
pub(super) fn time(text: &str) -> Result<u64, Failed> {
    let at = match ago(text) {
        Some(seconds) => Timestamp::now().checked_sub(seconds.seconds())?,
        None => text.parse::<Timestamp>()?,
    };
    Ok(u64::try_from(at.as_nanosecond())?)
}

/// Seconds of `90s`, `30m`, `2h`, `7d`.
fn ago(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    number.parse::<i64>().ok()?.checked_mul(unit)
}
