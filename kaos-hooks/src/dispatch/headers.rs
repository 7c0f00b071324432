//! Traces that cross processes, for those who know no tracing system.

use kaos_events::Incoming;

use crate::{Exchange, Hooks, HttpRequest};

impl Hooks {
    /// The caller's span in another process, and its baggage, from a request's headers; `None`, if no
    /// hook finds anything, starts a new trace.
    ///
    /// Takes pairs of name and value, repeated ones too: an `&http::HeaderMap`, a
    /// `&HashMap<String, String>`, an array of `(&str, &str)`.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_hooks::{Hooks, Turn};
    ///
    /// let hooks = Hooks::default(); // of an application: with telemetry
    /// let parent = hooks.extract([("traceparent", "00-...")]);
    /// let turn = hooks.turn(Turn::new("assistant").parent(parent));
    /// ```
    pub fn extract<N, V>(&self, headers: impl IntoIterator<Item = (N, V)>) -> Option<Incoming>
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let held: Vec<(N, V)> = headers.into_iter().collect();
        let headers: Vec<(&str, &[u8])> = held
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
            .collect();
        self.ask_propagators(|propagator| propagator.extract(&headers))
    }

    /// Hands the name and value of each header that names the current span, and that of its baggage,
    /// to `header`, for a request to another process. Baggage is for services of one's own: a request
    /// to somebody else's leaves it out. Without a hook that knows a current span there is none.
    ///
    /// # Example
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// let hooks = kaos_hooks::Hooks::default();
    /// let mut headers = HashMap::new();
    /// hooks.inject(|name, value| drop(headers.insert(name.to_owned(), value.to_owned())));
    /// assert!(headers.is_empty(), "no hook, no header");
    /// ```
    pub fn inject(&self, mut header: impl FnMut(&str, &str)) {
        // All of a hook's headers or none: one that panics half-way is passed over.
        let injected = self.ask_propagators(|propagator| {
            let mut headers: Vec<(String, String)> = Vec::new();
            propagator.inject(&mut |name, value| headers.push((name.to_owned(), value.to_owned())));
            (!headers.is_empty()).then_some(headers)
        });
        for (name, value) in injected.into_iter().flatten() {
            header(&name, &value);
        }
    }

    /// Begins a request over HTTP: whoever traces those makes it a span of its own, whose headers go with it.
    /// Where nobody does, its headers are those of the current span ([`inject`](Self::inject)), and of a
    /// request that names its parent, none.
    pub fn exchange(&self, request: &HttpRequest<'_>) -> Exchange {
        let traced = self.ask_propagators(|propagator| {
            let traced = propagator.exchange(request)?;
            let mut headers = Vec::new();
            traced.inject(&mut |name, value| headers.push((name.to_owned(), value.to_owned())));
            Some((traced, headers))
        });
        if let Some((traced, headers)) = traced {
            return Exchange::of(Some(traced), headers);
        }
        let mut headers = Vec::new();
        if request.parent.is_none() {
            self.inject(|name, value| headers.push((name.to_owned(), value.to_owned())));
        }
        Exchange::of(None, headers)
    }
}
