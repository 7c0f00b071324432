//! One run as a page of its own: a file that needs neither this program nor a network.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kaos_hooks::SpanId;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::agents::Agents;
use super::detail::{self, Records};
use super::page::{MODULES, STYLE};
use super::shared::Shared;
use super::sources::Sources;
use super::verdict::Expected;
use super::watch;
use crate::output::Failed;
use crate::runs::{Query, about};
use crate::verification::Against;

/// The page of the newest run that is asked for; of the runs that it called, too, as far as the trail has them. It says how the trail
/// stood when it was written.
pub(crate) fn page_of(trail: &Path, query: &Query, against: &Against) -> Result<String, Failed> {
    let sources = Sources::of(&[trail.to_owned()], None)?;
    let expected = Expected::of(against)?;
    let shared = Shared::new(sources, expected, Agents::Team(String::new()), None, None);
    watch::once(&shared);
    let (trace, id) = {
        let index = shared.index();
        let found = query.find(&index);
        let run = found.first().ok_or("no run matches")?;
        let trails = shared.trails();
        let name = trails.get(run.key.trail).map(|it| it.name.as_str());
        (run.run.trace.to_string(), run.id(name.unwrap_or_default()))
    };
    let asked = (trace, id);
    let (mut spans, mut answers) = (Map::new(), Map::new());
    let failed = |wrong: super::answer::Wrong| wrong.to_string();
    let mut read = detail::with_spans(&shared, &asked).map_err(failed)?;
    // Of the spans that are shown, each has records; the others are said to be left out.
    let shown = read.get("spans").and_then(Value::as_array);
    let shown = shown.into_iter().flatten();
    let shown = shown.filter_map(|it| it.get("id")?.as_str()?.parse().ok());
    let mut of_spans: HashMap<SpanId, Records> = shown.map(|it| (it, Records::default())).collect();
    detail::read(&shared, &asked, |watched, recorded| {
        let span = about(&recorded.event);
        if let Some(records) = span.and_then(|it| of_spans.get_mut(&it)) {
            records.add(&watched.name, &recorded);
        }
    })
    .map_err(failed)?;
    // In the file there is no other that could be meant.
    if let Some(run) = read.get_mut("run").and_then(Value::as_object_mut) {
        run.insert("id".to_owned(), "-".into());
    }
    let trace = &asked.0;
    for (span, records) in of_spans {
        let of: Value = serde_json::from_str(&records.as_json())?;
        spans.insert(format!("/api/records/{trace}/-?span={span}"), of);
    }
    let trails = shared.trails();
    let trails = trails.iter().map(|it| {
        let verdict = it.verdict();
        json!({ "name": it.name, "trust": verdict.summary() })
    });
    let trails: Vec<Value> = trails.collect();
    let of_file = json!({ "run": read.get("run"), "trails": trails });
    answers.insert("/api/file".to_owned(), of_file);
    answers.insert(format!("/api/run/{trace}/-"), read);
    answers.append(&mut spans);
    Ok(page(&Value::Object(answers)))
}

fn page(answers: &Value) -> String {
    // Nothing in it ends the element that it stands in.
    let data = answers.to_string().replace('<', "\\u003c");
    let script = bundle();
    let (of_script, of_style) = (hash(&script), hash(STYLE));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '{of_script}'; style-src '{of_style}'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>kaos</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<script type=\"application/json\" id=\"kaos-data\">{data}</script>\n<script type=\"module\">{script}</script>\n</body>\n</html>\n"
    )
}

/// As a Content-Security-Policy names what it allows.
fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(text)))
}

/// The modules as one: each a function's inside, which gives what the module exports.
fn bundle() -> String {
    let mut whole = String::from("\n");
    for (name, module) in MODULES {
        let name = name.trim_end_matches(".js");
        let mut exported: Vec<&str> = Vec::new();
        let mut inside = String::new();
        for line in module.lines() {
            if let Some(import) = line.strip_prefix("import ") {
                inside.push_str(&imported(import));
            } else if let Some(rest) = line.strip_prefix("export ") {
                exported.extend(name_of(rest));
                inside.push_str(rest);
            } else {
                inside.push_str(line);
            }
            inside.push('\n');
        }
        let exported = exported.join(", ");
        let parts = [
            "const m_",
            name,
            " = (() => {\n",
            &inside,
            "return { ",
            &exported,
            " };\n})();\n",
        ];
        whole.extend(parts);
    }
    whole
}

/// `{ a, b as c } from './d.js';` as `const { a, b: c } = m_d;`.
fn imported(import: &str) -> String {
    let parts = import.split_once(" from './");
    let (names, from) = parts.unwrap_or((import, ""));
    let from = from.trim_end_matches(".js';");
    format!("const {} = m_{from};", names.replace(" as ", ": "))
}

/// What `async function show(…` declares.
fn name_of(declared: &str) -> Option<&str> {
    let keywords = ["async", "function", "function*", "const", "let", "class"];
    let mut words = declared.split([' ', '(', '=', '{']);
    words.find(|word| !word.is_empty() && !keywords.contains(word))
}
