//! `kaos up --ui`: nothing is left of the page, whoever is signalled, and where there is none that is said.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use kaos_tests::nobody::free_port;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::strangers::{STRANGER, page_of};
use super::{Home, Up};
use crate::command::said;

/// A page that is there: the process behind which it stands, itself, and its port. Should it be left, it ends with the test.
struct Page {
    shim: Pid,
    pid: u32,
    port: u16,
}

impl Page {
    fn of(up: &Up, port: u16) -> Self {
        let until = Instant::now() + Duration::from_secs(60);
        let shim = page_of(up);
        let number = shim.as_raw_nonzero();
        loop {
            let path = format!("/proc/{number}/task/{number}/children");
            let children = std::fs::read_to_string(path).unwrap_or_default();
            let pid = children.split_whitespace().next();
            let listens = TcpStream::connect(("127.0.0.1", port)).is_ok();
            if let (Some(pid), true) = (pid, listens) {
                let pid = pid.parse().unwrap();
                return Self { shim, pid, port };
            }
            assert!(Instant::now() < until, "there is no page");
            std::thread::yield_now();
        }
    }

    #[track_caller]
    fn is_gone(&self) {
        crate::local::gone(self.pid, self.port);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let group = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let _left = kill_process_group(group.unwrap(), Signal::KILL).is_ok();
    }
}

/// As a terminal signals: Ctrl-C, and its end; and as `timeout` does.
#[tokio::test]
async fn a_signal_to_all_of_its_group_leaves_nothing_of_a_team_and_its_page() {
    for (name, signal) in [
        ("int", Signal::INT),
        ("hup", Signal::HUP),
        ("term", Signal::TERM),
    ] {
        let home = Home::new(&format!("page-{name}"));
        let file = home.file(STRANGER);
        let port = free_port();
        let mut command = home.kaos(&["up", &format!("--ui={port}"), "-f", &file]);
        command.process_group(0);
        let mut up = Up::start(command);
        up.until("kaos down").await;
        let page = Page::of(&up, port);
        let processes = home.processes();
        let group = i32::try_from(up.child.id().unwrap()).unwrap();
        kill_process_group(Pid::from_raw(group).unwrap(), signal).unwrap();
        assert_eq!(up.end().await.1, Some(0), "{name}");
        page.is_gone();
        super::all_gone(&processes);
    }
}

#[tokio::test]
async fn a_page_whose_shim_is_killed_ends_and_that_is_said() {
    for (name, signal) in [("kill", Signal::KILL), ("sole-int", Signal::INT)] {
        let home = Home::new(&format!("page-{name}"));
        let file = home.file(STRANGER);
        let port = free_port();
        let mut up = Up::start(home.kaos(&["up", &format!("--ui={port}"), "-f", &file]));
        up.until("kaos down").await;
        let page = Page::of(&up, port);
        kill_process(page.shim, signal).unwrap();
        up.until("kaos: there is no page").await;
        page.is_gone();
        up.signal(Signal::INT);
        assert_eq!(up.end().await.1, Some(0));
    }
}

#[tokio::test]
async fn a_team_in_the_background_says_that_its_page_could_not_listen() {
    let home = Home::new("page-port");
    let file = home.file(STRANGER);
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let up = home
        .run(&["up", "-d", &format!("--ui={port}"), "-f", &file])
        .await;
    let down = home.run(&["down"]).await;
    assert_eq!(down.status.code(), Some(0), "{}", said(&down));
    assert_eq!(up.status.code(), Some(0), "the team runs: {}", said(&up));
    let why = format!("kaos: there is no page: 127.0.0.1, port {port}: Address already in use");
    assert!(said(&up).contains(&why), "{}", said(&up));
}
