//! SERVER spans: a span for each request that is answered, between its caller and the turn.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Polling, Poll};
use std::time::Instant;

use http::header::{HOST as HOST_HEADER, USER_AGENT as USER_AGENT_HEADER};
use http::{Request, Response, Version};
use http_body::Body;
use kaos_hooks::{Incoming, Propagator};
use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt as _, SpanKind, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry_sdk::trace::SdkTracer;

use super::answering::{Answering, ObservedBody};
use crate::attributes::http::{
    self as attributes, Attributes, HOST, METHOD, METHOD_ORIGINAL, PATH, ROUTE, SCHEME, USER_AGENT,
    VERSION,
};
use crate::propagation::context;
use crate::scope::scope;
use crate::settings::HttpSettings;
use crate::{Propagators, Telemetry};

/// A `tower` layer that makes a SERVER span of each request, from its headers to the end of its answer's
/// body, and tells a line of it (target `kaos::access`, INFO).
///
/// The span is the child of the caller's, by the request's headers. The [`Incoming`] that it puts into the
/// request's extensions names it, and what takes that as its parent becomes its child: so do the turns of
/// `kaos_runner::server`. The layer does nothing unless the [settings](HttpSettings) ask for it, nor where
/// a path is excluded; without telemetry there are lines alone.
///
/// A request is called by its method and, where that is known, its route. What a client says is shown
/// without the query, and no longer than 256 characters. An answer of 5xx, and one that the client does not
/// wait for (`error.type` = `cancelled`), make an ERROR.
///
/// # Example
///
/// ```
/// use kaos_otel_hook::{HttpServerLayer, Settings, Telemetry};
///
/// let settings = Settings::from_vars(|name| std::env::var(name).ok());
/// let telemetry = Telemetry::from_settings(&settings)?;
/// let layer = HttpServerLayer::new(&telemetry, &settings.http);
/// // axum: `router.layer(layer.route(|it| Some(it.get::<MatchedPath>()?.as_str().to_owned())))`
/// # Ok::<(), kaos_otel_hook::ExporterError>(())
/// ```
#[derive(Clone)]
pub struct HttpServerLayer(Option<Arc<Shared>>);

type Route = dyn Fn(&http::Extensions) -> Option<String> + Send + Sync;

struct Shared {
    tracer: Option<SdkTracer>,
    propagators: Propagators,
    settings: HttpSettings,
    route: Option<Box<Route>>,
}

impl HttpServerLayer {
    /// For spans of this telemetry.
    pub fn new(telemetry: &Telemetry, settings: &HttpSettings) -> Self {
        let provider = telemetry.tracer_provider();
        let shared = settings.server.then(|| Shared {
            tracer: provider.map(|provider| provider.tracer_with_scope(scope())),
            propagators: telemetry.propagators().clone(),
            settings: settings.clone(),
            route: None,
        });
        Self(shared.map(Arc::new))
    }

    /// How the route of a request is found in its extensions: a path with placeholders, one of few.
    #[must_use]
    pub fn route(
        self,
        route: impl Fn(&http::Extensions) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let with = |shared: Arc<Shared>| Shared {
            tracer: shared.tracer.clone(),
            propagators: shared.propagators.clone(),
            settings: shared.settings.clone(),
            route: Some(Box::new(route)),
        };
        Self(self.0.map(with).map(Arc::new))
    }
}

impl fmt::Debug for HttpServerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = self.0.is_some();
        f.debug_struct("HttpServerLayer").field("on", &on).finish()
    }
}

impl<S> tower_layer::Layer<S> for HttpServerLayer {
    type Service = HttpServerService<S>;

    fn layer(&self, inner: S) -> HttpServerService<S> {
        HttpServerService {
            inner,
            shared: self.0.clone(),
        }
    }
}

/// What [`HttpServerLayer`] makes of a service.
///
/// # Example
///
/// A server that keeps its service by its type:
///
/// ```
/// use kaos_otel_hook::{HttpServerLayer, HttpServerService, ObservedBody};
/// use tower_layer::Layer as _;
///
/// struct Serving<S>(HttpServerService<S>);
///
/// /// What it answers: the span ends with the body.
/// type Answer<B> = http::Response<ObservedBody<B>>;
///
/// fn serving<S>(service: S, layer: &HttpServerLayer) -> Serving<S> {
///     Serving(layer.layer(service))
/// }
/// ```
#[derive(Clone)]
pub struct HttpServerService<S> {
    inner: S,
    shared: Option<Arc<Shared>>,
}

