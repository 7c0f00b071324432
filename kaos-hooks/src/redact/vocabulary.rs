//! What the name of a field says about its value: one vocabulary for every syntax.

use super::Class;
use super::ascii::{self, ALNUM, DIGIT, LOWER, UPPER};

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

/// Words that may follow the telling one: which copy, where, in which form.
#[rustfmt::skip]
const COPIES: &[&str] = &[
    "prod", "production", "dev", "development", "test", "testing", "stage", "staging", "live",
    "sandbox", "old", "new", "current", "primary", "secondary", "main", "default", "value",
    "plain", "raw", "base64", "b64", "hex", "encoded", "env", "backup", "base",
];

/// Words behind the telling one that make the name one of something else.
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    "policy", "policies", "type", "types", "used", "usage", "count", "counts", "length", "len",
    "size", "limit", "limits", "name", "names", "field", "fields", "label", "labels", "hint",
    "url", "uri", "path", "paths", "file", "filename", "files", "dir", "id", "ids", "expiry",
    "expires", "expired", "expiration", "expire", "ttl", "age", "min", "max", "strength", "reset",
    "changed", "change", "required", "enabled", "enable", "manager", "prompt", "callback",
    "validator", "validators", "validation", "provider", "store", "storage", "hash", "hashed",
    "hasher", "hashers", "algorithm", "algo", "format", "prefix", "suffix", "pattern", "regex",
    "rule", "rules", "option", "options", "config", "settings", "form", "input", "placeholder",
    "help", "description", "title", "text", "message", "error", "errors", "attempts", "retries",
    "version", "date", "time", "at", "by", "status", "state", "mode", "scope", "scopes",
    "endpoint", "index", "position", "ref", "refs", "reference", "reader", "writer", "box", "view",
    "page", "list", "column", "columns", "class", "schema", "spec", "template", "cache", "source",
    "command", "cmd", "function", "func", "method", "handler", "generator", "encoder", "decoder",
    "iterations", "rounds", "salt", "digest", "checksum", "fingerprint", "arn", "arns", "lookup",
    "exists", "match", "matches", "verify", "verified", "valid", "invalid", "is", "not", "and",
    "or", "word", "words", "less", "through", "port", "ports", "host", "event", "events", "code",
    "codes", "budget", "rate", "per", "total", "cost", "price", "stream", "ids", "bucket",
    "request", "response", "context", "client", "server", "service", "entry", "item", "pair",
    "pairs", "data", "info", "usages", "board", "map", "set", "chain", "ring", "frame", "frames",
    "board", "down", "up", "press", "pad", "stone", "note", "point", "points", "space", "up",
    "transform", "exchange", "authentication", "auth", "agent", "group", "groups", "error",
];

/// What the last word ends with when it means a password.
#[rustfmt::skip]
const PASSWORDS: &[&str] = &[
    "password", "passwd", "passphrase", "passwort", "passcode", "passwrd", "passw", "pwd", "psw",
    "pword", "pswd", "secret", "secretkey", "secretaccesskey", "presharedkey", "connectionstring",
    "connstring", "connstr", "mnemonic", "seedphrase", "contraseña", "contrasena", "contrasenya",
    "senha", "kennwort", "geheimnis", "wachtwoord", "salasana", "lösenord", "losenord",
    "adgangskode", "heslo", "hasło", "haslo", "motdepasse", "пароль", "пароля", "секрет", "密码",
    "密碼", "パスワード", "비밀번호",
];

/// The words that mean a password only if they are the whole last word.
const WHOLE_PASSWORDS: &[&str] = &[
    "pass", "pw", "dsn", "psk", "clave", "parola", "şifre", "sifre",
];

/// Words that end in `pass` and mean something else.
#[rustfmt::skip]
const OTHER_PASSES: &[&str] = &[
    "compass", "encompass", "bypass", "trespass", "surpass", "underpass", "overpass", "multipass",
    "subpass", "renderpass", "lastpass", "keepass", "subpass", "twopass", "onepass", "midpass",
];

#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "token", "apikey", "accesskey", "privatekey", "accountkey", "authkey", "encryptionkey",
    "signingkey", "masterkey", "sharedkey", "licensekey", "deploykey", "developerkey",
    "storagekey", "servicekey", "credential", "credentials", "signature",
];

const WHOLE_TOKENS: &[&str] = &[
    "sas",
    "sig",
    "auth",
    "phpsessid",
    "jsessionid",
    "jwt",
    "pat",
];

/// What stands before a key that is a secret.
#[rustfmt::skip]
const KEY_QUALIFIERS: &[&str] = &[
    "api", "access", "secret", "private", "auth", "encryption", "encrypt", "signing", "sign",
    "master", "account", "storage", "license", "deploy", "deployment", "developer", "service",
    "shared", "client", "app", "application", "session", "security", "admin",
    "provision", "device", "subscription", "integration", "ingest", "write", "jwt",
    "salt", "logged", "nonce", "consumer",
];

