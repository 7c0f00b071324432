//! What the builders of all models have in common.

use kaos_hooks::Server;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};

use super::endpoint::Endpoint;
use super::{Retries, Timeouts};

/// A model cannot be made as it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A variable is needed and not set.
    #[error("{variable} is not set; set it to {expected}")]
    Missing {
        /// Its name.
        variable: &'static str,
        /// What it is for, with an example.
        expected: &'static str,
    },
    /// A variable has what cannot be used.
    #[error("{variable} cannot be used")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// What is wrong with it.
        #[source]
        why: Box<Self>,
    },
    /// The base URL cannot be used.
    #[error("the base URL {why}; give one such as http://localhost:11434/v1")]
    Url {
        /// What is wrong with it; the URL itself may hold a password.
        why: &'static str,
    },
    /// The name stands for no model.
    #[error(
        "`{name}` names no model; write provider:model, such as anthropic:claude-haiku-4-5, or \
         url#model, such as http://localhost:11434/v1#qwen3; the providers are {known}"
    )]
    Name {
        /// The provider that is not known, or the whole name where it has none; never a URL.
        name: String,
        /// The providers that are.
        known: String,
    },
    /// The key cannot stand in a header.
    #[error("the API key has characters that cannot be sent; look for line breaks in it")]
    Key,
    /// A header cannot be sent.
    #[error("the header `{name}` has a name or characters that cannot be sent")]
    Header {
        /// Its name.
        name: String,
    },
    /// The HTTP client cannot be built.
    #[error("cannot build the HTTP client")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SetupError {
    /// The same, of what stands in this variable.
    pub(super) fn of(self, variable: &'static str) -> Self {
        let why = Box::new(self);
        Self::Variable { variable, why }
    }
}

/// How a request says who it is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyIn {
    /// `Authorization: Bearer …`
    Bearer,
    /// The header of this name.
    Header(&'static str),
}

/// Settings of every model.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) base_url: String,
    pub(super) key: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) timeouts: Timeouts,
    pub(super) retries: Retries,
    pub(super) most_bytes: usize,
    pub(super) context: Option<u64>,
    pub(super) sends_baggage: bool,
    /// Made already: its connections are used again.
    pub(super) client: Option<Client>,
}

impl Setup {
    pub(super) fn new(base_url: String) -> Self {
        Self {
            base_url,
            key: None,
            headers: Vec::new(),
            timeouts: Timeouts::default(),
            retries: Retries::default(),
            most_bytes: 16 * 1024 * 1024,
            context: None,
            sends_baggage: false,
            client: None,
        }
    }

    /// Where requests go: this path beneath the base URL, or the base URL itself where it ends in this
    /// path; one without a path means `/v1`.
    pub(super) fn url(&self, path: &str) -> Result<Url, SetupError> {
        let wrong = |why| Err(SetupError::Url { why });
        let Ok(mut url) = Url::parse(self.base_url.trim()) else {
            return wrong("is no URL");
        };
        if !matches!(url.scheme(), "http" | "https") {
            return wrong("is neither http nor https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("holds credentials, which belong into the API key");
        }
        let base = match url.path().trim_end_matches('/') {
            "" => "/v1",
            whole => whole.strip_suffix(path).unwrap_or(whole),
        };
        let path = format!("{base}{path}");
        url.set_path(&path);
        url.set_fragment(None);
        Ok(url)
    }

    /// The endpoint at this URL. Of two headers of one name the one that was set last is sent.
    pub(super) fn endpoint<A>(
        self,
        url: Url,
        key_in: KeyIn,
        fixed: &[(&'static str, &'static str)],
        api: A,
    ) -> Result<Endpoint<A>, SetupError> {
        let mut headers = HeaderMap::new();
        for (name, value) in fixed {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        if let Some(key) = &self.key {
            let (name, value) = match key_in {
                KeyIn::Bearer => (AUTHORIZATION.as_str(), format!("Bearer {key}")),
                KeyIn::Header(name) => (name, key.clone()),
            };
            let mut value = HeaderValue::from_str(&value).map_err(|_unsendable| SetupError::Key)?;
            value.set_sensitive(true);
            let name: HeaderName = name.parse().map_err(|_unsendable| SetupError::Key)?;
            headers.insert(name, value);
        }
        for (name, value) in &self.headers {
            let unsendable = || SetupError::Header { name: name.clone() };
            let parsed: HeaderName = name.parse().map_err(|_content| unsendable())?;
            let mut value = HeaderValue::from_str(value).map_err(|_content| unsendable())?;
            value.set_sensitive(true);
            headers.insert(parsed, value);
        }
        let query = url.query_pairs().map(|(_, value)| value.into_owned());
        let given = self.headers.into_iter().flat_map(|(_, value)| words(value));
        let secrets = self.key.into_iter().chain(given).chain(query);
        // What is shorter is no secret, and would be found in every text.
        let mut secrets: Vec<String> = secrets.filter(|secret| secret.len() >= 8).collect();
        // One may be part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let client = match self.client {
            Some(client) => client,
            None => crate::http_client::client(&url, self.timeouts.connect)
                .map_err(SetupError::Client)?,
        };
        Ok(Endpoint {
            client,
            server: url.host_str().map(|host| Server {
                address: kaos_hooks::Str::copied(host),
                port: url.port_or_known_default().unwrap_or_default(),
            }),
            url,
            headers,
            secrets,
            api,
            timeouts: self.timeouts,
            retries: self.retries,
            most_bytes: self.most_bytes,
            context: self.context,
            sends_baggage: self.sends_baggage,
        })
    }
}

/// A header's value and its words: behind `Bearer` or `key=` stands the secret alone.
fn words(value: String) -> Vec<String> {
    let between = |letter: char| letter.is_whitespace() || "=;,:\"".contains(letter);
    let mut words: Vec<String> = value.split(between).map(str::to_owned).collect();
    words.push(value);
    words
}

/// The settings of every model's builder, for one whose field `setup` holds them.
macro_rules! shared_settings {
    () => {
        /// A header of every request, in place of any other of its name: gateways want their own.
        /// Its value appears neither in `Debug` nor in an error.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.setup.headers.push((name.into(), value.into()));
            self
        }

        /// How long a call may take.
        pub fn timeouts(mut self, timeouts: super::super::Timeouts) -> Self {
            self.setup.timeouts = timeouts;
            self
        }

        /// When a request is sent again.
        pub fn retries(mut self, retries: super::super::Retries) -> Self {
            self.setup.retries = retries;
            self
        }

        /// Whether requests carry the baggage (W3C Baggage) of the request that is answered, and that of
        /// the current context, as requests to tools' servers do: right for an endpoint of one's own.
        /// Users and tenants may stand in it. Default: they do not.
        pub fn send_baggage(mut self, send: bool) -> Self {
            self.setup.sends_baggage = send;
            self
        }

        /// How many tokens a request and its answer may have together; of a longer conversation the
        /// oldest turns are left out. Default: not known, and a conversation that is refused as too
        /// long is sent once more with less.
        pub fn context(mut self, tokens: u64) -> Self {
            self.setup.context = Some(tokens);
            self
        }

        /// The largest response, in bytes, streamed or not: what bounds the memory of a call, which
        /// is a small multiple of it. Too small cuts off long answers: streamed, every token has a
        /// frame of some hundred bytes around it. Default: 16 MiB.
        pub fn max_response_bytes(mut self, bytes: usize) -> Self {
            self.setup.most_bytes = bytes;
            self
        }
    };
}

pub(super) use shared_settings;
