//! All rules over one stretch of text.
//!
//! One automaton finds the literals of all rules in a single pass; at a hit the rule that owns
//! the literal looks at what is around it, within a bound. Numbers and `@` have scanners of
//! their own. No step goes back over more than a bounded stretch, so the cost is linear on any
//! input.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use aho_corasick::automaton::Automaton;
use aho_corasick::{Anchored, MatchKind, dfa};

use super::commands::{self, Command};
use super::finding::{Finding, Findings};
use super::lookahead::Lookahead;
use super::pattern::Runs;
use super::rule::Rule;
use super::usernames::{self, Account};
use super::vendors::{self, Vendor};
use super::view::{self, View};
use super::vocabulary::{self, Meaning};
use super::{Class, bearer, digits, email, iban, named, on_request, pem, sentinel, token, url};

/// What to do where a literal was found.
#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    Vendor(&'static Vendor, Class),
    /// A word that tells about the value beside it.
    Name,
    Url,
    Host,
    Bearer,
    Basic,
    Jwt,
    Pem,
    Command(&'static Command),
    /// An option that a command may have.
    Option,
    /// A call that logs in.
    Login,
    Own(usize),
}

/// The automaton of the built-in rules, made once.
static BUILT_IN: LazyLock<Literals> = LazyLock::new(|| Literals::new(&[]));

/// The automaton, and what each of its literals triggers.
#[derive(Debug)]
struct Literals {
    automaton: dfa::DFA,
    triggers: Vec<Trigger>,
}

impl Literals {
    fn new(rules: &[Rule]) -> Self {
        let vendors = vendors::TABLES.iter().flat_map(|(class, vendors)| {
            vendors
                .iter()
                .map(|vendor| (vendor.literal, Trigger::Vendor(vendor, class.clone())))
        });
        let fixed = [
            ("://", Trigger::Url),
            ("bearer ", Trigger::Bearer),
            ("ssws ", Trigger::Bearer),
            ("basic ", Trigger::Basic),
            ("eyJ", Trigger::Jwt),
            (pem::BEGIN, Trigger::Pem),
        ];
        let all = vendors
            .chain(
                vocabulary::TELLING
                    .iter()
                    .chain(vocabulary::SERVICES)
                    .map(|name| (*name, Trigger::Name)),
            )
            .chain(url::HOSTS.iter().map(|host| (*host, Trigger::Host)))
            .chain(
                commands::COMMANDS
                    .iter()
                    .map(|command| (command.literal, Trigger::Command(command))),
            )
            .chain(
                commands::options()
                    .into_iter()
                    .map(|option| (option, Trigger::Option)),
            )
            .chain(commands::LOGINS.iter().map(|call| (*call, Trigger::Login)))
            .chain(fixed)
            .chain(
                rules
                    .iter()
                    .enumerate()
                    .map(|(index, rule)| (rule.literal(), Trigger::Own(index))),
            );
        let (literals, triggers): (Vec<&str>, Vec<Trigger>) = all.unzip();
        let automaton = dfa::Builder::new()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(&literals)
            .expect("a few hundred short literals fit into an automaton");
        Self {
            automaton,
            triggers,
        }
    }
}

/// The scanners that can say where to look next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    Literal,
    Digits,
    Iban,
    At,
    Escape,
    Token,
    Forged,
}

impl Look {
    pub(crate) const ALL: [Self; 7] = [
        Self::Literal,
        Self::Digits,
        Self::Iban,
        Self::At,
        Self::Escape,
        Self::Token,
        Self::Forged,
    ];
}

/// The rules of one redactor.
#[derive(Debug)]
pub(crate) struct Engine {
    own: Option<Literals>,
    pub(super) rules: Vec<Rule>,
    pub(super) addresses: bool,
    pub(super) phones: bool,
    /// The classes that are switched off.
    pub(super) off: Vec<Class>,
    /// Whether keyed tokens are written.
    pub(super) has_key: bool,
}

