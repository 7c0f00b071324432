//! Remote agents from the environment, as KAOS' operator sets it.

use super::{RemoteAgent, address};

/// A variable about remote agents cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {why}")]
pub struct RemoteVariableError {
    /// Its name.
    pub variable: String,
    /// What is wrong with it; never its value, which may hold a key.
    pub why: &'static str,
}

impl RemoteAgent {
    /// The agents that the environment names: those of `AGENT_SUB_AGENTS` (`name:url,name:url`) or, where
    /// that is not set, of `PEER_AGENTS` (`name,name`), each at `PEER_AGENT_{NAME}_CARD_URL`, its name in
    /// upper case and with `_` for `-`. Lists may stand in brackets; what is empty is absent.
    ///
    /// An agent is asked with `PEER_AGENT_{NAME}_TOKEN`; without it, where it is on this machine or in this
    /// namespace, with the first of `KAOS_API_TOKEN`. The namespace is `service.namespace` or
    /// `k8s.namespace.name` of `OTEL_RESOURCE_ATTRIBUTES`, and a host's is what stands before `.svc` or
    /// `.svc.cluster.local`.
    ///
    /// # Errors
    ///
    /// A list has an item without a name or an address, or a name twice; an agent has no address, or none
    /// that can be used; a token cannot stand in a header, or is that of two agents, whose names differ in case or in `-` and `_` alone.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_runner::RemoteAgent;
    ///
    /// let vars = |name: &str| match name {
    ///     "PEER_AGENTS" => Some("web-researcher".to_owned()),
    ///     "PEER_AGENT_WEB_RESEARCHER_CARD_URL" => Some("http://127.0.0.1:8001".to_owned()),
    ///     _ => None,
    /// };
    /// let agents = RemoteAgent::all_from_vars(vars)?;
    /// assert_eq!(agents[0].called(), "web-researcher");
    /// # Ok::<(), kaos_runner::remote::RemoteVariableError>(())
    /// ```
    pub fn all_from_vars(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<Self>, RemoteVariableError> {
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let wrong = |variable: &str, why| RemoteVariableError {
            variable: variable.to_owned(),
            why,
        };
        let mut named: Vec<(String, String, String)> = Vec::new();
        if let Some(list) = set("AGENT_SUB_AGENTS") {
            let of = "AGENT_SUB_AGENTS";
            for item in items(&list) {
                let parts = item
                    .split_once(':')
                    .map(|(name, url)| (name.trim(), url.trim()));
                let (name, url) = parts
                    .filter(|(name, url)| !name.is_empty() && !url.is_empty())
                    .ok_or_else(|| wrong(of, "has an item that is not name:url"))?;
                named.push((name.to_owned(), url.to_owned(), of.to_owned()));
            }
        } else if let Some(list) = set("PEER_AGENTS") {
            for name in items(&list) {
                let variable = format!("PEER_AGENT_{}_CARD_URL", in_variables(name));
                let url = set(&variable)
                    .ok_or_else(|| wrong(&variable, "is not set; set it to the agent's address"))?;
                named.push((name.to_owned(), url, variable));
            }
        }
        // Variables tell fewer names apart than lists do.
        for (at, (name, ..)) in named.iter().enumerate() {
            let own = token_of(name);
            let others = named.iter().skip(at + 1);
            if set(&own).is_some()
                && others
                    .clone()
                    .any(|(it, ..)| it != name && token_of(it) == own)
            {
                return Err(wrong(
                    &own,
                    "would be the token of two agents; call one of them something else",
                ));
            }
        }
        let mut agents: Vec<Self> = Vec::new();
        for (name, url, variable) in named {
            if agents.iter().any(|it| it.called() == name) {
                let list = if variable == "AGENT_SUB_AGENTS" {
                    &variable
                } else {
                    "PEER_AGENTS"
                };
                return Err(wrong(list, "names an agent twice"));
            }
            let plain = Some(url).filter(|it| !it.contains('?'));
            let url = plain.and_then(|it| address(&it)).ok_or_else(|| {
                wrong(
                    &variable,
                    "has an address that is no http URL without credentials and query",
                )
            })?;
            let own = token_of(&name);
            let ours = || {
                let host = url.host_str().unwrap_or_default();
                is_near(host, namespace(set("OTEL_RESOURCE_ATTRIBUTES").as_deref()))
                    .then(|| set("KAOS_API_TOKEN"))?
            };
            let (variable, token) = if let Some(token) = set(&own) {
                (own.as_str(), Some(token.trim().to_owned()))
            } else {
                let first = ours().and_then(|it| items(&it).next().map(str::to_owned));
                ("KAOS_API_TOKEN", first)
            };
            let sendable = |it: u8| it == b' ' || it.is_ascii_graphic();
            if token.as_ref().is_some_and(|it| !it.bytes().all(sendable)) {
                return Err(wrong(variable, "has characters that cannot be sent"));
            }
            let agent = Self::at(url.as_str()).name(name);
            agents.push(match token {
                Some(token) => agent.bearer(token),
                None => agent,
            });
        }
        Ok(agents)
    }
}

/// The items of a list with commas, in brackets or not, in quotes or not.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let list = list.trim();
    let inner = list.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let items = inner.unwrap_or(list).split(',');
    let items = items.map(|item| item.trim().trim_matches(['"', '\'']).trim());
    items.filter(|item| !item.is_empty())
}

fn token_of(name: &str) -> String {
    format!("PEER_AGENT_{}_TOKEN", in_variables(name))
}

fn in_variables(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

/// The namespace that a resource says it is in.
fn namespace(resource: Option<&str>) -> Option<&str> {
    let of = |key: &str| {
        let mut pairs = resource?.split(',').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(it, _)| it.trim() == key)
            .map(|(_, value)| value.trim())
    };
    of("service.namespace").or_else(|| of("k8s.namespace.name"))
}

/// Whether a host is this machine, or a service of this namespace (Kubernetes' names of services, with its usual
/// domain or none: `researcher.team.svc.example` is anybody's).
fn is_near(host: &str, namespace: Option<&str>) -> bool {
    if crate::http_client::is_this_host(host) {
        return true;
    }
    let host = host.trim_end_matches('.');
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    let parts: Vec<&str> = host.split('.').collect();
    matches!(*parts, [_service, of, "svc"] if !of.is_empty() && Some(of) == namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_of_the_same_namespace_and_this_machine_are_near_and_nobody_else() {
        for (host, near) in [
            ("researcher.team.svc", true),
            ("researcher.team.svc.cluster.local", true),
            ("researcher.team.svc.cluster.local.", true),
            ("localhost", true),
            ("[::1]", true),
            ("researcher.other.svc", false),
            ("researcher.team.svc.example.com", false),
            ("a.researcher.team.svc", false),
            ("team.svc", false),
            ("researcher.team", false),
            ("svc", false),
        ] {
            assert_eq!(is_near(host, Some("team")), near, "{host}");
        }
        for host in ["researcher.team.svc", "researcher..svc"] {
            assert!(!is_near(host, None) && !is_near(host, Some("")), "{host}");
        }
    }

    #[test]
    fn the_namespace_is_the_services_own_or_that_of_its_pod() {
        for (resource, expected) in [
            (
                "service.namespace=team,k8s.namespace.name=kaos",
                Some("team"),
            ),
            ("service.name=x, k8s.namespace.name = kaos", Some("kaos")),
            ("xservice.namespace=team", None),
            ("", None),
        ] {
            assert_eq!(namespace(Some(resource)), expected, "{resource}");
        }
    }
}
