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
    /// `k8s.namespace.name` of `OTEL_RESOURCE_ATTRIBUTES`, and a host's is what stands before `.svc`.
    ///
    /// # Errors
    ///
    /// A list has an item without a name or an address, or an agent has no address, or none that can be
    /// used.
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
        let mut agents = Vec::new();
        for (name, url, variable) in named {
            let url = address(&url).ok_or_else(|| {
                wrong(
                    &variable,
                    "has an address that is no http URL without credentials",
                )
            })?;
            let own = set(&format!("PEER_AGENT_{}_TOKEN", in_variables(&name)));
            let ours = || {
                let host = url.host_str().unwrap_or_default();
                is_near(host, namespace(set("OTEL_RESOURCE_ATTRIBUTES").as_deref()))
                    .then(|| set("KAOS_API_TOKEN"))?
            };
            let token = own.or_else(|| {
                let tokens = ours()?;
                tokens
                    .split(',')
                    .map(str::trim)
                    .find(|it| !it.is_empty())
                    .map(str::to_owned)
            });
            let agent = Self::at(url.as_str()).name(name);
            agents.push(match token {
                Some(token) => agent.bearer(token.trim()),
                None => agent,
            });
        }
        Ok(agents)
    }
}

/// The items of a list with commas, in brackets or not.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let list = list.trim();
    let inner = list.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let items = inner.unwrap_or(list).split(',').map(str::trim);
    items.filter(|item| !item.is_empty())
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

/// Whether a host is this machine, or a service of this namespace.
fn is_near(host: &str, namespace: Option<&str>) -> bool {
    if crate::http_client::is_this_host(host) {
        return true;
    }
    let mut parts = host.trim_end_matches('.').split('.');
    let (_service, of, svc) = (parts.next(), parts.next(), parts.next());
    svc == Some("svc") && of.is_some() && of == namespace
}
