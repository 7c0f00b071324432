//! Keeps one process: starts it, waits until it is ready, starts it again, stops it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::health::{Found, Health};
use super::loopback::is_taken;
use super::process::{Process, Stage};
use super::running::{Lines, Running};
use super::shared::Shared;

/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How often one looks whether another listens at the port of a process that is down, and for how long that may be what is
/// left of the process itself.
const ASK: Duration = Duration::from_millis(100);
const LEFT: Duration = Duration::from_millis(500);

/// How a start went.
enum Went {
    /// It was asked to end; this was wrong with its end.
    Stopped { why: Option<String> },
    /// It has ended by itself, after it was ready for so long, if it ever was.
    Ended {
        ready_for: Option<Duration>,
        why: String,
    },
    /// It was not ready in time, and was ended: there is no reason to believe that it will be.
    Late { why: String },
}

pub(super) fn keep(shared: &Arc<Shared>, index: usize) {
    let Some(process) = shared.processes.get(index) else {
        return;
    };
    if !shared.may_start(index) {
        over(shared, index, Stage::Stopped, None);
        return;
    }
    let limits = &shared.limits;
    let (mut ever_ready, mut failures, mut wait) = (false, 0, limits.back_off);
    let mut pause = Duration::ZERO;
    loop {
        if let Some((stage, why)) = rest(shared, index, process.port, pause) {
            over(shared, index, stage, why);
            return;
        }
        let (ready_for, why) = match once(shared, index, process) {
            Went::Stopped { why } => {
                over(shared, index, Stage::Stopped, why);
                return;
            }
            Went::Late { why } if !ever_ready => {
                over(shared, index, Stage::Failed, Some(why));
                return;
            }
            Went::Late { why } => (None, why),
            Went::Ended { ready_for, why } => (ready_for, why),
        };
        ever_ready |= ready_for.is_some();
        failures = if ready_for.is_some() { 0 } else { failures + 1 };
        if !ever_ready && failures >= limits.attempts {
            over(shared, index, Stage::Failed, Some(why));
            return;
        }
        if ready_for.is_some_and(|it| it >= limits.longest_back_off) {
            wait = limits.back_off;
        }
        shared.set(index, |it| {
            it.stage = Stage::Restarting;
            it.pid = None;
            it.restarts += 1;
            it.why = Some(why);
        });
        pause = wait;
        wait = (wait * 2).min(limits.longest_back_off);
    }
}

/// Lets a process that is down be down for so long; gives why it is not started then. Whoever else listens at its port is sent
/// what is asked of it, with the token of all: then the team had better end.
fn rest(
    shared: &Shared,
    index: usize,
    port: u16,
    pause: Duration,
) -> Option<(Stage, Option<String>)> {
    let began = Instant::now();
    loop {
        let (taken, passed) = (is_taken(port), began.elapsed());
        if taken && passed >= LEFT {
            let why = format!("found somebody else listening at its port, 127.0.0.1:{port}");
            return Some((Stage::Failed, Some(why)));
        }
        if !taken && passed >= pause {
            return None;
        }
        let until = if taken { LEFT } else { pause };
        if shared.must_stop(index, until.saturating_sub(passed).min(ASK)) {
            return Some((Stage::Stopped, None));
        }
    }
}

fn over(shared: &Shared, index: usize, stage: Stage, why: Option<String>) {
    shared.set(index, |it| {
        it.stage = stage;
        it.pid = None;
        it.why = why;
    });
}

/// Starts it once, until it ends.
fn once(shared: &Arc<Shared>, index: usize, process: &Process) -> Went {
    let limits = &shared.limits;
    shared.set(index, |it| {
        it.stage = Stage::Starting;
        it.why = None;
    });
    let lines: Lines = {
        let shared = Arc::clone(shared);
        Arc::new(move |what| shared.wrote(index, what))
    };
    let mut running = match Running::start(process, &shared.shim, limits.stop, &lines) {
        Ok(running) => running,
        Err(error) => {
            let why = format!("could not be started: {error}");
            return Went::Ended {
                ready_for: None,
                why,
            };
        }
    };
    let mut health = Health::new();
    loop {
        if let Some(why) = running.ended() {
            let ready_for = health.ready_for();
            return Went::Ended { ready_for, why };
        }
        if shared.must_stop(index, LOOK) {
            shared.set(index, |it| it.stage = Stage::Stopping);
            let why = running.stop(limits.stop);
            return Went::Stopped { why };
        }
        match health.look(process, limits) {
            Some(Found::Answers) => {
                // Somebody else may answer at its port.
                if let Some(why) = running.ended() {
                    let ready_for = None;
                    return Went::Ended { ready_for, why };
                }
                if running.reported().pid.is_some() {
                    health.is_ready();
                }
            }
            Some(Found::Late) => {
                running.stop(limits.stop);
                let why = format!("was not ready within {:?}", limits.ready);
                return Went::Late { why };
            }
            Some(Found::Hangs) => {
                running.stop(limits.stop);
                let why = format!("did not answer for {:?}, and was ended", limits.hung);
                let ready_for = health.ready_for();
                return Went::Ended { ready_for, why };
            }
            None => {}
        }
        shared.set(index, |it| {
            it.pid = running.reported().pid;
            if health.ready_for().is_some() && it.stage == Stage::Starting {
                it.stage = Stage::Ready;
                it.was_ready = true;
                it.why = None;
            }
        });
    }
}
