//! The literals of all rules, found in one pass, and what each of them triggers.

use std::sync::LazyLock;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::{Anchored, MatchKind, dfa};

use super::commands::{self, Command};
use super::hit::Hit;
use super::rule::Rule;
use super::vendors::{self, Vendor};
use super::{Class, ascii, pem, sentinel, url, vocabulary};

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
pub(crate) struct Literals {
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
            .chain(commands::INSERTS.iter().map(|it| (*it, Trigger::Insert)))
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

    /// What is to be done where a literal was found.
    pub(super) fn trigger(&self, hit: Hit) -> Option<&Trigger> {
        self.triggers.get(hit.which)
    }

    /// Adds the literals of `bytes` that end in `from..to`; gives how far it came, and the state
    /// there, which may be given back to go on.
    pub(super) fn read(
        &self,
        bytes: &[u8],
        (from, state): (usize, Option<StateID>),
        to: usize,
        found: &mut Vec<Hit>,
    ) -> (usize, Option<StateID>) {
        let automaton = &self.automaton;
        let Ok(begin) = automaton.start_state(Anchored::No) else {
            return (to, None);
        };
        let mut state = state.unwrap_or(begin);
        let mut rest = ascii::part(bytes, from, to).iter().enumerate();
        while let Some((index, byte)) = rest.next() {
            // What was redacted before is full of words that tell, and tells nothing.
            if *byte == b'<'
                && let Some(end) = sentinel::end(bytes, from + index)
            {
                if end >= to {
                    return (end, None);
                }
                rest.nth(end - from - index - 2);
                state = begin;
                continue;
            }
            state = automaton.next_state(Anchored::No, state, *byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                let end = from + index + 1;
                for number in 0..automaton.match_len(state) {
                    let pattern = automaton.match_pattern(state, number);
                    found.push(Hit {
                        start: end - automaton.pattern_len(pattern),
                        end,
                        which: pattern.as_usize(),
                    });
                }
            }
        }
        (to, Some(state))
    }
}
