/// Tells the user, through `tracing` or, in a program without a subscriber, on stderr.
#[expect(
    clippy::print_stderr,
    reason = "with no subscriber a warning would be lost in silence"
)]
pub(crate) fn say(message: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::warn!("{message}");
    } else {
        eprintln!("kaos: {message}");
    }
}