impl Engine {
    pub(crate) fn new(
        rules: Vec<Rule>,
        addresses: bool,
        phones: bool,
        off: Vec<Class>,
        has_key: bool,
    ) -> Self {
        let own = (!rules.is_empty()).then(|| Literals::new(&rules));
        Self {
            own,
            rules,
            addresses,
            phones,
            off,
            has_key,
        }
    }

    /// Whether a class is looked for.
    pub(crate) fn finds(&self, class: &Class) -> bool {
        !self.off.contains(class)
    }

    /// Calls `found` for every literal of `bytes`, until it breaks.
    pub(crate) fn literals<B>(
        &self,
        bytes: &[u8],
        from: usize,
        mut found: impl FnMut(usize, usize, &Trigger) -> ControlFlow<B>,
    ) -> Option<B> {
        let literals = self.own.as_ref().unwrap_or_else(|| &*BUILT_IN);
        let automaton = &literals.automaton;
        let begin = automaton.start_state(Anchored::No).ok()?;
        let mut state = begin;
        let mut rest = bytes.iter().enumerate();
        if from > 0 {
            rest.nth(from - 1);
        }
        while let Some((index, byte)) = rest.next() {
            // What was redacted before is full of words that tell, and tells nothing.
            if *byte == b'<'
                && let Some(end) = sentinel::end(bytes, index)
            {
                rest.nth(end - index - 2);
                state = begin;
                continue;
            }
            state = automaton.next_state(Anchored::No, state, *byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                for which in 0..automaton.match_len(state) {
                    let pattern = automaton.match_pattern(state, which);
                    let start = index + 1 - automaton.pattern_len(pattern);
                    if let Some(trigger) = literals.triggers.get(pattern.as_usize())
                        && let ControlFlow::Break(value) = found(start, index + 1, trigger)
                    {
                        return Some(value);
                    }
                }
            }
        }
        None
    }

    /// Where the next candidate of one scanner stands; before it that scanner finds nothing.
    ///
    /// In JSON a word that tells about a value counts wherever it stands.
    pub(crate) fn look(&self, look: Look, text: &str, from: usize, in_json: bool) -> Option<usize> {
        let bytes = text.as_bytes();
        match look {
            Look::Literal if self.addresses || self.phones => (from < bytes.len()).then_some(from),
            Look::Literal => self.next_literal(text, from, in_json),
            Look::Digits => digits::candidate(bytes, from),
            Look::Iban => iban::candidate(bytes, from),
            Look::At => memchr::memchr(b'@', bytes.get(from..)?).map(|index| from + index),
            Look::Escape => view::candidate(bytes, from),
            Look::Token => token::candidate(bytes, from),
            Look::Forged => self.forged_from(text, from),
        }
    }

