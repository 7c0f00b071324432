//! Who may ask: tokens, hosts and origins.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::error::ApiError;
use super::host::{Authority, Origin};

/// Who may ask a server: everybody who knows a token, under which names of the server, from which web
/// pages.
///
/// - Without a token everybody may ask.
/// - A web page of another origin than the server's own may not, unless it is allowed: its browser asks on
///   behalf of whoever looks at it, also on machines that only that person reaches. The server's own origins
///   are those of hosts that are named, and of loopback names where it listens there.
/// - A server on a loopback address is asked under a loopback name only (`localhost`, `127.0.0.1`,
///   `[::1]`), and under those that are allowed: a web page cannot get around that by making its own
///   name point here. Elsewhere every name does, unless some are named, or [`addresses`](Self::addresses) are enough.
///
/// # Example
///
/// ```
/// use kaos_runner::server::Access;
///
/// let access = Access::new()
///     .token("s3cret")
///     .hosts(["agents.example"])
///     .origins(["https://ui.example"]);
/// ```
#[derive(Clone, Default)]
pub struct Access {
    /// Hashes, so that comparing takes the same time whatever the lengths.
    tokens: Vec<[u8; 32]>,
    hosts: Vec<String>,
    origins: Vec<String>,
    loopback: bool,
    addresses: bool,
}

impl Access {
    /// Everybody, but no web page of another origin.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes this bearer token, too. An empty one is none.
    #[must_use]
    pub fn token(mut self, token: impl AsRef<str>) -> Self {
        let token = token.as_ref();
        if !token.is_empty() {
            self.tokens.push(hash(token.as_bytes()));
        }
        self
    }

    /// Serves requests to these hosts: names or addresses, with a port where it matters; `*` is every one.
    #[must_use]
    pub fn hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// Serves web pages of these origins, such as `https://ui.example`; `*` is every one.
    #[must_use]
    pub fn origins<O: Into<String>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        self.origins.extend(origins.into_iter().map(Into::into));
        self
    }

    /// Serves requests to every address, such as `192.0.2.2:4400` or `[2001:db8::2]`, and to no name that is not named: who may make a
    /// name point here cannot make an address do so.
    #[must_use]
    pub fn addresses(mut self) -> Self {
        self.addresses = true;
        self
    }

    /// Of a server that listens at this address: on a loopback one, loopback names only.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.loopback = address.ip().to_canonical().is_loopback();
        self
    }

    /// Whether this can be one of [`hosts`](Self::hosts): under anything else nobody asks.
    pub fn is_host(text: &str) -> bool {
        text == "*" || Authority::read(text).is_some()
    }

    /// Whether this can be one of [`origins`](Self::origins): `https://ui.example`, with a port where it
    /// matters, or `*`.
    pub fn is_origin(text: &str) -> bool {
        text == "*" || Origin::read(text).is_some_and(|origin| origin.is_of_the_web())
    }

    /// Whether a token is needed.
    pub fn needs_token(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Lets requests to other hosts and from other origins not in; those of allowed origins get what
    /// their browsers ask for (CORS). Nothing of a request that is refused reaches the routes.
    pub fn guard(&self, router: Router) -> Router {
        let rules = Arc::new(Rules::of(self));
        let allowed = Arc::clone(&rules);
        let allow = AllowOrigin::predicate(move |origin, _| allowed.lists(origin));
        let router = router.layer(cors(allow));
        router.layer(from_fn(move |request: Request, next: Next| {
            let ruling = rules.judge(&request);
            async move { answer(ruling, request, next).await }
        }))
    }

    /// Lets only those who know a token to the routes so far.
    pub fn guard_tokens(&self, router: Router) -> Router {
        if self.tokens.is_empty() {
            return router;
        }
        let tokens: Arc<[[u8; 32]]> = self.tokens.as_slice().into();
        router.route_layer(from_fn(move |request: Request, next: Next| {
            let ruling = known(&tokens, request.headers());
            async move { answer(ruling, request, next).await }
        }))
    }
}

