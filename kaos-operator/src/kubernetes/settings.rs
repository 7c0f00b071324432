//! What the operator itself is told.

use std::collections::BTreeMap;

use crate::defaults::{BadVariable, Defaults};
use crate::resources::Kind;

/// What the operator itself is told, by the variables that KAOS' chart sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorSettings {
    /// The variables that say what holds for all components. The `ConfigMap` `kaos-operator-config` goes before them.
    pub variables: BTreeMap<String, String>,
    /// The namespace whose resources are served; none for all.
    pub namespace: Option<String>,
    /// The namespace of the operator: its Lease, and the `ConfigMap`s `kaos-operator-config` and `kaos-mcp-runtimes`.
    pub system_namespace: String,
    /// The gateway that routes lead through; none is no routes.
    pub gateway: Option<Gateway>,
    /// Whether one of several operators works, and the others wait.
    pub leader_election: bool,
    /// What this operator is called among several.
    pub identity: String,
}

/// A gateway of the Gateway API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// How long a request may take: of agents, of models, of MCP servers, such as `120s`; `0s` is without limit.
    pub timeouts: [String; 3],
}

impl Gateway {
    pub(super) fn timeout(&self, kind: Kind) -> &str {
        let [agent, model_api, mcp_server] = &self.timeouts;
        match kind {
            Kind::Agent => agent,
            Kind::ModelApi => model_api,
            Kind::McpServer => mcp_server,
        }
    }
}

/// Variables that are kept, because the `ConfigMap` may say otherwise later.
const DEFAULTS: [&str; 6] = [
    "DEFAULT_TELEMETRY_ENABLED",
    "DEFAULT_TELEMETRY_ENDPOINT",
    "DEFAULT_LOG_LEVEL",
    "DEFAULT_AGENT_IMAGE",
    "DEFAULT_LITELLM_IMAGE",
    "DEFAULT_OLLAMA_IMAGE",
];

impl OperatorSettings {
    /// What variables say:
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `DEFAULT_*` | see [`Defaults::from_vars`] |
    /// | `SYSTEM_NAMESPACE` | the operator's own namespace, `kaos-system` unless given |
    /// | `WATCH_NAMESPACE` | the one namespace whose resources are served; all if empty |
    /// | `LEADER_ELECTION` | whether one of several operators works: `true` (unless given) or `false` |
    /// | `POD_NAME` or `HOSTNAME` | what this one is called among them |
    /// | `GATEWAY_API_ENABLED` | whether routes are made: `true`, or `false` (unless given) |
    /// | `GATEWAY_NAME`, `GATEWAY_NAMESPACE` | the gateway, `kaos-gateway` in the operator's namespace unless given |
    /// | `GATEWAY_DEFAULT_{AGENT,MODELAPI,MCP}_TIMEOUT` | such as `300s`; 120, 120 and 30 s unless given |
    ///
    /// # Errors
    ///
    /// The first variable whose value means nothing.
    pub fn from_vars(get: impl Fn(&str) -> Option<String>) -> Result<Self, BadVariable> {
        let said = |name: &str| get(name).filter(|it| !it.is_empty());
        let word = |name: &str, or: &str| said(name).unwrap_or_else(|| or.to_owned());
        let switch =
            |name: &'static str, or: bool| match word(name, "").to_ascii_lowercase().as_str() {
                "" => Ok(or),
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(BadVariable::new(name, "true or false")),
            };
        let system_namespace = word("SYSTEM_NAMESPACE", "kaos-system");
        let duration = |name: &'static str, or: &str| {
            let text = word(name, or);
            let known = crate::shape::is_duration(&text);
            known
                .then_some(text)
                .ok_or(BadVariable::new(name, "a duration such as 120s"))
        };
        let gateway = if switch("GATEWAY_API_ENABLED", false)? {
            Some(Gateway {
                name: word("GATEWAY_NAME", "kaos-gateway"),
                namespace: word("GATEWAY_NAMESPACE", &system_namespace),
                timeouts: [
                    duration("GATEWAY_DEFAULT_AGENT_TIMEOUT", "120s")?,
                    duration("GATEWAY_DEFAULT_MODELAPI_TIMEOUT", "120s")?,
                    duration("GATEWAY_DEFAULT_MCP_TIMEOUT", "30s")?,
                ],
            })
        } else {
            None
        };
        let variables = DEFAULTS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), get(name)?)));
        let settings = Self {
            variables: variables.collect(),
            namespace: said("WATCH_NAMESPACE"),
            gateway,
            leader_election: switch("LEADER_ELECTION", true)?,
            identity: said("POD_NAME")
                .or_else(|| said("HOSTNAME"))
                .unwrap_or_else(|| "kaos-operator".to_owned()),
            system_namespace,
        };
        Defaults::from_vars(|name| settings.variables.get(name).cloned())?;
        Ok(settings)
    }

    /// What holds for all components: what the `ConfigMap` says, else the variable.
    ///
    /// # Errors
    ///
    /// What means nothing.
    pub(super) fn defaults(
        &self,
        config: Option<&BTreeMap<String, String>>,
        runtimes: Option<&str>,
    ) -> Result<Defaults, String> {
        let said = |name: &str| {
            config
                .and_then(|it| it.get(name))
                .or_else(|| self.variables.get(name))
                .cloned()
        };
        let mut defaults = Defaults::from_vars(said).map_err(|it| it.to_string())?;
        if let Some(text) = runtimes {
            let taken = defaults.take_runtimes(text);
            taken.map_err(|why| format!("runtimes.yaml: {why}"))?;
        }
        Ok(defaults)
    }
}
