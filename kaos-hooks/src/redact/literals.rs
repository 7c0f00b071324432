//! The literals of all rules, found in one pass, and what each of them triggers.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use aho_corasick::automaton::Automaton;
use aho_corasick::{Anchored, MatchKind, dfa};

use super::commands::{self, Command};
use super::rule::Rule;
use super::vendors::{self, Vendor};
use super::{Class, pem, sentinel, url, vocabulary};

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
    /// A command that reads a password which another one says.
    Reader,
    /// A statement that inserts rows.
    Insert,
    Own(usize),
}

/// The automaton of the built-in rules, made once.
pub(super) static BUILT_IN: LazyLock<Literals> = LazyLock::new(|| Literals::new(&[]));

/// The automaton, and what each of its literals triggers.
#[derive(Debug)]
pub(super) struct Literals {
    automaton: dfa::DFA,
    triggers: Vec<Trigger>,
}

impl Literals {
    pub(super) fn new(rules: &[Rule]) -> Self {
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
            ("auth plain ", Trigger::Basic),
            ("eyJ", Trigger::Jwt),
            (pem::BEGIN, Trigger::Pem),
            (commands::INSERT, Trigger::Insert),
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
            .chain(commands::READERS.iter().map(|it| (*it, Trigger::Reader)))
            .chain(pem::OTHERS.iter().map(|start| (*start, Trigger::Pem)))
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

    /// Calls `found` for every literal of `bytes`, until it breaks.
    pub(super) fn each<B>(
        &self,
        bytes: &[u8],
        from: usize,
        mut found: impl FnMut(usize, usize, &Trigger) -> ControlFlow<B>,
    ) -> Option<B> {
        let automaton = &self.automaton;
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
                    if let Some(trigger) = self.triggers.get(pattern.as_usize())
                        && let ControlFlow::Break(value) = found(start, index + 1, trigger)
                    {
                        return Some(value);
                    }
                }
            }
        }
        None
    }
}
