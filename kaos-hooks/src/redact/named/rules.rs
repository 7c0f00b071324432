//! Which named values are secrets: one row for each kind of name and form.
//!
//! The first row that holds for the name's meaning, the form and the quotes decides; what only
//! stands for a value (a placeholder, a variable, an expression) is left to stand by all rows.

mod look;

use look::{Look, is_plain, stands_for_a_value};

use super::extent::Value;
use super::join::Joint;
use crate::redact::lookahead::Lookahead;
use crate::redact::vocabulary::Meaning;

/// Whether the value stands between quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    With,
    Without,
    Either,
}

/// A row of the table.
#[derive(Debug)]
struct Rule {
    name: &'static str,
    means: u32,
    forms: u32,
    quotes: Quotes,
    look: Look,
    /// What the row takes, and what it leaves.
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the test of the table"))]
    examples: (&'static [&'static str], &'static [&'static str]),
}

/// Some meanings, as bits.
const fn means(list: &[Meaning]) -> u32 {
    let mut bits = 0;
    let mut rest = list;
    while let [first, tail @ ..] = rest {
        bits |= 1 << *first as u32;
        rest = tail;
    }
    bits
}

/// Some forms, as bits.
const fn forms(list: &[Joint]) -> u32 {
    let mut bits = 0;
    let mut rest = list;
    while let [first, tail @ ..] = rest {
        bits |= 1 << *first as u32;
        rest = tail;
    }
    bits
}

use Joint::{
    Argument, Attribute, Beside, Block, Call, Cell, Colon, Compare, Constant, Definition, Element,
    Equals, Flag, Line, NextLine, Pair, Phrase, Query, Sentence, Stated,
};
use Meaning::{About, Certain, Number, Password, Token, Weak};
use Quotes::{Either, With, Without};