async fn answer(ruling: Result<(), ApiError>, request: Request, next: Next) -> Response {
    match ruling {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn hash(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Whether the request has one of the tokens; every one is compared, and whole.
fn known(tokens: &[[u8; 32]], headers: &HeaderMap) -> Result<(), ApiError> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(given), None) = (given.next(), given.next()) else {
        return Err(ApiError::unauthorized());
    };
    let token = match given.as_bytes().split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => {
            hash(token.trim_ascii())
        }
        _ => return Err(ApiError::unauthorized()),
    };
    let is_one = |any: Choice, known: &[u8; 32]| any | known.ct_eq(&token);
    if tokens.iter().fold(Choice::from(0), is_one).into() {
        Ok(())
    } else {
        Err(ApiError::unauthorized())
    }
}

/// What a web page of an allowed origin may do.
fn cors(allow: AllowOrigin) -> CorsLayer {
    let shown = [
        "mcp-session-id",
        "x-session-id",
        "x-trace-id",
        "traceresponse",
        "retry-after",
    ];
    CorsLayer::new()
        .allow_origin(allow)
        .allow_methods([Method::DELETE, Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(shown.map(HeaderName::from_static))
}

/// Which names are a server's own without being listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unnamed {
    None,
    Loopback,
    /// Those of the loopback, and whatever is an address.
    Addresses,
}

/// The hosts and origins that are served.
struct Rules {
    own: Unnamed,
    every_host: bool,
    hosts: Vec<Authority>,
    every_origin: bool,
    origins: Vec<Origin>,
}

impl Rules {
    fn of(access: &Access) -> Self {
        let every = |of: &[String]| of.iter().any(|it| it == "*");
        let own = match (access.addresses, access.loopback) {
            (true, _) => Unnamed::Addresses,
            (false, true) => Unnamed::Loopback,
            (false, false) => Unnamed::None,
        };
        Self {
            own,
            every_host: every(&access.hosts) || (access.hosts.is_empty() && own == Unnamed::None),
            hosts: access
                .hosts
                .iter()
                .filter_map(|it| Authority::read(it))
                .collect(),
            every_origin: every(&access.origins),
            origins: access
                .origins
                .iter()
                .filter_map(|it| Origin::read(it))
                .collect(),
        }
    }

    fn judge(&self, request: &Request) -> Result<(), ApiError> {
        let asked = asked(request.uri(), request.headers())?;
        if !self.serves(&asked) && !self.is_probe(request) {
            return Err(ApiError::foreign_host());
        }
        let mut origins = request.headers().get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if self.lists(origin) => Ok(()),
            // A name that anybody may have made point here proves nothing.
            (Some(origin), None) if self.vouches(&asked) && is_of(origin, &asked) => Ok(()),
            _ => Err(ApiError::foreign_origin()),
        }
    }

    fn serves(&self, asked: &Authority) -> bool {
        self.every_host || self.vouches(asked)
    }

    /// Whether this name is known to be the server's own.
    fn vouches(&self, asked: &Authority) -> bool {
        let is_own = match self.own {
            Unnamed::None => false,
            Unnamed::Loopback => asked.is_loopback(),
            Unnamed::Addresses => asked.is_loopback() || asked.is_address(),
        };
        is_own || self.hosts.iter().any(|listed| asked.is(listed))
    }

    /// Whoever looks whether the server lives asks its address, whatever its name.
    fn is_probe(&self, request: &Request) -> bool {
        let path = request.uri().path();
        let probed = matches!(path, "/health" | "/ready") || path.starts_with("/health/");
        self.own != Unnamed::Loopback && probed
    }

    fn lists(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().ok().and_then(Origin::read);
        self.every_origin
            || origin.is_some_and(|it| self.origins.iter().any(|listed| it.is(listed)))
    }
}

fn is_of(origin: &HeaderValue, asked: &Authority) -> bool {
    let origin = origin.to_str().ok().and_then(Origin::read);
    origin.is_some_and(|origin| origin.is_of(asked))
}

/// Who is asked: the target's authority, else the one header `Host` (RFC 9112, 3.2).
fn asked(target: &Uri, headers: &HeaderMap) -> Result<Authority, ApiError> {
    let mut hosts = headers.get_all(HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(ApiError::bad_host());
    }
    let host = host.and_then(|host| host.to_str().ok());
    let authority = target.authority().map(axum::http::uri::Authority::as_str);
    let asked = authority.or(host).and_then(Authority::read);
    asked.ok_or_else(ApiError::bad_host)
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("tokens", &self.tokens.len())
            .field("hosts", &self.hosts)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}