    fn next_literal(&self, text: &str, from: usize, in_json: bool) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut read_to = 0;
        self.literals(bytes, from, |start, end, trigger| {
            if !matches!(trigger, Trigger::Name) || in_json {
                return ControlFlow::Break(start);
            }
            if start < read_to {
                return ControlFlow::Continue(());
            }
            let (name_start, name_end) = named::name_around(text, start, end);
            read_to = name_end;
            if named::may_assign(text, name_start, name_end) {
                ControlFlow::Break(start)
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    /// All findings of `text`, sorted and apart from each other.
    pub(crate) fn scan(&self, text: &str) -> Vec<Finding> {
        self.scan_from(text, 0)
    }

    /// All findings of `text`, which has no literal before `from`.
    pub(crate) fn scan_from(&self, text: &str, from: usize) -> Vec<Finding> {
        let mut findings = Findings::default();
        self.scan_views(text, from, view::LEVELS, &mut findings);
        if !self.off.is_empty() {
            findings.0.retain(|found| self.finds(&found.class));
        }
        if findings.0.is_empty() {
            return Vec::new();
        }
        let mut joined = findings.joined();
        self.keep_sentinels(text, &mut joined);
        joined
    }

    fn scan_views(&self, text: &str, from: usize, levels: usize, findings: &mut Findings) {
        self.scan_plain(text, from, findings);
        let Some(view) = levels.checked_sub(1).and_then(|_| View::of(text)) else {
            return;
        };
        let mut inner = Findings::default();
        self.scan_views(&view.text, 0, levels - 1, &mut inner);
        for found in inner.0 {
            let (start, end) = (view.original(found.start), view.original_end(found.end));
            if text.is_char_boundary(start) && text.is_char_boundary(end) {
                findings.add(start, end, found.class, found.rule);
            }
        }
    }

    fn scan_plain(&self, text: &str, from: usize, findings: &mut Findings) {
        let bytes = text.as_bytes();
        let mut cursor = Cursor::default();
        self.literals(bytes, from, |start, end, trigger| {
            self.at_literal(text, start, end, trigger, &mut cursor, findings);
            ControlFlow::<()>::Continue(())
        });
        digits::scan(bytes, findings);
        iban::scan(bytes, findings);
        email::scan(text, findings);
        token::scan(text, findings);
        self.forged(text, findings);
        findings.without_hosts();
        if self.addresses {
            on_request::scan_addresses(text, findings);
        }
        if self.phones {
            on_request::scan_phones(bytes, findings);
        }
    }

    fn at_literal(
        &self,
        text: &str,
        start: usize,
        end: usize,
        trigger: &Trigger,
        cursor: &mut Cursor,
        findings: &mut Findings,
    ) {
        let bytes = text.as_bytes();
        match trigger {
            Trigger::Name => cursor.name(text, start, end, findings),
            Trigger::Vendor(vendor, class) if start >= cursor.key_end => {
                if let Some((key_start, key_end)) = vendor.find(bytes, start, end, &mut cursor.runs)
                {
                    cursor.key_end = key_end;
                    findings.add(key_start, key_end, class.clone(), vendor.literal);
                }
            }
            Trigger::Url => url::userinfo(text, start, findings),
            Trigger::Host if start >= cursor.path_end => {
                cursor.path_end = url::path(text, start, end, findings);
            }
            Trigger::Bearer => bearer::bearer(text, end, &mut cursor.runs, findings),
            Trigger::Basic => bearer::basic(bytes, end, &mut cursor.runs, findings),
            Trigger::Jwt if start >= cursor.key_end => {
                bearer::jwt(bytes, start, &mut cursor.runs, findings);
            }
            Trigger::Pem if start >= cursor.armour_end => {
                cursor.armour_end = pem::find(bytes, start, findings).unwrap_or(end);
            }
            Trigger::Vendor(..) | Trigger::Jwt | Trigger::Pem | Trigger::Host => {}
            Trigger::Command(command) => cursor.command.enter(bytes, start, command),
            Trigger::Option => cursor.command.option(text, start, end, findings),
            Trigger::Login => commands::login(text, start, end, findings),
            Trigger::Own(index) => {
                if let Some(rule) = self.rules.get(*index)
                    && let Some(end) = rule.find(text, start)
                {
                    findings.add(start, end, rule.class().clone(), "own rule");
                }
            }
        }
    }
}

/// What a pass over the literals of a text remembers.
#[derive(Default)]
struct Cursor {
    runs: Runs,
    ahead: Lookahead,
    account: Account,
    command: commands::Current,
    name_end: usize,
    key_end: usize,
    armour_end: usize,
    path_end: usize,
}

impl Cursor {
    fn name(&mut self, text: &str, start: usize, end: usize, findings: &mut Findings) {
        if start < self.name_end {
            return;
        }
        let (name_start, name_end) = named::name_around(text, start, end);
        self.name_end = name_end;
        let Some(named) = named::read(text, name_start, name_end, &mut self.ahead) else {
            usernames::sentence(text, name_end, findings);
            return;
        };
        if named.meaning == Meaning::User {
            if !named.is_compared {
                self.account.keep(named.start, named.end);
            }
        } else if let Some(rule) = named.rule {
            // Names inside the value go with it.
            self.name_end = self.name_end.max(named.end);
            findings.add(named.start, named.end, named.meaning.class(), rule);
            if named.meaning == Meaning::Password {
                self.account.pair(text, name_start, findings);
            }
        }
    }
}