#[rustfmt::skip]
const RULES: &[Rule] = &[
    Rule {
        name: "password beside its name", means: means(&[Password, Token, Certain]),
        forms: forms(&[Beside]), quotes: Either, look: Look::Random,
        examples: (&["the password q9w8e7r6t5y4u3i2o1p0"], &["the password sunny"]),
    },
    Rule {
        name: "password on its line", means: means(&[Password]),
        forms: forms(&[Line]), quotes: Without, look: Look::Written(2),
        examples: (
            &["password = sunny_orchard", "MAILER_PASSWORD=mailer_pass # set", "  password: harbor\n",
              "password=my_S3cretPw!99", "- DB_PASS=harbor", "contraseña = playa"],
            &["password = ${DB}", "password: string", "password: SecretStr", "    password = other",
              "password = getpass()", "password: <your password>", "password = changeme",
              "password: /run/secrets/db", "password = None", "password: ****"],
        ),
    },
    Rule {
        name: "passphrase on its line", means: means(&[Password]),
        forms: forms(&[Phrase]), quotes: Without, look: Look::Written(2),
        examples: (&["passphrase: correct horse battery staple", "seed_phrase = abandon ability able"],
                   &["passphrase: Enter the passphrase here", "secret: a secret to everybody"]),
    },
    Rule {
        name: "password in a parameter", means: means(&[Password]),
        forms: forms(&[Query, Pair]), quotes: Either, look: Look::Written(2),
        examples: (
            &["Server=x;Password=harbor;Timeout=3", "host=db password=harbor user=app",
              "?user=kim&password=harbor", "User{name=kim, password=harbor}",
              "[user=kim, password=harbor]", "{Name:kim Password:harbor Age:3}",
              "user[password]=harbor&user[name]=kim"],
            &["Server=x;Password={0};Timeout=3", "f(host=db, password=pw, user=app)",
              "{password=pw}", "{a:b,password:pw}", "e[password]=pw;"],
        ),
    },
    Rule {
        name: "password in quotes", means: means(&[Password]),
        forms: forms(&[Colon, Equals, Line, Constant, Attribute, Definition, Block, Flag, Compare, Sentence,
                 NextLine, Cell, Stated]),
        quotes: With, look: Look::Written(2),
        examples: (
            &["password = \"harbor\"", "  password 'hunter'", "jwtSigningsecret: \"(x!Qz*7+pw\"",
              "buildConfigField \"String\", \"DB_PASSWORD\", \"harbor\"", ":password \"harbor\"",
              "password = SecretStr(\"harbor\")", "password ?= 'harbor'", "var password string = \"harbor\""],
            &["password = \"\"", "password: \"${DB}\"", "password = \"${HOST}-pw7\"", "passwordLabel: \"Password:\"",
              "password = env(\"DB_PASSWORD\")"],
        ),
    },
    Rule {
        name: "password in an element", means: means(&[Password]),
        forms: forms(&[Element, Stated]), quotes: Without, look: Look::Written(2),
        examples: (&["<password>harbor</password>", "<password>\n  harbor\n</password>",
                     "- name: DB_PASSWORD\n  value: harbor\n"],
                   &["<password></password>"]),
    },
    Rule {
        name: "password in an argument", means: means(&[Password]),
        forms: forms(&[Argument, Call]), quotes: With, look: Look::TypedOrToken,
        examples: (&["login(\"password\", \"h4rbor!\")"], &["label(\"password\", \"harbor\")"]),
    },
    Rule {
        name: "password of a constant", means: means(&[Password]),
        forms: forms(&[Constant]), quotes: Without, look: Look::LongWord,
        examples: (&["run DB_PASSWORD=sunnyday cmd"], &["run DB_PASSWORD=a.b"]),
    },
    Rule {
        name: "password behind a flag", means: means(&[Password]),
        forms: forms(&[Flag]), quotes: Without, look: Look::Written(3),
        examples: (&["tool --password harbor"],
                   &["tool --password -v", "tool --password $PW"]),
    },
    Rule {
        name: "password in a sentence", means: means(&[Password]),
        forms: forms(&[Sentence]), quotes: Without, look: Look::Typed(5),
        examples: (&["the password is hunter2"], &["the password is required"]),
    },
    Rule {
        name: "password in a table", means: means(&[Password]),
        forms: forms(&[Cell, NextLine]), quotes: Without, look: Look::Typed(5),
        examples: (&["| password | hunter2 |", "Password:\nhunter2\n"],
                   &["| password | email |", "Password:\nNext\n"]),
    },
    Rule {
        name: "password behind a colon", means: means(&[Password]),
        forms: forms(&[Colon]), quotes: Without, look: Look::TypedOrToken,
        examples: (&["{password: hunter2, user: kim}"], &["{password: pw, user: kim}"]),
    },
    Rule {
        name: "password behind an equals sign", means: means(&[Password]),
        forms: forms(&[Equals]), quotes: Without, look: Look::TypedOrTokenOutsideCalls,
        examples: (&["let password = hunter2!;"], &["f(password=pw1)"]),
    },
    Rule {
        name: "token in a parameter", means: means(&[Token, Certain]),
        forms: forms(&[Query]), quotes: Either, look: Look::NoIdentifier,
        examples: (&["?x=1&access_token=a1-b2-c3-d4"], &["?x=1&access_token=identifier"]),
    },
    Rule {
        name: "token that is compared", means: means(&[Token, Certain]),
        forms: forms(&[Compare]), quotes: Either, look: Look::Random,
        examples: (&["if token == \"q9w8e7r6t5y4u3i2o1p0\""], &["if token == \"abc12345\""]),
    },
    Rule {
        name: "token", means: means(&[Token, Certain]),
        forms: u32::MAX, quotes: Either, look: Look::Token,
        examples: (&["api_key=q9w8e7r6t5", "token ::= \"q9w8e7r6t5\""],
                   &["token_type: \"bearer12345678\"", "max_tokens: 4096", "tokens_used: 12345678"]),
    },
    Rule {
        name: "random value of a key", means: means(&[Weak]),
        forms: u32::MAX, quotes: Either, look: Look::Random,
        examples: (&["key: q9w8e7r6t5y4u3i2o1p0"], &["key: value", "primary_key: q9w8e7r6t5y4u3i2o1p0"]),
    },
    Rule {
        name: "short number", means: means(&[Number]),
        forms: u32::MAX, quotes: Either, look: Look::Digits,
        examples: (&["pin: 4711"], &["pin: Pin<T>"]),
    },
    Rule {
        name: "secret with a longer name", means: means(&[About]),
        forms: forms(&[Colon, Equals, Line, Constant, Query, Pair, Element, Flag, Attribute, Definition]),
        quotes: Either, look: Look::TypedOrTokenOutsideCalls,
        examples: (&["password_admin: 'h4rbor!'"], &["password_policy: 'h4rbor!'", "secret_name: 'db-1!'"]),
    },
];

/// The rule by which the value is a secret, if it is one.
pub(super) fn decide(
    meaning: Meaning,
    name: &str,
    value: &Value<'_>,
    ahead: &mut Lookahead,
) -> Option<&'static str> {
    let rule = RULES.iter().find(|rule| {
        rule.means & 1 << meaning as u32 != 0
            && rule.forms & 1 << value.form as u32 != 0
            && match rule.quotes {
                With => value.is_quoted,
                Without => !value.is_quoted,
                Either => true,
            }
    })?;
    let value = &value.head();
    // The cheap questions come first: most values do not look like anything.
    let is_secret = !value.text.is_empty()
        && !is_plain(rule.look, value, ahead)
        && rule.look.is_met_by(value)
        && !stands_for_a_value(meaning, name, value);
    is_secret.then_some(rule.name)
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::redact::Redactor;

    #[test]
    fn each_row_takes_its_examples_and_leaves_its_near_misses() {
        let redactor = Redactor::new();
        let mut wrong = Vec::new();
        for rule in RULES {
            let (takes, leaves) = rule.examples;
            for example in takes {
                let found = redactor.explain(example);
                if found.iter().all(|found| found.rule() != rule.name) {
                    wrong.push((rule.name, *example));
                }
            }
            for near in leaves {
                if redactor.any(near).as_str() != *near {
                    wrong.push((rule.name, *near));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
