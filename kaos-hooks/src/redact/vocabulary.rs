//! What the name of a field says about its value: one vocabulary for every syntax.

mod lexicon;
mod seen;
mod split;
mod words;

use lexicon::Lists;
pub(crate) use seen::Seen;
use smallvec::SmallVec;
use split::{Word, with_words};
pub(crate) use words::SERVICES;

use super::Class;
use super::ascii::{self, ALNUM, DIGIT};

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A password, passphrase or secret: any value that is written out is one.
    Password,
    /// A short number: PIN, one-time password, card code.
    Number,
    /// A token or key: the value has to look like one.
    Token,
    /// A token or key under a name that JSON has for nothing else: any value is one.
    Certain,
    /// A name that often stands for other things: the value has to look random.
    Weak,
    /// A secret's name with words behind it that say which one, `password_admin`, or what about
    /// it: the value has to look typed.
    About,
    /// A header with a scheme and credentials.
    Authorization,
    /// A header with cookies.
    Cookie,
    /// The name of an account.
    User,
}

impl Meaning {
    /// The class of a value that is redacted for what its name says.
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Password | Self::Number | Self::About => Class::Password,
            Self::Token | Self::Certain | Self::Weak => Class::Secret,
            Self::Authorization => Class::Authorization,
            Self::Cookie => Class::Cookie,
            Self::User => Class::Username,
        }
    }
}

/// The parts of words at which a name is worth reading.
#[rustfmt::skip]
pub(crate) const TELLING: &[&str] = &[
    "pass", "pwd", "psw", "pw", "secret", "token", "key", "credential", "authorization", "cookie",
    "connection", "signature", "auth", "dsn", "sas", "psk", "pin", "otp", "cvv", "cvc", "sig",
    "login", "user", "jwt", "_pat", "reporter_id", "connstr", "uid", "phrase", "mnemonic",
    "sessid", "jsessionid", "contrase", "clave", "senha", "kennwort", "geheim", "wachtwoord",
    "parola", "haslo", "hasło", "heslo", "salasana", "senord", "adgangskode", "sifre", "şifre",
    "парол", "Парол", "ПАРОЛ", "секрет", "Секрет", "СЕКРЕТ", "密码", "密碼", "パスワード",
    "비밀번호",
];

/// What `name` says about the value beside it; nothing for most names.
pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    with_words(name, |words| {
        let mut kept = words;
        while let [head @ .., last] = kept {
            let is_copy = last.is(lexicon::COPY) || ascii::all(last.text.as_bytes(), DIGIT);
            if !is_copy || head.is_empty() {
                break;
            }
            kept = head;
        }
        let (last, head) = kept.split_last()?;
        telling(last.text, last.lists, head)
            .or_else(|| several(last.text, head))
            .or_else(|| of_service(words, *last, head))
            .or_else(|| which(*last, head))
    })
}

