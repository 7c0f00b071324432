//! What is kept of a trail between two starts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kaos_hooks::Hooks;
use kaos_hooks::audit::AuditHook;

use super::files::segments;
use super::{Shown, kaos, key, recorded, turn};
use crate::audit::Scratch;

/// Trails of two openings have two segments, of which the first is sealed.
pub(super) async fn two_segments(name: &str) -> Scratch {
    let scratch = recorded(name, &["one", "two"]).await;
    let audit = AuditHook::builder(scratch.path())
        .signing_key(key())
        .open()
        .unwrap();
    turn(&Hooks::new(audit.clone()), "three").await;
    audit.shutdown().await.unwrap();
    scratch
}

#[tokio::test]
async fn what_was_read_of_sealed_segments_is_kept_for_its_user_alone_and_believed_of_the_same_files_alone()
 {
    let scratch = two_segments("ui-kept").await;
    let home = scratch.path().with_extension("home");
    let _gone = fs::remove_dir_all(&home).is_ok();
    let trail = scratch.path().to_str().unwrap().to_owned();
    let questions = async || {
        let shown = Shown::start_in(&home, &[&trail]).await;
        let list = shown.once("/api/runs", |it| it["found"] == 3).await;
        let runs = list["runs"].as_array().unwrap().iter();
        let questions: Vec<_> = runs
            .map(|it| it["question"].as_str().unwrap().to_owned())
            .collect();
        let standing = shown.verdict().await["verdict"]["standing"].clone();
        (questions, standing)
    };
    assert_eq!(questions().await.0, ["three", "two", "one"]);
    let kept: Vec<_> = fs::read_dir(home.join("kaos/runs"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    let [kept] = &kept[..] else {
        panic!("{kept:?}");
    };
    assert_eq!(
        fs::metadata(kept).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        fs::metadata(home.join("kaos/runs"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );

    // Whoever changes what is kept changes what is listed, and nothing of what is found by verifying.
    let text = fs::read_to_string(kept).unwrap();
    assert!(!text.contains("three"), "the last segment is not sealed");
    fs::write(kept, text.replace("\"two\"", "\"2\"")).unwrap();
    let (listed, standing) = questions().await;
    assert_eq!(
        (listed, standing),
        (
            vec!["three".to_owned(), "2".to_owned(), "one".to_owned()],
            "intact".into()
        )
    );

    // Of other files it is not taken, nor what cannot be read.
    fs::write(kept, "{").unwrap();
    assert_eq!(questions().await.0, ["three", "two", "one"]);
    let text = fs::read_to_string(kept).unwrap();
    fs::write(kept, text.replace("\"two\"", "\"2\"")).unwrap();
    let first = &segments(scratch.path())[0];
    let lines = fs::read_to_string(first).unwrap();
    let at = lines.trim_end().rfind("\"h\":\"").unwrap() + 5;
    let other = if lines[at..].starts_with('0') {
        "1"
    } else {
        "0"
    };
    fs::write(first, [&lines[..at], other, &lines[at + 1..]].concat()).unwrap();
    let (listed, standing) = questions().await;
    assert_eq!(
        (listed, standing),
        (
            vec!["three".to_owned(), "two".to_owned(), "one".to_owned()],
            "not_intact".into()
        )
    );
    fs::remove_dir_all(&home).unwrap();
}

/// A folder of its own for what is kept, and the file in it for this trail, which was looked at once.
async fn home_of(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let home = scratch.path().with_extension("home");
    let _gone = fs::remove_dir_all(&home).is_ok();
    let shown = Shown::start_in(&home, &[scratch.path().to_str().unwrap()]).await;
    shown.once("/api/runs", |it| it["found"] == 3).await;
    shown.stopped().await;
    let mut kept = fs::read_dir(home.join("kaos/runs")).unwrap();
    let file = kept.next().unwrap().unwrap().path();
    assert!(kept.next().is_none());
    (home, file)
}

/// What is listed, and how the trail stands.
async fn listed(home: &Path, trail: &Path) -> (Vec<String>, String) {
    let shown = Shown::start_in(home, &[trail.to_str().unwrap()]).await;
    let verdict = shown.verdict().await;
    // All of them to their questions: a run is there from its first record on.
    let asked = |it: &serde_json::Value| {
        it["runs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|run| run["question"].is_string())
    };
    let list = shown
        .once("/api/runs", |it| it["found"] == 3 && asked(it))
        .await;
    let runs = list["runs"].as_array().unwrap().iter();
    let questions = runs.map(|it| it["question"].as_str().unwrap().to_owned());
    let standing = verdict["verdict"]["standing"].as_str().unwrap();
    let found = (questions.collect(), standing.to_owned());
    shown.stopped().await;
    found
}

#[tokio::test]
async fn what_was_forged_and_put_right_again_is_not_shown_beside_intact() {
    let scratch = two_segments("ui-kept-forged").await;
    let (home, file) = home_of(&scratch).await;
    let first = &segments(scratch.path())[0];
    let (right, length) = (fs::read(first).unwrap(), fs::metadata(first).unwrap().len());
    let times = fs::metadata(first).unwrap().modified().unwrap();
    // As long as before, at the time of before, and with the end of before.
    let put = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut to = fs::OpenOptions::new().write(true).open(first).unwrap();
        to.write_all(bytes).unwrap();
        to.set_modified(times).unwrap();
    };
    let text = String::from_utf8(right.clone()).unwrap();
    put(text.replacen("two", "2wo", 1).as_bytes());
    assert_eq!(fs::metadata(first).unwrap().len(), length);
    let forged = || ["three", "2wo", "one"].map(str::to_owned).to_vec();
    assert_eq!(
        listed(&home, scratch.path()).await,
        (forged(), "not_intact".to_owned()),
        "it is what stands there"
    );
    assert!(!file.exists(), "nothing is kept of what is not intact");
    put(&right);
    let honest = || ["three", "two", "one"].map(str::to_owned).to_vec();
    for _ in 0..2 {
        let found = listed(&home, scratch.path()).await;
        assert_eq!(found, (honest(), "intact".to_owned()));
    }
    assert!(file.exists());
    fs::remove_dir_all(&home).unwrap();
}

#[tokio::test]
async fn what_was_left_of_another_process_of_the_same_number_keeps_nothing_from_being_kept() {
    let scratch = two_segments("ui-kept-stale").await;
    let (home, file) = home_of(&scratch).await;
    let trail = scratch.path().to_str().unwrap();
    fs::remove_file(&file).unwrap();
    let program = kaos(&[]).as_std().get_program().to_owned();
    // The shell's number is the program's.
    let script = r#"echo junk > "$0.$$.new"; exec "$@""#;
    let mut command = super::Command::new("sh");
    let stale = &file;
    command.args(["-c", script]).arg(stale).arg(program);
    command
        .args(["ui", "--port", "0", trail])
        .kill_on_drop(true);
    command.env("OTEL_SDK_DISABLED", "true");
    command.stderr(std::process::Stdio::piped());
    let shown = Shown::started(&home, command).await;
    shown.once("/api/runs", |it| it["found"] == 3).await;
    shown.verdict().await;
    shown.stopped().await;
    let left: Vec<_> = fs::read_dir(home.join("kaos/runs"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    assert_eq!(left, [file]);
    fs::remove_dir_all(&home).unwrap();
}

#[tokio::test]
async fn a_pipe_in_the_place_of_what_is_kept_holds_nothing_up() {
    let scratch = two_segments("ui-kept-pipe").await;
    let (home, file) = home_of(&scratch).await;
    fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.unwrap().success());
    let listed = listed(&home, scratch.path());
    let found = tokio::time::timeout(Duration::from_secs(20), listed).await;
    assert_eq!(found.unwrap().0, ["three", "two", "one"]);
    fs::remove_dir_all(&home).unwrap();
}

/// What somebody does to the folder and the file that are kept.
type Arranged<'a> = &'a dyn Fn(&Path, &Path);

#[tokio::test]
async fn what_others_could_have_written_is_not_taken_and_not_written_through() {
    let scratch = two_segments("ui-kept-others").await;
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let aside = scratch.path().with_extension("aside");
    let by_link = |path: &Path| {
        fs::rename(path, &aside).unwrap();
        std::os::unix::fs::symlink(&aside, path).unwrap();
    };
    let arranged: [(&str, Arranged<'_>); 5] = [
        ("a folder that others may read", &|folder, _| {
            mode(folder, 0o755);
        }),
        ("a folder that others may write", &|folder, _| {
            mode(folder, 0o770);
        }),
        ("a file that others may write", &|_, file| mode(file, 0o620)),
        ("a link to a folder", &|folder, _| by_link(folder)),
        ("a link to a file", &|_, file| by_link(file)),
    ];
    for (what, arrange) in arranged {
        let (home, file) = home_of(&scratch).await;
        let text = fs::read_to_string(&file).unwrap();
        let forged = text.replace("\"two\"", "\"2\"");
        assert_ne!(text, forged);
        fs::write(&file, &forged).unwrap();
        let folder = file.parent().unwrap();
        arrange(folder, &file);
        for _ in 0..2 {
            let found = listed(&home, scratch.path()).await;
            let honest = ["three", "two", "one"].map(str::to_owned).to_vec();
            assert_eq!(found, (honest, "intact".to_owned()), "{what}");
        }
        if what.ends_with("file") {
            let left = fs::read_to_string(&aside).unwrap();
            assert_eq!(left, forged, "{what}: written through");
            fs::remove_file(&aside).unwrap();
        } else if what.contains("folder") {
            assert_eq!(fs::read_to_string(&file).unwrap(), forged, "{what}");
        }
        if aside.is_dir() {
            fs::remove_dir_all(&aside).unwrap();
        }
        fs::remove_dir_all(&home).unwrap();
    }
}
