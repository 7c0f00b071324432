use super::index::{Entry, Index};
use super::run::{CallKind, State};

/// So many digits of a trace's id are taken for a part of it.
const ID_DIGITS: usize = 6;

/// Which runs are asked for; what is absent or empty lets all through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub(crate) agent: String,
    pub(crate) session: String,
    pub(crate) trace: String,
    /// `open`, `complete`, `error`, `cancelled`, `suspended`; `failed`: ended otherwise than complete, `denied`: a
    /// gate let something not through, `cut`: records are missing.
    pub(crate) status: String,
    /// A tool or an agent that was called.
    pub(crate) tool: String,
    /// Words of the question, the answer, names and ids, in any case.
    pub(crate) text: String,
    /// Nanoseconds since 1970.
    pub(crate) since: Option<u64>,
    pub(crate) until: Option<u64>,
    pub(crate) min_ms: Option<u64>,
    pub(crate) max_ms: Option<u64>,
    /// Runs that another one called, too.
    pub(crate) nested: bool,
}

impl Query {
    /// The runs that it lets through, the newest first.
    pub(crate) fn find<'i>(&self, index: &'i Index) -> Vec<Entry<'i>> {
        let text = self.text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let wanted = |it: &Entry<'_>| self.wants(it) && has_all(it, &words);
        let mut found: Vec<_> = index.entries().filter(wanted).collect();
        found.sort_unstable_by_key(|it| std::cmp::Reverse((it.run.at, it.key)));
        found
    }

    fn wants(&self, entry: &Entry<'_>) -> bool {
        let run = entry.run;
        let is = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        let session = run.session.as_deref().unwrap_or_default();
        let millis = run.duration.map(|it| it.as_millis());
        let longer = |least: u64| millis.is_some_and(|it| it >= u128::from(least));
        let shorter = |most: u64| millis.is_some_and(|it| it <= u128::from(most));
        (self.nested || !entry.is_nested)
            && is(&self.agent, &run.agent)
            && is(&self.session, session)
            && (self.trace.is_empty() || self.trace == run.trace.to_string())
            && self.since.is_none_or(|since| run.at >= since)
            && self.until.is_none_or(|until| run.at < until)
            && self.min_ms.is_none_or(longer)
            && self.max_ms.is_none_or(shorter)
            && self.is_status(entry)
            && (self.tool.is_empty() || calls(entry, &self.tool))
    }

    fn is_status(&self, entry: &Entry<'_>) -> bool {
        let run = entry.run;
        match self.status.as_str() {
            "" => true,
            "open" => run.state == State::Open,
            "complete" => run.state == State::Complete,
            "error" => run.state == State::Error,
            "cancelled" => run.state == State::Cancelled,
            "suspended" => run.state == State::Suspended,
            "failed" => !matches!(run.state, State::Open | State::Complete),
            "denied" => run.denied > 0,
            "cut" => !run.has_beginning,
            _ => false,
        }
    }
}

fn calls(entry: &Entry<'_>, name: &str) -> bool {
    let mut calls = entry.run.calls.iter();
    calls.any(|it| matches!(it.kind, CallKind::Tool | CallKind::Agent) && *it.name == *name)
}

fn has_all(entry: &Entry<'_>, words: &[&str]) -> bool {
    if words.is_empty() {
        return true;
    }
    let run = entry.run;
    let session = run.session.as_deref().unwrap_or_default();
    let error = run.error.as_deref().unwrap_or_default();
    let texts = [&*run.question, &*run.answer, &*run.agent, session, error];
    let mut all = texts.join("\n");
    for call in &run.calls {
        all.push('\n');
        all.push_str(&call.name);
    }
    let all = all.to_lowercase();
    // A short word would be in many an id.
    let trace = run.trace.to_string();
    let is_of_id = |word: &str| word.len() >= ID_DIGITS && trace.contains(word);
    words
        .iter()
        .all(|word| all.contains(word) || is_of_id(word))
}
