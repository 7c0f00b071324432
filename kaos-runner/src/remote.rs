#![doc = include_str!("../docs/remote-agents.md")]

mod baggage;
mod breaker;
mod call;
mod card;
mod conversations;
mod discovery;
mod health;
mod limits;
mod peer;
mod vars;

use std::fmt;
use std::sync::Arc;

use kaos_hooks::{Server, Str};
use reqwest::Url;

pub use limits::RemoteLimits;
pub use vars::RemoteVariableError;

pub(crate) use baggage::depth;
#[cfg(feature = "server")]
pub(crate) use baggage::said;
pub(crate) use call::RemoteCall;

use card::Card;
pub use health::RemoteHealth;
use peer::Peer;

/// An agent that is served elsewhere, as a sub-agent; see [`remote`](crate::remote).
///
/// Nothing is sent yet, and nothing is checked: what is wrong with its address is said by a call.
/// Cheap to clone; clones share the connections and what is known of the agent.
///
/// # Example
///
/// ```
/// use kaos_runner::{Agent, FunctionModel, RemoteAgent};
///
/// let analyst = Agent::new("analyst", FunctionModel::answer("Three."));
/// let agent = Agent::new("coordinator", FunctionModel::answer("Clause 4."))
///     .subagent(analyst)
///     .subagent(RemoteAgent::at("http://researcher:8000"));
/// ```
#[derive(Clone)]
pub struct RemoteAgent {
    settings: Arc<Settings>,
    peer: Arc<Peer>,
}

#[derive(Clone)]
struct Settings {
    /// Where it is; `None`: what was given is no address.
    url: Option<Url>,
    name: Str,
    /// Whether its card must have this name.
    named: bool,
    description: Option<Str>,
    bearer: Option<String>,
    limits: RemoteLimits,
}

impl RemoteAgent {
    /// The agent at this address, to which `/v1/chat/completions` and `/.well-known/agent.json` are
    /// added. It is called by the first part of its host's name, or `agent` where that is an address.
    pub fn at(url: impl AsRef<str>) -> Self {
        let url = address(url.as_ref());
        let name = url.as_ref().map_or(Str::Static("agent"), called);
        Self::with(Settings {
            url,
            name,
            named: false,
            description: None,
            bearer: None,
            limits: RemoteLimits::default(),
        })
    }

    fn with(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            peer: Arc::default(),
        }
    }

    fn but(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = (*self.settings).clone();
        change(&mut settings);
        Self::with(settings)
    }

    /// What it is called, here and on its card: one whose card has another name is not asked. Case
    /// does not matter, nor whether `-` or `_`.
    #[must_use]
    pub fn name(self, name: impl Into<Str>) -> Self {
        self.but(|it| {
            it.name = name.into();
            it.named = true;
        })
    }

    /// What it is for, as the model is told. Default: what its card says, once that is known.
    #[must_use]
    pub fn description(self, description: impl Into<Str>) -> Self {
        self.but(|it| it.description = Some(description.into()))
    }

    /// What it is asked with: `Authorization: Bearer …`. Default: nothing. What this agent is asked
    /// with itself is never handed on. It stands in no `Debug`, and in no error.
    #[must_use]
    pub fn bearer(self, token: impl Into<String>) -> Self {
        self.but(|it| it.bearer = Some(token.into()).filter(|token| !token.is_empty()))
    }

    /// How long is waited for it, and for how much.
    #[must_use]
    pub fn limits(self, limits: RemoteLimits) -> Self {
        self.but(|it| it.limits = limits)
    }

    /// What it is called.
    pub fn called(&self) -> &str {
        &self.settings.name
    }

    /// How it is, as far as it is known; looks at it again, in the background, if that is due.
    pub fn health(&self) -> RemoteHealth {
        self.look_if_due();
        self.peer.health()
    }

    pub(crate) fn called_so(&self) -> Str {
        self.settings.name.clone()
    }

    /// What the model is told of it; looks at it, in the background, if that is due.
    pub(crate) fn described(&self) -> Str {
        self.look_if_due();
        let own = self.settings.description.clone();
        let of_card = || self.peer.card().map(|card| card.description.clone());
        own.or_else(of_card).unwrap_or_default()
    }

    /// What a span says of it.
    pub(crate) fn as_seen(&self) -> kaos_hooks::RemoteAgent {
        let card = self.peer.card();
        let text = |text: &Str| Some(text.clone()).filter(|it| !it.is_empty());
        kaos_hooks::RemoteAgent {
            version: card.as_ref().and_then(|card| text(&card.version)),
            description: card.as_ref().and_then(|card| text(&card.description)),
            server: self.settings.url.as_ref().and_then(|url| {
                Some(Server {
                    address: Str::copied(url.host_str()?),
                    port: url.port_or_known_default()?,
                })
            }),
            provider: Str::Static("kaos"),
            ..kaos_hooks::RemoteAgent::default()
        }
    }

    /// The card is that of the agent that is meant.
    fn is(&self, card: &Card) -> bool {
        let plain = |name: &str| name.to_lowercase().replace('_', "-");
        !self.settings.named || plain(&card.name) == plain(&self.settings.name)
    }
}

/// The address beneath which an agent's routes are.
fn address(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim()).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !web || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().split("/.well-known/").next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Some(url)
}

fn called(url: &Url) -> Str {
    let host = url.domain().unwrap_or_default();
    let first = host.split('.').next().unwrap_or_default();
    if first.is_empty() {
        Str::Static("agent")
    } else {
        Str::copied(first)
    }
}

impl fmt::Debug for RemoteAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.settings.url.as_ref();
        f.debug_struct("RemoteAgent")
            .field("name", &self.settings.name)
            .field("at", &place.map(|url| url.origin().ascii_serialization()))
            .finish_non_exhaustive()
    }
}