/// What several of the same mean: `passwords`, `api_keys`.
fn several(last: &str, head: &[Word<'_>]) -> Option<Meaning> {
    let one = last.strip_suffix('s').filter(|one| one.len() > 2)?;
    let is_qualified = head
        .last()
        .is_some_and(|before| before.is(lexicon::TOKEN_QUALIFIER));
    match telling(one, lexicon::lists(one), head)? {
        Meaning::Password if one != "pass" => Some(Meaning::Password),
        Meaning::Token if is_qualified => Some(Meaning::Token),
        _ => None,
    }
}

/// What the name of a service says: beside it a random value is a key.
fn of_service(words: &[Word<'_>], last: Word<'_>, head: &[Word<'_>]) -> Option<Meaning> {
    let is_reporter = head.last().is_some_and(|before| before.text == "reporter");
    let is_key = !last.is(lexicon::PLAIN) || last.text == "id" && is_reporter;
    let is_service = || {
        words.iter().any(|word| word.is(lexicon::SERVICE))
            || words.windows(2).any(|pair| {
                matches!(pair, [first, second] if lexicon::is_service(first.text, second.text))
            })
    };
    (is_reporter || is_key && is_service()).then_some(Meaning::Weak)
}

/// What a telling word says with others behind it: `password_admin`, unlike `password_policy`.
fn which(last: Word<'_>, head: &[Word<'_>]) -> Option<Meaning> {
    let (before, head) = head.split_last()?;
    let is_other = last.text.len() < 2 || last.is(lexicon::ABOUT) || before.text == "pass";
    (!is_other && telling(before.text, before.lists, head) == Some(Meaning::Password))
        .then_some(Meaning::About)
}

/// What the last telling word says, with the words before it.
fn telling(last: &str, lists: Lists, head: &[Word<'_>]) -> Option<Meaning> {
    let before = head.last().copied().unwrap_or(Word { text: "", lists: 0 });
    let is = |list: Lists| lists & list != 0;
    let endings = lexicon::endings(last);
    let is_pass = last.ends_with("pass") && last.len() > 5 && !is(lexicon::OTHER_PASS);
    if (endings | lists) & lexicon::PASSWORD != 0
        || is_pass
        || (last.ends_with("pw") && (4..=8).contains(&last.len()))
        || (last == "string" && before.text == "connection")
        || (last == "phrase" && before.is(lexicon::PHRASE))
        || (last == "passe" && before.text == "de")
    {
        return Some(Meaning::Password);
    }
    let after = |first: &str, second: &str| {
        before.text == second && head.iter().any(|word| word.text == first)
    };
    match last {
        "key" if before.text == "secret" || after("secret", "access") || after("pre", "shared") => {
            return Some(Meaning::Password);
        }
        "key" if before.is(lexicon::KEY_QUALIFIER) => return Some(Meaning::Token),
        "key" if !before.is(lexicon::OTHER_KEY) => return Some(Meaning::Weak),
        "pin" | "otp" | "cvv" | "cvc" | "cvv2" => return Some(Meaning::Number),
        "authorization" => return Some(Meaning::Authorization),
        "cookie" => return Some(Meaning::Cookie),
        "name" if matches!(before.text, "user" | "login") => return Some(Meaning::User),
        "key" | "connection" | "conn" | "tokens" | "publickey" => return None,
        "token" if before.is(lexicon::OTHER_TOKEN) => return None,
        _ => {}
    }
    if (endings | lists) & lexicon::TOKEN != 0 {
        return Some(Meaning::Token);
    }
    if last.ends_with("key") && !lexicon::starts_other_key(last) {
        return Some(Meaning::Weak);
    }
    if is(lexicon::USER) || last.ends_with("username") {
        // `sonar.login` is a token; `login` alone is an account.
        let of_service = head.iter().any(|word| word.is(lexicon::SERVICE));
        return Some(if of_service {
            Meaning::Weak
        } else {
            Meaning::User
        });
    }
    None
}

/// What a key of JSON says whose name means so much elsewhere: no code and no sentence can stand
/// for the value.
fn in_json(meaning: Option<Meaning>, name: &str) -> Option<Meaning> {
    match meaning {
        None | Some(Meaning::Token | Meaning::Weak) if is_always_secret(name) => {
            Some(Meaning::Certain)
        }
        _ => meaning,
    }
}

/// Whether `name`, without case and separators, is one that is never written for anything else.
fn is_always_secret(name: &str) -> bool {
    let plain: SmallVec<[u8; 96]> = name
        .bytes()
        .filter(|byte| ascii::is(*byte, ALNUM))
        .map(|byte| byte.to_ascii_lowercase())
        .collect();
    matches!(
        std::str::from_utf8(&plain).unwrap_or_default(),
        "password"
            | "passwd"
            | "pwd"
            | "passphrase"
            | "pin"
            | "otp"
            | "cvv"
            | "secret"
            | "clientsecret"
            | "apikey"
            | "accesskey"
            | "privatekey"
            | "token"
            | "accesstoken"
            | "refreshtoken"
            | "idtoken"
            | "authtoken"
            | "sessiontoken"
            | "authorization"
            | "cookie"
            | "setcookie"
            | "credential"
            | "connectionstring"
            | "dsn"
            | "sas"
            | "signature"
            | "secretkey"
            | "secretaccesskey"
            | "awssecretaccesskey"
            | "xapikey"
            | "proxyauthorization"
            | "bearertoken"
            | "credentials"
    )
}

/// Whether a key says something about a secret beside it, and not the secret itself.
pub(crate) fn is_about(key: &str) -> bool {
    key.starts_with('$')
        || with_words(key, |words| {
            words
                .last()
                .is_none_or(|last| last.is(lexicon::ABOUT | lexicon::ABOUT_KEY))
        })
}

/// Whether a key is one of an identifier or a digest, which may look like a token.
pub(crate) fn is_public(key: &str) -> bool {
    with_words(key, |words| {
        let mut kept = words
            .iter()
            .rev()
            .skip_while(|word| ascii::all(word.text.as_bytes(), DIGIT));
        let (last, before) = (kept.next(), kept.next());
        let is_place = last.is_some_and(|last| last.text == "token")
            && before.is_some_and(|before| before.is(lexicon::OTHER_TOKEN));
        is_place
            || last.is_some_and(|last| last.is(lexicon::PUBLIC))
                && !words.iter().any(|word| word.is(lexicon::PRIVATE))
    })
}