impl<S> fmt::Debug for HttpServerService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = self.shared.is_some();
        f.debug_struct("HttpServerService")
            .field("on", &on)
            .finish_non_exhaustive()
    }
}

impl<S, A, B> tower_service::Service<Request<A>> for HttpServerService<S>
where
    S: tower_service::Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: Body,
{
    type Response = Response<ObservedBody<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, polling: &mut Polling<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(polling)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let shared = self.shared.as_ref();
        let shared = shared.filter(|it| !it.settings.excludes(request.uri().path()));
        let mut answering = shared.map(|shared| shared.begin(&mut request));
        let current = answering.as_ref().map(|it| it.context.clone());
        let answered = self.inner.call(request);
        let answered = answered.with_context(current.unwrap_or_else(Context::current));
        Box::pin(async move {
            let response = answered.await?;
            if let Some(answering) = &mut answering {
                answering.status = Some(response.status().as_u16());
            }
            Ok(response.map(|inner| ObservedBody::new(inner, answering)))
        })
    }
}

impl Shared {
    fn begin<A>(self: &Arc<Self>, request: &mut Request<A>) -> Answering {
        let route = self
            .route
            .as_ref()
            .and_then(|route| route(request.extensions()));
        let method = request.method().as_str();
        let known = attributes::method(method);
        let name = match (known.unwrap_or("HTTP"), &route) {
            (method, Some(route)) => format!("{method} {route}"),
            (method, None) => method.to_owned(),
        };
        let line = format!(
            "{} {}",
            attributes::bounded(method),
            attributes::bounded(request.uri().path())
        );
        let outer = self.outer(request);
        let context = match &self.tracer {
            None => outer,
            Some(tracer) => {
                let span = tracer.span_builder(name).with_kind(SpanKind::Server);
                let span = span.with_attributes(self.attributes(request, known, route));
                let span = tracer.build_with_context(span, &outer);
                let context = outer.with_span(span);
                request.extensions_mut().insert(incoming(&context));
                context
            }
        };
        Answering {
            context,
            line,
            old_names: self.settings.old_names,
            since: Instant::now(),
            status: None,
            is_whole: false,
        }
    }

    /// The caller's context.
    fn outer<A>(&self, request: &Request<A>) -> Context {
        let headers = request.headers().iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        match Propagator::extract(&self.propagators, &headers) {
            Some(incoming) => context::of_incoming(&incoming),
            None => Context::new(),
        }
    }

    fn attributes<A>(
        &self,
        request: &Request<A>,
        known: Option<&'static str>,
        route: Option<String>,
    ) -> Vec<opentelemetry::KeyValue> {
        let mut all = Attributes::new(self.settings.old_names);
        all.add(METHOD, known.unwrap_or("_OTHER"));
        if known.is_none() {
            all.add(
                METHOD_ORIGINAL,
                attributes::bounded(request.method().as_str()),
            );
        }
        all.add(PATH, attributes::bounded(request.uri().path()));
        all.add(
            SCHEME,
            request.uri().scheme_str().unwrap_or("http").to_owned(),
        );
        if let Some(route) = route {
            all.add(ROUTE, route);
        }
        let version = match request.version() {
            Version::HTTP_10 => Some("1.0"),
            Version::HTTP_11 => Some("1.1"),
            Version::HTTP_2 => Some("2"),
            _ => None,
        };
        if let Some(version) = version {
            all.add(VERSION, version);
        }
        let header = |name| request.headers().get(name)?.to_str().ok();
        let host = header(HOST_HEADER).and_then(|host| host.parse::<http::uri::Authority>().ok());
        if let Some(host) = host {
            all.add(HOST.0, attributes::bounded(host.host()));
            if let Some(port) = host.port_u16() {
                all.add(HOST.1, i64::from(port));
            }
        }
        if let Some(agent) = header(USER_AGENT_HEADER) {
            all.add(USER_AGENT, attributes::bounded(agent));
        }
        all.all
    }
}

/// The span of this context, and its baggage, as the parent of a run.
fn incoming(context: &Context) -> Incoming {
    let _current = context.clone().attach();
    let mut baggage = String::new();
    Propagator::inject(&Propagators::default(), &mut |name, value| {
        if name == "baggage" {
            value.clone_into(&mut baggage);
        }
    });
    Incoming {
        span: context::ambient(),
        baggage: baggage.into(),
    }
}
