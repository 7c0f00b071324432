//! What a line looks like, and that nobody can forge one.

use kaos_otel_hook::{LogLayer, LogLine};
use tracing_subscriber::layer::SubscriberExt as _;

use super::Heard;

#[track_caller]
fn check(code: impl FnOnce(), expected: &str) {
    let heard = Heard::new();
    tracing::subscriber::with_default(heard.subscriber(), code);
    let lines: Vec<_> = heard
        .lines()
        .iter()
        .map(|line| line.replace("suite::logs::lines", "app"))
        .collect();
    assert_eq!(lines, [expected]);
}

#[test]
fn a_line_has_level_target_message_and_fields() {
    check(|| tracing::info!("Hello."), "INFO app: Hello.");
    check(
        || tracing::warn!(target: "my::db", "slow"),
        "WARN my::db: slow",
    );
    check(
        || tracing::error!(rows = 3, part = 0.5, done = false, name = "x", "Hello."),
        "ERROR app: Hello. rows=3 part=0.5 done=false name=x",
    );
    check(|| tracing::debug!(rows = 3), "DEBUG app: rows=3");
    check(
        || tracing::trace!(path = r"C:\new", "Käse: 芝士 👩‍🚀"),
        r"TRACE app: Käse: 芝士 👩‍🚀 path=C:\new",
    );
}

#[test]
fn text_whose_end_one_could_not_see_is_quoted() {
    check(|| tracing::info!(text = ""), r#"INFO app: text="""#);
    check(|| tracing::info!(text = "a b"), r#"INFO app: text="a b""#);
    check(
        || tracing::info!(text = "a trace_id=0"),
        r#"INFO app: text="a trace_id=0""#,
    );
    check(
        || tracing::info!(text = r#"a "b" \"#),
        r#"INFO app: text="a \"b\" \\""#,
    );
}

#[test]
fn text_can_neither_forge_a_line_nor_drive_a_terminal() {
    let forged = "ok\n2026-01-15T10:30:45Z ERROR app: forged\r\u{1b}[2J\u{9b}31m\u{7}\u{0}\t\u{7f}";
    let shown = r"ok\n2026-01-15T10:30:45Z ERROR app: forged\r\u{1b}[2J\u{9b}31m\u{7}\u{0}\t\u{7f}";
    check(|| tracing::info!("{forged}"), &format!("INFO app: {shown}"));
    check(
        || tracing::info!(text = forged),
        &format!("INFO app: text=\"{shown}\""),
    );
    check(
        || tracing::info!(text = %forged),
        &format!("INFO app: text=\"{shown}\""),
    );
    check(
        || tracing::info!(target: "log", { log.target = forged }, "it"),
        &format!("INFO {shown}: it"),
    );
    check(
        || tracing::info!("a\u{2028}b\u{2029}c\u{85}d\u{202e}e\u{2066}f\u{200f}g"),
        r"INFO app: a\u{2028}b\u{2029}c\u{85}d\u{202e}e\u{2066}f\u{200f}g",
    );
}

#[test]
fn a_value_that_cannot_be_formatted_does_not_lose_the_line() {
    struct Broken;
    impl std::fmt::Debug for Broken {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("half")?;
            Err(std::fmt::Error)
        }
    }
    check(
        || tracing::info!(broken = ?Broken, rows = 3, "it"),
        "INFO app: it broken=half rows=3",
    );
}

#[test]
fn a_lines_texts_are_cut_to_the_limit() {
    let heard = Heard::new();
    let line = LogLine::default().with_value_limit(Some(4));
    let subscriber = tracing_subscriber::registry()
        .with(LogLayer::new(&heard.provider))
        .with(heard.text(line));
    tracing::subscriber::with_default(subscriber, || tracing::info!(text = "abcdef", "Hello."));
    assert_eq!(heard.lines(), ["INFO suite::logs::lines: Hel… text=abc…"]);
}
