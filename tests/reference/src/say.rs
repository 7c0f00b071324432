//! What a bench says of a figure that is no ratio of interleaved cases.

/// One line of a table; with `--json` among the program's arguments, one JSON object.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
pub fn say(what: &str, figure: f64, unit: &str) {
    if std::env::args().any(|argument| argument == "--json") {
        println!("{{\"case\":\"{what}\",\"ratio\":{figure:.3}}}");
    } else {
        println!("{what:38} {figure:12.3} {unit}");
    }
}
