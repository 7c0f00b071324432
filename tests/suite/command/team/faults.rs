//! What goes wrong with teams, and that nothing is left of them.

use rustix::process::Signal;

use super::{Home, SCRIPTED, Up, all_gone, said};

/// Killed, it leaves nothing: the pipes to its programs close.
#[tokio::test]
async fn a_killed_command_leaves_no_program() {
    let home = Home::new("killed");
    let file = home.file(SCRIPTED);
    let mut up = Up::start(home.kaos(&["up", "-f", &file]));
    up.until("kaos down").await;
    let processes = home.processes();
    up.signal(Signal::KILL);
    let (_, code) = up.end().await;
    assert_eq!(code, None);
    all_gone(&processes);
    let status = home.run(&["status"]).await;
    assert!(
        said(&status).contains("the last one was killed"),
        "{}",
        said(&status)
    );
    // Its name is free.
    let mut again = Up::start(home.kaos(&["up", "-f", &file]));
    again.until("kaos down").await;
    let processes = home.processes();
    again.signal(Signal::TERM);
    assert_eq!(again.end().await.1, Some(0));
    all_gone(&processes);
}

#[tokio::test]
async fn a_mistake_in_the_files_starts_nothing() {
    let home = Home::new("mistake");
    let text = SCRIPTED.replace("mcpServers: [calculator]", "mcpServers: [calculater]");
    let up = home.run(&["up", "-f", &home.file(&text)]).await;
    assert_eq!(up.status.code(), Some(1));
    let told = said(&up);
    let meant = "MCPServer research/calculater is not there; `calculator` was meant?";
    assert!(told.contains(meant), "{told}");
    assert!(
        !home.state().join("state.json").exists(),
        "nothing was started"
    );
}

#[tokio::test]
async fn a_component_that_does_not_start_ends_the_team_and_says_why() {
    let home = Home::new("crash");
    let file = home.file(&SCRIPTED.replace("def multiply(", "def multiply (("));
    let up = home.run(&["up", "-f", &file]).await;
    assert_eq!(up.status.code(), Some(1));
    let told = said(&up);
    assert!(
        told.contains("calculator  | failed: ended with code 1"),
        "{told}"
    );
    assert!(told.contains("SyntaxError"), "{told}");
    let why = "mcpserver-calculator cannot be started; its lines above say why";
    assert!(told.contains(why), "{told}");
    assert!(
        !told.contains("analyst     | starting"),
        "what needs it does not start: {told}"
    );
}

#[tokio::test]
async fn a_secret_that_is_missing_is_asked_for_and_one_that_is_given_is_not_shown() {
    let home = Home::new("secret");
    let needs = "    env:\n    - {name: HIDDEN, valueFrom: {secretKeyRef: {name: keys, key: one}}}\n    # Replies";
    let file = home.file(&SCRIPTED.replacen("    env:\n    # Replies", needs, 1));
    let up = |more: &'static str| {
        let all = ["up", "-f", &file, "-n", "research", "--secret", more];
        let all = if more.is_empty() { &all[..5] } else { &all[..] };
        home.kaos(all)
    };
    let missing = up("").output().await.unwrap();
    assert_eq!(missing.status.code(), Some(1));
    let told = said(&missing);
    assert!(
        told.contains("by keys/one=env:VARIABLE behind --secret"),
        "{told}"
    );
    let unset = up("keys/one=env:NO_SUCH").output().await.unwrap();
    assert_eq!(unset.status.code(), Some(2));
    assert!(
        said(&unset).contains("--secret keys/one: NO_SUCH is not set"),
        "{}",
        said(&unset)
    );
    let literal = up("keys/one=harbour-of-boats").output().await.unwrap();
    assert_eq!(literal.status.code(), Some(2));
    assert!(
        !said(&literal).contains("harbour-of-boats"),
        "{}",
        said(&literal)
    );
}

/// The disk of the trail is full, or nothing can be written there: the agents do not start without their record.
#[tokio::test]
async fn a_trail_that_cannot_be_written_starts_no_agent() {
    let home = Home::new("trail");
    let file = home.file(SCRIPTED);
    let up = home
        .run(&["up", "-f", &file, "--trail", "/dev/full/trail"])
        .await;
    assert_eq!(up.status.code(), Some(1));
    let told = said(&up);
    assert!(
        told.contains("the audit trail of KAOS_TRAIL and KAOS_TRAIL_KEY"),
        "{told}"
    );
    assert!(told.contains("cannot be started; "), "{told}");
}

/// What a team's folder says is believed, so it is the user's alone: a link is refused, and others lose their rights.
#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_is_a_link_is_refused_and_one_that_others_write_is_closed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let home = Home::new("links");
    let file = home.file(SCRIPTED);
    let elsewhere = home.0.join("elsewhere");
    std::fs::create_dir_all(elsewhere.join("logs")).unwrap();
    std::fs::create_dir_all(home.state().parent().unwrap()).unwrap();
    symlink(&elsewhere, home.state()).unwrap();
    let up = home.run(&["up", "-d", "-f", &file]).await;
    assert!(!up.status.success());
    assert!(
        said(&up).contains("is a link, no folder, or somebody else's"),
        "{}",
        said(&up)
    );

    std::fs::remove_file(home.state()).unwrap();
    std::fs::create_dir_all(home.state().join("logs")).unwrap();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(home.state(), open).unwrap();
    let victim = home.0.join("victim");
    std::fs::write(&victim, "mine").unwrap();
    symlink(&victim, home.state().join("lock")).unwrap();
    let up = home.run(&["up", "-d", "-f", &file]).await;
    assert!(!up.status.success(), "{}", said(&up));
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
    let mode = std::fs::metadata(home.state())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// Lines are not what a team is for; who asks for them and cannot write them is told.
#[tokio::test]
async fn an_output_that_is_full_stops_no_team() {
    let home = Home::new("full");
    let file = home.file(SCRIPTED);
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let mut up = home.kaos(&["up", "-f", &file]);
    let mut up = up.stdout(full()).spawn().unwrap();
    while home.run(&["status"]).await.status.code() != Some(0) {
        assert!(up.try_wait().unwrap().is_none(), "it has ended");
    }
    let processes = home.processes();
    for arguments in [
        &["status"] as &[_],
        &["logs", "analyst"],
        &["invoke", "analyst", "36 times 1250?"],
    ] {
        let mut command = home.kaos(arguments);
        let command = command.stdout(full()).spawn().unwrap();
        let ended = command.wait_with_output().await.unwrap();
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
        assert!(said(&ended).contains("No space left"), "{}", said(&ended));
    }
    let down = home.run(&["down"]).await;
    assert_eq!(down.status.code(), Some(0), "{}", said(&down));
    assert_eq!(up.wait().await.unwrap().code(), Some(0));
    all_gone(&processes);
}

/// Where nothing can be written, `-d` still says that its team has ended, and where it would say why.
#[tokio::test]
async fn a_full_disk_under_the_teams_folder_is_said() {
    let home = Home::new("full");
    let file = home.file(SCRIPTED);
    // Files may be made, and have no byte.
    let limited = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let up = home.kaos(&[]);
    let mut shell = tokio::process::Command::new("sh");
    shell
        .args(["-c", limited, "sh"])
        .arg(up.as_std().get_program());
    shell
        .args(["up", "-d", "-f", &file])
        .env("XDG_STATE_HOME", &*home.0);
    let up = shell.output().await.unwrap();
    assert_eq!(up.status.code(), Some(1));
    let told = said(&up);
    assert!(told.contains("could not write why to"), "{told}");
    assert!(told.contains("kaos/up/default/up.log"), "{told}");
}
