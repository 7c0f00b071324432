//! Which `kaos.toml` is taken.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use super::{answering, said};
use crate::audit::Scratch;

const SETTINGS: &str = "instructions = \"Be brief.\"\n";

/// A user's home, and a directory with a `kaos.toml` in it.
struct Place {
    scratch: Scratch,
}

impl Place {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(&format!("trust-{name}"));
        fs::create_dir_all(scratch.path().join("home")).unwrap();
        fs::create_dir_all(scratch.path().join("here")).unwrap();
        fs::write(scratch.path().join("here/kaos.toml"), SETTINGS).unwrap();
        Self { scratch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    async fn kaos(&self, within: &str, arguments: &[&str]) -> Output {
        let mut command = answering(arguments, &self.path(within));
        command
            .env("HOME", self.path("home"))
            .output()
            .await
            .unwrap()
    }

    async fn run(&self, within: &str) -> Output {
        self.kaos(within, &["run", "-q", "Hi!"]).await
    }

    async fn trust(&self) {
        let output = self.kaos("here", &["trust"]).await;
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }

    fn store(&self) -> PathBuf {
        self.path("home/.local/state/kaos/trust")
    }

    fn entry(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.store()).unwrap();
        let entry = entries.next().unwrap().unwrap().path();
        assert!(entries.next().is_none());
        entry
    }
}

fn answers(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    assert_eq!(output.stdout, b"Hello.\n");
}

fn refuses(output: &Output, why: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(why), "{why}: {said}");
    for way in ["`kaos trust`", "--config kaos.toml"] {
        assert!(said.contains(way), "{said}");
    }
    assert!(output.stdout.is_empty());
}

/// What happens between `kaos trust` and `kaos run`, where the latter runs, and why it refuses.
type Case = (&'static str, fn(&Place), &'static str, Option<&'static str>);

const CASES: &[Case] = &[
    ("nothing", |_| {}, "here", None),
    (
        "changed",
        |it| fs::write(it.path("here/kaos.toml"), "instructions = \"Lie.\"\n").unwrap(),
        "here",
        Some("kaos.toml was changed since it was trusted"),
    ),
    (
        "written again as it was",
        |it| {
            fs::remove_file(it.path("here/kaos.toml")).unwrap();
            fs::write(it.path("here/kaos.toml"), SETTINGS).unwrap();
        },
        "here",
        None,
    ),
    (
        "anybody may write it: its content counts",
        |it| chmod(&it.path("here/kaos.toml"), 0o666),
        "here",
        None,
    ),
    (
        "moved",
        |it| fs::rename(it.path("here"), it.path("there")).unwrap(),
        "there",
        Some("kaos.toml is not trusted"),
    ),
    (
        "copied",
        |it| {
            fs::create_dir(it.path("there")).unwrap();
            fs::copy(it.path("here/kaos.toml"), it.path("there/kaos.toml")).unwrap();
        },
        "there",
        Some("kaos.toml is not trusted"),
    ),
    (
        "the directory by another name",
        |it| symlink(it.path("here"), it.path("alias")).unwrap(),
        "alias",
        None,
    ),
    (
        "another directory's link to it",
        |it| {
            fs::create_dir(it.path("there")).unwrap();
            symlink(it.path("here/kaos.toml"), it.path("there/kaos.toml")).unwrap();
        },
        "there",
        Some("kaos.toml is not trusted"),
    ),
    (
        "it is a link now, to the same",
        |it| {
            fs::rename(it.path("here/kaos.toml"), it.path("real.toml")).unwrap();
            symlink(it.path("real.toml"), it.path("here/kaos.toml")).unwrap();
        },
        "here",
        None,
    ),
    (
        "others may write the entry",
        |it| chmod(&it.entry(), 0o622),
        "here",
        Some("is not the user's alone to write"),
    ),
    (
        "others may write the store",
        |it| chmod(&it.store(), 0o722),
        "here",
        Some("is not the user's alone to write"),
    ),
    (
        "the entry is a link",
        |it| {
            let (entry, elsewhere) = (it.entry(), it.path("elsewhere"));
            fs::rename(&entry, &elsewhere).unwrap();
            symlink(elsewhere, entry).unwrap();
        },
        "here",
        Some("kaos.toml is not trusted"),
    ),
    (
        "the entry is empty",
        |it| fs::write(it.entry(), "").unwrap(),
        "here",
        Some("kaos.toml"),
    ),
    (
        "the entry is no text",
        |it| fs::write(it.entry(), [0xff; 64]).unwrap(),
        "here",
        Some("kaos.toml is not trusted"),
    ),
];

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn what_was_trusted_is_taken_as_long_as_it_is_the_same_at_the_same_place() {
    for (number, (what, change, within, refused)) in CASES.iter().enumerate() {
        let place = Place::new(&number.to_string());
        refuses(&place.run("here").await, "kaos.toml is not trusted");
        place.trust().await;
        change(&place);
        let output = place.run(within).await;
        println!("{what}");
        match refused {
            None => answers(&output),
            Some(why) => refuses(&output, why),
        }
    }
}

#[tokio::test]
async fn trust_is_kept_to_the_user_and_is_taken_back() {
    let place = Place::new("modes");
    place.trust().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.store()), 0o700);
    assert_eq!(mode(&place.entry()), 0o600);
    let text = fs::read_to_string(place.entry()).unwrap();
    assert!(text.ends_with("/here/kaos.toml\n"), "{text}");
    answers(&place.run("here").await);
    // Not beside it: a named one is taken, whatever it is.
    fs::write(place.path("here/other.toml"), "# mine\n").unwrap();
    let named = ["run", "-q", "Hi!", "--config", "other.toml"];
    answers(&place.kaos("here", &named).await);
    let revoked = place.kaos("here", &["trust", "--revoke"]).await;
    assert_eq!(revoked.status.code(), Some(0));
    refuses(&place.run("here").await, "kaos.toml is not trusted");
    let again = place.kaos("here", &["trust", "--revoke"]).await;
    assert!(
        said(&again).starts_with("not trusted: "),
        "{}",
        said(&again)
    );
    // Without one there is nothing to trust.
    fs::remove_file(place.path("here/kaos.toml")).unwrap();
    answers(&place.run("here").await);
}

