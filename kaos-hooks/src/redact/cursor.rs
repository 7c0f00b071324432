//! What is done where a literal was found, and what a pass over a text remembers.

use super::commands;
use super::finding::Findings;
use super::literals::Trigger;
use super::lookahead::Lookahead;
use super::pattern::Runs;
use super::rule::Rule;
use super::usernames::{self, Account};
use super::vocabulary::{Meaning, Seen};
use super::{bearer, named, pem, url};

/// What a pass over the literals of a text remembers.
pub(super) struct Cursor<'s> {
    seen: &'s mut Seen,
    runs: Runs,
    ahead: Lookahead,
    account: Account,
    command: commands::Current,
    recent: commands::Recent,
    name_end: usize,
    key_end: usize,
    armour_end: usize,
    path_end: usize,
    row_end: usize,
}

impl<'s> Cursor<'s> {
    /// At the start of a text.
    pub(super) fn new(seen: &'s mut Seen) -> Self {
        Self {
            seen,
            runs: Runs::default(),
            ahead: Lookahead::default(),
            account: Account::default(),
            command: commands::Current::default(),
            recent: commands::Recent::default(),
            name_end: 0,
            key_end: 0,
            armour_end: 0,
            path_end: 0,
            row_end: 0,
        }
    }

    /// Looks at what is around the literal `start..end`.
    pub(super) fn at_literal(
        &mut self,
        rules: &[Rule],
        text: &str,
        (start, end): (usize, usize),
        trigger: &Trigger,
        findings: &mut Findings,
    ) {
        let bytes = text.as_bytes();
        match trigger {
            Trigger::Name => self.name(text, start, end, findings),
            Trigger::Vendor(vendor, class) if start >= self.key_end => {
                if let Some((key_start, key_end)) = vendor.find(bytes, start, end, &mut self.runs) {
                    self.key_end = key_end;
                    findings.add(key_start, key_end, class.clone(), vendor.literal);
                }
            }
            Trigger::Url => url::userinfo(text, start, findings),
            Trigger::Host if start >= self.path_end => {
                self.path_end = url::path(text, start, end, findings);
            }
            Trigger::Bearer => bearer::bearer(text, end, &mut self.runs, findings),
            Trigger::Basic => bearer::basic(bytes, end, &mut self.runs, findings),
            Trigger::Jwt if start >= self.key_end => {
                bearer::jwt(bytes, start, &mut self.runs, findings);
            }
            Trigger::Pem if start >= self.armour_end => {
                self.armour_end = pem::find(bytes, start, findings).unwrap_or(end);
            }
            Trigger::Insert if start >= self.row_end => {
                self.row_end = commands::insert(text, end, findings);
            }
            Trigger::Vendor(..) | Trigger::Jwt | Trigger::Pem | Trigger::Host | Trigger::Insert => {
            }
            Trigger::Command(command) => self.command.enter(bytes, start, command),
            Trigger::Option => self.command.option(text, start, end, findings),
            Trigger::Login => commands::login(
                text,
                (start, end),
                (&mut self.ahead, &mut self.recent),
                findings,
            ),
            Trigger::Reader => commands::piped(text, (start, end), &mut self.recent, findings),
            Trigger::Own(index) => {
                if let Some(rule) = rules.get(*index)
                    && let Some(end) = rule.find(text, start)
                {
                    findings.add(start, end, rule.class().clone(), "own rule");
                }
            }
        }
    }

    fn name(&mut self, text: &str, start: usize, end: usize, findings: &mut Findings) {
        if start < self.name_end {
            return;
        }
        let (name_start, name_end) = named::name_around(text, start, end);
        self.name_end = name_end;
        let Some(named) = named::read(text, name_start, name_end, self.seen, &mut self.ahead)
        else {
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
