//! Programs that were ready and do not answer any more: how often they are asked, and who waits for them.

use std::time::{Duration, Instant};

use kaos_operator::ProbeKind;
use kaos_operator::local::Limits;

use super::{limits, python, start};

/// Listens, says when it is asked, and answers with a letter now and then that is no end.
const DRIPS: &str = "
import os, signal, socket, sys, threading, time
def end(*_):
    print('asked to end'); os._exit(0)
signal.signal(signal.SIGTERM, end)
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', int(os.environ['PORT']))); s.listen()
def drip(c):
    try:
        if not c.recv(1): return
        print('hangs')
        for letter in b'HTTP/1.1 200':
            c.send(bytes([letter])); time.sleep(1)
    except OSError: pass
while True:
    c, _ = s.accept()
    threading.Thread(target=drip, args=(c,), daemon=True).start()
";

/// Whoever ends a team waits for no answer, nor for the rest of one.
#[test]
fn one_that_hangs_is_asked_to_end_at_once() {
    // The first question comes after a sixth of it, and may take as long.
    let limits = Limits {
        hung: Duration::from_secs(36),
        ..limits()
    };
    let mut process = python("agent", DRIPS, &[]);
    process.alive = ProbeKind::Http("/health");
    let (team, seen) = start(vec![process], limits);
    seen.until("agent ready", 1);
    seen.until("agent | hangs", 1);
    let began = Instant::now();
    team.stop();
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    assert!(seen.at("agent | asked to end") < seen.at("agent stopped"));
}

/// A question begins every sixth of the time, whether the one before was answered or not.
#[test]
fn one_that_hangs_is_asked_six_times_before_it_is_ended() {
    let limits = Limits {
        hung: Duration::from_millis(3600),
        stop: Duration::from_millis(500),
        ..limits()
    };
    let mut process = python("agent", DRIPS, &[]);
    process.alive = ProbeKind::Http("/health");
    let (team, seen) = start(vec![process], limits);
    seen.until(
        "agent restarting: did not answer for 3.6s, and was ended",
        1,
    );
    let all = seen.all();
    let ended = seen.at("agent restarting");
    let asked = all.iter().take(ended).filter(|it| *it == "agent | hangs");
    let asked = asked.count();
    team.stop();
    // A machine that has much to do comes late to one of them.
    assert!((5..=6).contains(&asked), "{asked}: {all:#?}");
}
