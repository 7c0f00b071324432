//! The pages: HTML, style and script, all of it in this program.

use axum::Router;
use axum::routing::get;

use super::answer::text;

const HTML: &str = include_str!("../../page/index.html");
pub(super) const STYLE: &str = include_str!("../../page/style.css");
const ICON: &str = include_str!("../../page/icon.svg");

/// The modules of the script, each after those that it takes from.
pub(super) const MODULES: &[(&str, &str)] = &[
    ("dom.js", include_str!("../../page/dom.js")),
    ("format.js", include_str!("../../page/format.js")),
    ("api.js", include_str!("../../page/api.js")),
    ("json.js", include_str!("../../page/json.js")),
    ("messages.js", include_str!("../../page/messages.js")),
    ("panel.js", include_str!("../../page/panel.js")),
    ("waterfall.js", include_str!("../../page/waterfall.js")),
    ("runs.js", include_str!("../../page/runs.js")),
    ("run.js", include_str!("../../page/run.js")),
    ("session.js", include_str!("../../page/session.js")),
    ("compare.js", include_str!("../../page/compare.js")),
    ("charts.js", include_str!("../../page/charts.js")),
    ("numbers.js", include_str!("../../page/numbers.js")),
    ("trust.js", include_str!("../../page/trust.js")),
    ("agents.js", include_str!("../../page/agents.js")),
    ("app.js", include_str!("../../page/app.js")),
];

pub(super) fn routes(mut router: Router) -> Router {
    for (name, module) in MODULES {
        let script = async || text("text/javascript; charset=utf-8", *module);
        router = router.route(&format!("/{name}"), get(script));
    }
    router
        .route("/", get(async || text("text/html; charset=utf-8", HTML)))
        .route(
            "/style.css",
            get(async || text("text/css; charset=utf-8", STYLE)),
        )
        .route("/icon.svg", get(async || text("image/svg+xml", ICON)))
}