/// What stands before a key that is none.
#[rustfmt::skip]
const OTHER_KEYS: &[&str] = &[
    "public", "pub", "primary", "foreign", "sort", "cache", "partition", "map", "object", "index",
    "lookup", "unique", "idempotency", "routing", "range", "hash", "row", "group", "dedup",
    "registry", "i", "s", "publishable", "lock", "etag", "content", "file", "image",
];

/// What stands before several tokens that are secrets; other tokens are counted.
const TOKEN_QUALIFIERS: &[&str] = &[
    "api", "access", "auth", "refresh", "bearer", "session", "secret", "oauth", "bot", "backup",
];

/// Services whose keys have no form of their own; beside the name a random value is one.
#[rustfmt::skip]
pub(crate) const SERVICES: &[&str] = &[
    "algolia", "amplitude", "asana", "assemblyai", "auth0", "bitbucket", "blynk", "branch",
    "browserstack", "bugsnag", "cloudflare", "cloudinary", "codeclimate", "codecov", "cohere",
    "contentful", "coveralls", "datadog", "deepgram", "deepseek", "discord", "elevenlabs",
    "facebook", "fastly", "finnhub", "firebase", "fitbit", "flickr", "foursquare", "freshdesk",
    "gitter", "heroku", "honeycomb", "intercom", "jenkins", "jira", "keen", "linkedin", "lob",
    "logdna", "loggly", "mailchimp", "mailgun", "mandrill", "mapbox", "messagebird", "mistral",
    "mixpanel", "newrelic", "nexmo", "okta", "onesignal", "opsgenie", "pagerduty", "particle",
    "plaid", "plivo", "postmark", "pubnub", "pusher", "rapidapi", "razorpay", "recaptcha",
    "rollbar", "salesforce", "sauce", "segment", "sendgrid", "sendbird", "sentry", "serpapi",
    "shodan", "snyk", "sonar", "splunk", "spotify", "supabase", "sumologic", "telegram",
    "tenable", "travis", "trello", "truenas", "twilio", "twitch", "twitter", "typeform", "vercel",
    "virustotal", "wakatime", "weather", "yelp", "youtube", "zendesk",
];

const USERS: &[&str] = &["username", "user", "userid", "login", "uid", "loginname"];

/// What `name` says about the value beside it; nothing for most names.
pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    let words = words(name);
    let mut kept = words.as_slice();
    while let [head @ .., last] = kept {
        let is_copy = ascii::all(last.as_bytes(), DIGIT) || COPIES.contains(&last.as_str());
        if !is_copy || head.is_empty() {
            break;
        }
        kept = head;
    }
    let (last, head) = kept.split_last()?;
    telling(last, head)
        .or_else(|| several(last, head))
        .or_else(|| of_service(&words, last, head))
        .or_else(|| which(last, head))
}

/// What several of the same mean: `passwords`, `api_keys`.
fn several(last: &str, head: &[String]) -> Option<Meaning> {
    let one = last.strip_suffix('s').filter(|one| one.len() > 2)?;
    let is_qualified = head
        .last()
        .is_some_and(|before| TOKEN_QUALIFIERS.contains(&before.as_str()));
    match telling(one, head)? {
        Meaning::Password if one != "pass" => Some(Meaning::Password),
        Meaning::Token if is_qualified => Some(Meaning::Token),
        _ => None,
    }
}

/// What the name of a service says: beside it a random value is a key.
fn of_service(words: &[String], last: &str, head: &[String]) -> Option<Meaning> {
    let is_service =
        words.iter().any(|word| SERVICES.contains(&word.as_str())) || has_service(words);
    let is_reporter = head.last().is_some_and(|before| before == "reporter");
    let is_other = [
        "id", "sha", "hash", "commit", "digest", "version", "checksum",
    ]
    .contains(&last);
    let is_key = is_service && (!is_other || last == "id" && is_reporter);
    (is_key || is_reporter).then_some(Meaning::Weak)
}

/// What a telling word says with others behind it: `password_admin`, unlike `password_policy`.
fn which(last: &str, head: &[String]) -> Option<Meaning> {
    if ABOUT.contains(&last) || last.len() < 2 {
        return None;
    }
    let before = head.split_last()?;
    let is_password = telling(before.0, before.1) == Some(Meaning::Password);
    (is_password && before.0 != "pass").then_some(Meaning::About)
}

/// Whether two words together name a service: `MailChimp`, `NEW_RELIC`.
fn has_service(words: &[String]) -> bool {
    words.windows(2).any(|pair| {
        let [first, second] = pair else { return false };
        SERVICES.iter().any(|service| {
            service
                .strip_prefix(first.as_str())
                .is_some_and(|rest| rest == second.as_str())
        })
    })
}

