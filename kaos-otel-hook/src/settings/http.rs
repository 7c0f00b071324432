//! What the variables say of HTTP around the turns.

use regex_automata::meta::Regex;

use super::vars::Vars;
use crate::conventions::STABILITY_OPT_IN;

const EXCLUDED: [&str; 2] = [
    "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS",
    "OTEL_PYTHON_EXCLUDED_URLS",
];

/// Which requests over HTTP have spans of their own.
///
/// | variable | meaning | default |
/// |---|---|---|
/// | `OTEL_INCLUDE_HTTP_SERVER` | a SERVER span for each request that is answered | `false` |
/// | `OTEL_INCLUDE_HTTP_CLIENT` | a CLIENT span for each request that is made | `false` |
/// | `OTEL_SEMCONV_STABILITY_OPT_IN` | with `http/dup` in it: attributes also under the names of before 2023 | the stable ones |
/// | `OTEL_PYTHON_FASTAPI_EXCLUDED_URLS`, else `OTEL_PYTHON_EXCLUDED_URLS` | regular expressions with commas between them: a path in which one is found has no SERVER span | `/health,/ready` |
///
/// The names are those of OpenTelemetry's Python instrumentation. It looks for the expressions in the whole
/// URL; here it is the path, as the rest is what the client says it is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpSettings {
    /// Whether each request that is answered has a span.
    pub server: bool,
    /// Whether each request that is made has a span.
    pub client: bool,
    /// Whether attributes also have their old names.
    pub old_names: bool,
    excluded: Option<Regex>,
}

impl HttpSettings {
    pub(super) fn of(vars: &Vars<'_>) -> Self {
        let words = vars.get(STABILITY_OPT_IN).unwrap_or_default();
        Self {
            server: yes(vars, "OTEL_INCLUDE_HTTP_SERVER"),
            client: yes(vars, "OTEL_INCLUDE_HTTP_CLIENT"),
            old_names: words.split(',').any(|word| word.trim() == "http/dup"),
            excluded: excluded(vars),
        }
    }

    /// Whether requests to this path have no SERVER span.
    pub fn excludes(&self, path: &str) -> bool {
        self.excluded.as_ref().is_some_and(|it| it.is_match(path))
    }
}

impl Default for HttpSettings {
    /// No spans.
    fn default() -> Self {
        Self::of(&Vars::new(&|_unset| None))
    }
}

fn yes(vars: &Vars<'_>, name: &str) -> bool {
    let Some(value) = vars.get(name) else {
        return false;
    };
    crate::text::yes_or_no(&value).unwrap_or_else(|| {
        vars.bad(name, &value, "true or false", "false");
        false
    })
}

fn excluded(vars: &Vars<'_>) -> Option<Regex> {
    let given = vars.first(&EXCLUDED.map(str::to_owned));
    let (name, list) = given.unwrap_or_else(|| (String::new(), "/health,/ready".to_owned()));
    let mut patterns = Vec::new();
    for (at, pattern) in list.split(',').map(str::trim).enumerate() {
        match Regex::new(pattern) {
            Ok(_) if pattern.is_empty() => {}
            Ok(_) => patterns.push(pattern),
            Err(_) => vars.warn(format!(
                "entry {} of {name} is no regular expression; using the others",
                at + 1
            )),
        }
    }
    Regex::new_many(&patterns)
        .ok()
        .filter(|_| !patterns.is_empty())
}
