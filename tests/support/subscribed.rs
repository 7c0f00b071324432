use std::sync::Once;

/// Gives the test process a subscriber that takes everything and shows nothing.
///
/// `tracing` remembers, for each place in the code, whether anybody listens. A place that one test
/// reaches first, while another test installs its own subscriber, may be remembered as unheard by
/// both. With somebody listening from the start that cannot be. Tests that look at lines or spans
/// of `tracing`, and tests that reach the same places, call it first.
///
/// # Panics
///
/// If something else has set a global subscriber.
pub fn subscribed() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    });
}