/// What the last telling word says, with the words before it.
fn telling(last: &str, head: &[String]) -> Option<Meaning> {
    let before = head.last().map_or("", String::as_str);
    let ends = |names: &[&str]| names.iter().any(|name| last.ends_with(name));
    let is_pass = last.ends_with("pass") && last.len() > 5 && !OTHER_PASSES.contains(&last);
    if ends(PASSWORDS)
        || is_pass
        || WHOLE_PASSWORDS.contains(&last)
        || (last.ends_with("pw") && (4..=8).contains(&last.len()))
        || (last == "string" && before == "connection")
        || (last == "phrase" && ["pass", "seed", "recovery", "backup", "key"].contains(&before))
        || (last == "passe" && before == "de")
    {
        return Some(Meaning::Password);
    }
    let after =
        |first: &str, second: &str| before == second && head.iter().any(|word| word == first);
    match last {
        "key" if before == "secret" || after("secret", "access") || after("pre", "shared") => {
            return Some(Meaning::Password);
        }
        "key" if KEY_QUALIFIERS.contains(&before) => return Some(Meaning::Token),
        "key" if !OTHER_KEYS.contains(&before) => return Some(Meaning::Weak),
        "pin" | "otp" | "cvv" | "cvc" | "cvv2" => return Some(Meaning::Number),
        "authorization" => return Some(Meaning::Authorization),
        "cookie" => return Some(Meaning::Cookie),
        "name" if before == "user" || before == "login" => return Some(Meaning::User),
        _ => {}
    }
    if matches!(last, "connection" | "conn" | "tokens" | "publickey")
        || (last == "key" && OTHER_KEYS.contains(&before))
    {
        return None;
    }
    if ends(TOKENS) || WHOLE_TOKENS.contains(&last) {
        return Some(Meaning::Token);
    }
    if last.ends_with("key") && !OTHER_KEYS.iter().any(|other| last.starts_with(other)) {
        return Some(Meaning::Weak);
    }
    if USERS.contains(&last) || last.ends_with("username") {
        // `sonar.login` is a token; `login` alone is an account.
        let service = head.iter().any(|word| SERVICES.contains(&word.as_str()));
        return Some(if service {
            Meaning::Weak
        } else {
            Meaning::User
        });
    }
    None
}

/// What a key of JSON says, where no code and no sentence can stand for the value.
pub(crate) fn meaning_in_json(name: &str) -> Option<Meaning> {
    let meaning = meaning(name);
    match meaning {
        None | Some(Meaning::Token | Meaning::Weak) if is_always_secret(name) => {
            Some(Meaning::Certain)
        }
        _ => meaning,
    }
}

/// Whether `name`, without case and separators, is one that is never written for anything else.
fn is_always_secret(name: &str) -> bool {
    let plain: String = name
        .bytes()
        .filter(|byte| ascii::is(*byte, ALNUM))
        .map(|b| char::from(b.to_ascii_lowercase()))
        .collect();
    matches!(
        plain.as_str(),
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
    const MORE: &[&str] = &[
        "example", "examples", "enum", "items", "properties", "kind", "schema", "api", "user",
        "username", "email", "owner", "created", "updated", "modified",
    ];
    key.starts_with('$')
        || words(key).last().is_none_or(|last| {
            ABOUT.contains(&last.as_str()) || MORE.contains(&last.as_str())
        })
}

/// Whether a key is one of an identifier or a digest, which may look like a token.
pub(crate) fn is_public(key: &str) -> bool {
    const PUBLIC: &[&str] = &[
        "id", "ids", "hash", "sha", "sha1", "sha256", "sha512", "digest", "integrity", "etag",
        "checksum", "fingerprint", "cursor", "uuid", "guid", "commit", "ref", "rev", "revision",
        "nonce", "slug", "icon", "src", "image", "url", "uri", "path", "file", "mappings",
    ];
    const PRIVATE: &[&str] = &["secret", "session", "auth", "access", "token", "key"];
    let words = words(key);
    let is = |list: &[&str], word: Option<&String>| {
        word.is_some_and(|word| list.contains(&word.as_str()))
    };
    is(PUBLIC, words.last()) && !words.iter().any(|word| is(PRIVATE, Some(word)))
}

/// The words of a name in lower case: `clientSecret`, `CLIENT_SECRET` and `client-secret` alike.
fn words(name: &str) -> Vec<String> {
    // Tools define properties with a letter in front: `-Dsonar.login=`.
    let name = name
        .strip_prefix("-D")
        .or_else(|| name.strip_prefix("-P"))
        .unwrap_or(name);
    let bytes = name.as_bytes();
    let mut words: Vec<String> = Vec::with_capacity(4);
    let mut word = String::new();
    for (index, letter) in name.char_indices() {
        let byte = ascii::at(bytes, index);
        let previous = ascii::before(bytes, index);
        let next = ascii::at(bytes, index + 1);
        let starts_word = (ascii::is(byte, UPPER)
            && (ascii::is(previous, LOWER | DIGIT)
                || (ascii::is(previous, UPPER) && ascii::is(next, LOWER))))
            || (letter.is_ascii()
                && ascii::is(byte, DIGIT) != ascii::is(previous, DIGIT)
                && !(ascii::is(byte, DIGIT) && word.len() < 3));
        if (starts_word || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
