//! What the name of a field says about its value.

use super::Class;
use super::ascii::{self, ALNUM, DIGIT, LOWER, UPPER};

/// How much a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
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
    /// A header with a scheme and credentials.
    Authorization,
    /// A header with cookies.
    Cookie,
    /// The name of an account.
    User,
}

impl Strength {
    /// The class of a value that is redacted for what its name says.
    pub(crate) fn class(self) -> Class {
        match self {
            Self::Password | Self::Number => Class::Password,
            Self::Token | Self::Certain | Self::Weak => Class::Secret,
            Self::Authorization => Class::Authorization,
            Self::Cookie => Class::Cookie,
            Self::User => Class::Username,
        }
    }
}

/// Words that may follow the telling one: which copy, where, in which form.
#[rustfmt::skip]
const COPIES: &[&str] = &[
    "prod", "production", "dev", "development", "test", "testing", "stage", "staging", "live",
    "sandbox", "old", "new", "current", "primary", "secondary", "main", "default", "value",
    "plain", "raw", "base64", "b64", "hex", "encoded", "env", "backup", "base",
];

#[rustfmt::skip]
const PASSWORDS: &[&str] = &[
    "password", "passwd", "passphrase", "passwort", "passcode", "passwrd", "pwd", "psw", "pword",
    "userpass", "dbpass", "rootpass", "adminpass", "mypass", "esxipass", "requirepass", "secret", "secrets",
    "secretkey", "secretaccesskey", "presharedkey", "connectionstring", "connstring", "connstr",
];

const WHOLE_PASSWORDS: &[&str] = &["pass", "pw", "dsn", "psk"];

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

#[rustfmt::skip]
const KEY_QUALIFIERS: &[&str] = &[
    "api", "access", "secret", "private", "auth", "encryption", "encrypt", "signing", "sign",
    "master", "account", "storage", "license", "deploy", "deployment", "developer", "service",
    "shared", "client", "app", "application", "session", "security", "admin",
    "provision", "device", "subscription", "integration", "ingest", "write", "jwt",
    "salt", "logged", "nonce", "consumer",
];

#[rustfmt::skip]
const OTHER_KEYS: &[&str] = &[
    "public", "pub", "primary", "foreign", "sort", "cache", "partition", "map", "object", "index",
    "lookup", "unique", "idempotency", "routing", "range", "hash", "row", "group", "dedup",
    "registry", "i", "s", "publishable", "lock", "etag", "content", "file", "image",
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
pub(crate) fn strength(name: &str) -> Option<Strength> {
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
    telling(last, head).or_else(|| {
        let last_is = |other: &[&str]| other.contains(&last.as_str());
        let is_service =
            words.iter().any(|word| SERVICES.contains(&word.as_str())) || has_service(&words);
        let is_key = !last_is(&[
            "id", "sha", "hash", "commit", "digest", "version", "checksum",
        ]) || (last == "id"
            && (head.ends_with(&["reporter".to_owned()]) || last_is(&["sid"])));
        (is_service && is_key || head.ends_with(&["reporter".to_owned()])).then_some(Strength::Weak)
    })
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
fn telling(last: &str, head: &[String]) -> Option<Strength> {
    let before = head.last().map_or("", String::as_str);
    let ends = |names: &[&str]| names.iter().any(|name| last.ends_with(name));
    if ends(PASSWORDS)
        || WHOLE_PASSWORDS.contains(&last)
        || (last == "string" && before == "connection")
        || (last == "phrase" && before == "pass")
    {
        return Some(Strength::Password);
    }
    let after =
        |first: &str, second: &str| before == second && head.iter().any(|word| word == first);
    match last {
        "key" if before == "secret" || after("secret", "access") || after("pre", "shared") => {
            return Some(Strength::Password);
        }
        "key" if KEY_QUALIFIERS.contains(&before) => return Some(Strength::Token),
        "key" if !OTHER_KEYS.contains(&before) => return Some(Strength::Weak),
        "pin" | "otp" | "cvv" | "cvc" | "cvv2" => return Some(Strength::Number),
        "authorization" => return Some(Strength::Authorization),
        "cookie" => return Some(Strength::Cookie),
        "name" if before == "user" || before == "login" => return Some(Strength::User),
        _ => {}
    }
    if matches!(last, "connection" | "conn" | "tokens" | "publickey")
        || (last == "key" && OTHER_KEYS.contains(&before))
    {
        return None;
    }
    if ends(TOKENS) || WHOLE_TOKENS.contains(&last) {
        return Some(Strength::Token);
    }
    if last.ends_with("key") && !OTHER_KEYS.iter().any(|other| last.starts_with(other)) {
        return Some(Strength::Weak);
    }
    if USERS.contains(&last) || last.ends_with("username") {
        // `sonar.login` is a token; `login` alone is an account.
        let service = head.iter().any(|word| SERVICES.contains(&word.as_str()));
        return Some(if service {
            Strength::Weak
        } else {
            Strength::User
        });
    }
    None
}

/// What a key of JSON says, where no code and no sentence can stand for the value.
pub(crate) fn strength_in_json(name: &str) -> Option<Strength> {
    let strength = strength(name);
    match strength {
        None | Some(Strength::Token | Strength::Weak) if is_always_secret(name) => {
            Some(Strength::Certain)
        }
        _ => strength,
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
    for (index, byte) in bytes.iter().copied().enumerate() {
        let previous = ascii::before(bytes, index);
        let next = ascii::at(bytes, index + 1);
        let starts_word = (ascii::is(byte, UPPER)
            && (ascii::is(previous, LOWER | DIGIT)
                || (ascii::is(previous, UPPER) && ascii::is(next, LOWER))))
            || (ascii::is(byte, DIGIT) != ascii::is(previous, DIGIT)
                && !(ascii::is(byte, DIGIT) && word.len() < 3));
        if (starts_word || !ascii::is(byte, ALNUM)) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if ascii::is(byte, ALNUM) {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
