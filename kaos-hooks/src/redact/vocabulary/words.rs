//! The words that names of secrets are made of.

/// Words that may follow the telling one: which copy, where, in which form.
#[rustfmt::skip]
pub(super) const COPIES: &[&str] = &[
    "prod", "production", "dev", "development", "test", "testing", "stage", "staging", "live",
    "sandbox", "old", "new", "current", "primary", "secondary", "main", "default", "value",
    "plain", "raw", "base64", "b64", "hex", "encoded", "env", "backup", "base",
];

/// Words behind the telling one that make the name one of something else.
#[rustfmt::skip]
pub(super) const ABOUT: &[&str] = &[
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
pub(super) const PASSWORDS: &[&str] = &[
    "password", "passwd", "passphrase", "passwort", "passcode", "passwrd", "passw", "pwd", "psw",
    "pword", "pswd", "secret", "secretkey", "secretaccesskey", "presharedkey", "connectionstring",
    "connstring", "connstr", "mnemonic", "seedphrase", "contraseña", "contrasena", "contrasenya",
    "senha", "kennwort", "geheimnis", "wachtwoord", "salasana", "lösenord", "losenord",
    "adgangskode", "heslo", "hasło", "haslo", "motdepasse", "пароль", "пароля", "секрет", "密码",
    "密碼", "パスワード", "비밀번호",
];

/// The words that mean a password only if they are the whole last word.
pub(super) const WHOLE_PASSWORDS: &[&str] = &[
    "pass", "pw", "dsn", "psk", "clave", "parola", "şifre", "sifre",
];

/// Words that end in `pass` and mean something else.
#[rustfmt::skip]
pub(super) const OTHER_PASSES: &[&str] = &[
    "compass", "encompass", "bypass", "trespass", "surpass", "underpass", "overpass", "multipass",
    "subpass", "renderpass", "lastpass", "keepass", "minipass", "twopass", "onepass", "midpass",
];

#[rustfmt::skip]
pub(super) const TOKENS: &[&str] = &[
    "token", "apikey", "accesskey", "privatekey", "accountkey", "authkey", "encryptionkey",
    "signingkey", "masterkey", "sharedkey", "licensekey", "deploykey", "developerkey",
    "storagekey", "servicekey", "credential", "credentials", "signature",
];

pub(super) const WHOLE_TOKENS: &[&str] = &[
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
pub(super) const KEY_QUALIFIERS: &[&str] = &[
    "api", "access", "secret", "private", "auth", "encryption", "encrypt", "signing", "sign",
    "master", "account", "storage", "license", "deploy", "deployment", "developer", "service",
    "shared", "client", "app", "application", "session", "security", "admin",
    "provision", "device", "subscription", "integration", "ingest", "write", "jwt",
    "salt", "logged", "nonce", "consumer",
];

/// What stands before a key that is none.
#[rustfmt::skip]
pub(super) const OTHER_KEYS: &[&str] = &[
    "public", "pub", "primary", "foreign", "sort", "cache", "partition", "map", "object", "index",
    "lookup", "unique", "idempotency", "routing", "range", "hash", "row", "group", "dedup",
    "registry", "i", "s", "s3", "publishable", "lock", "etag", "content", "file", "image",
];

/// What stands before a token that only says where to go on.
#[rustfmt::skip]
pub(super) const OTHER_TOKENS: &[&str] = &[
    "next", "page", "continuation", "pagination", "previous", "prev", "start", "sync", "skip",
    "scroll", "resume", "idempotency", "marker", "cursor", "pad", "mask", "special", "stop",
    "eos", "bos", "sep", "cls", "unk", "end", "syntax",
];

/// What stands before several tokens that are secrets; other tokens are counted.
pub(super) const TOKEN_QUALIFIERS: &[&str] = &[
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

pub(super) const USERS: &[&str] = &["username", "user", "userid", "login", "uid", "loginname"];

/// What goes with a passphrase.
pub(super) const PHRASES: &[&str] = &["pass", "seed", "recovery", "backup", "key"];

/// What else a key under a password says about it.
#[rustfmt::skip]
pub(super) const ABOUT_KEYS: &[&str] = &[
    "example", "examples", "enum", "items", "properties", "kind", "schema", "api", "user",
    "username", "email", "owner", "created", "updated", "modified",
];

/// Keys of identifiers and digests, which may look like tokens.
#[rustfmt::skip]
pub(super) const PUBLIC: &[&str] = &[
    "id", "ids", "hash", "sha", "digest", "integrity", "etag", "checksum", "fingerprint", "cursor",
    "uuid", "guid", "commit", "ref", "rev", "revision", "nonce", "slug", "icon", "src", "image",
    "url", "uri", "path", "file", "mappings",
];

/// Words with which an identifier is a secret after all.
pub(super) const PRIVATE: &[&str] = &["secret", "session", "auth", "access", "token", "key"];

/// What follows a service's name and is no key.
pub(super) const PLAIN: &[&str] = &[
    "id", "sha", "hash", "commit", "digest", "version", "checksum",
];
