//! A team from its files to its end.

mod detached;
mod last;
mod page;
mod prepared;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kaos_operator::local::{Limits, News, Shim, Standing, Team, Together};

use self::page::Page;
use self::prepared::{Checked, Prepared};
use super::args::Args;
use crate::output::{self, Failed};
use crate::signals::Signals;
use crate::team::show::{Look, Show};
use crate::team::state::{Held, Place, Record};
use crate::terminal;

/// How often a team is looked at.
const LOOK: Duration = Duration::from_millis(50);

pub(super) fn run(args: &Args) -> Result<ExitCode, Failed> {
    let place = Place::of(&args.which.name)?;
    let Checked::Fine(prepared) = prepared::checked(args, &place)? else {
        return Ok(ExitCode::FAILURE);
    };
    if args.detach && !args.detached {
        return detached::run(args, &place);
    }
    if args.detached {
        detached::leave_terminal();
    }
    let Some(held) = place.hold()? else {
        return Err(args.taken());
    };
    let signals = Signals::listen()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(lead(args, place, held, *prepared, signals))
}

/// Why a team ends.
enum End {
    Asked,
    Failed(Vec<String>),
}

async fn lead(
    args: &Args,
    place: Place,
    held: Held,
    prepared: Prepared,
    mut signals: Signals,
) -> Result<ExitCode, Failed> {
    let began = Instant::now();
    place.forget_lines()?;
    prepared.write_files(&place)?;
    let mut record = prepared.record();
    place.write(&record)?;
    let look = Look {
        components: prepared.shown(),
        workloads: prepared.workloads,
        resources: prepared.resources,
    };
    let _held = prepared.ports;
    let (show, showing) = Show::start(Place::of(&args.which.name)?, look)?;
    let limits = Limits {
        ready: Duration::from_secs(args.ready_seconds),
        stop: Duration::from_secs(args.stop_seconds),
        ..Limits::default()
    };
    let shim = Shim {
        program: std::env::current_exe()?,
        args: vec!["attend".to_owned()],
    };
    let news = {
        let show = show.clone();
        move |news: &News<'_>| show.news(news)
    };
    let team = Team::start(prepared.processes, limits, shim.clone(), news)?;
    let page = args.ui.map(|port| Page::start(args, &shim, port));
    let mut page = page.transpose()?;
    let mut ready = false;
    let end = loop {
        tokio::select! {
            biased;
            _code = signals.next() => break End::Asked,
            () = tokio::time::sleep(LOOK) => {}
        }
        if let Some(why) = page.as_mut().and_then(Page::ended) {
            page = None;
            show.say(format!("{}{why}", page::IS_GONE));
        }
        let together = team.together();
        let state = match &together {
            Together::Ready => "ready",
            Together::Failed(_) => "failed",
            _ => "starting",
        };
        keep(&place, &mut record, &team.standings(), state);
        match together {
            Together::Failed(names) => break End::Failed(names),
            Together::Ready if !ready => {
                ready = true;
                show.say(prepared::to_try(args, &record, began.elapsed()));
            }
            _ => {}
        }
    };
    let code = match &end {
        End::Asked => ExitCode::SUCCESS,
        End::Failed(names) => {
            let standings = team.standings();
            let mut of_these = standings.iter().filter(|(name, _)| names.contains(name));
            let again = if of_these.any(|(_, it)| it.was_ready) {
                " again"
            } else {
                ""
            };
            let names = names.join(", ");
            show.say(format!(
                "{names} cannot be started{again}; its lines above say why. All of the team is stopped."
            ));
            ExitCode::FAILURE
        }
    };
    let stopping = Instant::now();
    // It may take a while to end, which nobody waits for who ends the team.
    let page = tokio::task::spawn_blocking(move || drop(page));
    let standings = tokio::task::spawn_blocking(move || team.stop()).await?;
    page.await?;
    let state = if matches!(end, End::Asked) {
        "stopped"
    } else {
        "failed"
    };
    keep(&place, &mut record, &standings, state);
    show.say(last_words(&standings, stopping.elapsed()));
    drop(show);
    showing.end();
    if let End::Failed(names) = &end {
        // Whoever has closed the output wants no more of it.
        let _shown = last::show(&mut terminal::people(), &place, names);
    }
    held.release();
    Ok(code)
}

/// Writes what has changed.
fn keep(place: &Place, record: &mut Record, all: &[(String, Standing)], state: &str) {
    let mut changed = record.state != state;
    state.clone_into(&mut record.state);
    for (component, (_, standing)) in record.components.iter_mut().zip(all) {
        let now = standing.stage.as_str();
        if component.pid != standing.pid {
            component.since = standing.pid.map(|_| Timestamp::now().to_string());
        }
        changed |= component.pid != standing.pid
            || component.stage != now
            || component.restarts != standing.restarts
            || component.why != standing.why;
        now.clone_into(&mut component.stage);
        component.pid = standing.pid;
        component.restarts = standing.restarts;
        component.why.clone_from(&standing.why);
    }
    if changed && let Err(error) = place.write(record) {
        output::say(&format!("kaos: {}: {error}", place.path().display()));
    }
}

/// What became of all.
fn last_words(standings: &[(String, Standing)], took: Duration) -> String {
    let odd: Vec<String> = standings
        .iter()
        .filter_map(|(name, it)| Some(format!("{name} {}", it.why.as_ref()?)))
        .collect();
    let fine = standings.len() - odd.len();
    let took = took.as_secs_f64();
    if odd.is_empty() {
        return format!(
            "all {fine} have ended in order, and sent and recorded what they had ({took:.1} s)"
        );
    }
    let odd = odd.join("; ");
    format!("{fine} have ended in order, and sent and recorded what they had; {odd} ({took:.1} s)")
}