#[tokio::test]
async fn what_a_file_does_is_shown_when_it_is_trusted_and_a_broken_one_is_not() {
    let place = Place::new("effects");
    let settings = r#"
        trail = "trail"
        [model]
        url = "https://me:secret-word@models.example.org/v1?key=secret-word"
        [[mcp]]
        server = "https://mcp.example.org/secret-word/mcp"
        token_env = "SEARCH_TOKEN"
        [[mcp]]
        server = "mcp-files"
        args = ["--root", "/srv/my files"]
        env = { PATH = "/secret-word", LD_PRELOAD = "secret-word" }
        env_from = ["FILES_TOKEN"]
    "#;
    fs::write(place.path("here/kaos.toml"), settings).unwrap();
    let output = place.kaos("here", &["trust"]).await;
    let text = said(&output);
    for line in [
        "asks the model at https://models.example.org\n",
        "asks https://mcp.example.org and sends it $SEARCH_TOKEN\n",
        "starts mcp-files --root /srv/my files with its own LD_PRELOAD, PATH and gives it $FILES_TOKEN\n",
        "writes the audit trail trail\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains("secret-word"), "{text}");

    // The line that is wrong is named, and not shown.
    let broken = "\ninstructions = \"a\"\n[limits]\nsteps = \"secret-word\"\n";
    fs::write(place.path("here/kaos.toml"), broken).unwrap();
    for arguments in [&["trust"][..], &["run", "Hi!", "--config", "kaos.toml"]] {
        let output = place.kaos("here", arguments).await;
        assert_eq!(output.status.code(), Some(2));
        let text = said(&output);
        assert!(text.starts_with("kaos: kaos.toml:4: "), "{text}");
        assert!(!text.contains("secret-word"), "{text}");
    }
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused_and_nothing_is_waited_for() {
    let place = Place::new("odd");
    // Nobody's home.
    let mut homeless = answering(&["run", "-q", "Hi!"], &place.path("here"));
    refuses(
        &homeless.output().await.unwrap(),
        "neither XDG_STATE_HOME nor HOME",
    );
    // A state directory that is not absolute is none.
    let mut odd = answering(&["run", "-q", "Hi!"], &place.path("here"));
    odd.env("XDG_STATE_HOME", "state");
    refuses(
        &odd.output().await.unwrap(),
        "neither XDG_STATE_HOME nor HOME",
    );
    // A named one may be anything that can be read.
    answers(
        &place
            .kaos("here", &["run", "-q", "Hi!", "--config", "/dev/null"])
            .await,
    );
    // No file, and too large a one.
    let file = place.path("here/kaos.toml");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let output = place.run("here").await;
    assert_eq!(output.status.code(), Some(2));
    fs::remove_dir(&file).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let output = place.run("here").await;
    assert!(said(&output).contains("it is no file"), "{}", said(&output));
    fs::remove_file(&file).unwrap();
    fs::write(&file, "#".repeat(1024 * 1024 + 1)).unwrap();
    let output = place.run("here").await;
    assert!(
        said(&output).contains("larger than 1 MiB"),
        "{}",
        said(&output)
    );
    assert_eq!(output.status.code(), Some(2));
}
