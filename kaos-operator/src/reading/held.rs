//! What was read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::finding::{Finding, Place, Rule};
use crate::resources::{AgentSpec, Identity, Kind, McpServerSpec, ModelApiSpec, SecretText};
use crate::shape;
use crate::yaml::{Mark, Node};

/// One resource, as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Resource<S> {
    /// What it is to be.
    pub(crate) spec: S,
    /// Which it is, and where.
    pub(crate) at: Located,
}

/// Which resource something is, and where it was read.
#[derive(Debug, Clone)]
pub struct Located {
    /// Which it is.
    pub identity: Identity,
    pub(super) source: Arc<str>,
    pub(super) document: Node,
}

impl Located {
    /// All of it, with fields that are not known, as JSON.
    #[must_use]
    pub fn document(&self) -> serde_json::Value {
        self.document.to_json()
    }

    /// Where it was read.
    #[must_use]
    pub fn place(&self) -> Place {
        shape::place(&self.source, self.document.mark)
    }

    /// The path of a variable in the list at a path: of the last one of that name, which counts.
    pub(crate) fn variable(&self, list: &str, name: &str) -> String {
        let named = |node: &Node| node.get("name").and_then(Node::text) == Some(name);
        let list_of = self.document.at(list).map_or(&[] as &[_], Node::items);
        match list_of.iter().rposition(named) {
            Some(index) => format!("{list}[{index}]"),
            None => list.to_owned(),
        }
    }

    /// Something that was found in the field at a path.
    pub(crate) fn finding(&self, rule: Rule, path: &str, message: impl Into<String>) -> Finding {
        let mark = mark_of(&self.document, path);
        let place = shape::place(&self.source, mark);
        Finding::new(rule, Some(place), message)
            .about(&self.identity)
            .path(path)
    }
}

/// A Secret or `ConfigMap`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    /// Its values, by key; one whose value is no text has none.
    pub(crate) values: BTreeMap<String, Option<SecretText>>,
    /// Where it was read; one that was given has no place.
    pub(crate) place: Option<Place>,
}

/// All that was read: resources, and the Secrets and `ConfigMap`s beside them.
///
/// # Example
///
/// What was read, with fields that no version knows; Secrets have values that nothing shows:
///
/// ```
/// use kaos_operator::{Identity, Located, Place, Reading, Resources, SecretText, Source, read};
///
/// let text = "
/// apiVersion: kaos.tools/v1alpha1
/// kind: Agent
/// metadata: {name: analyst}
/// spec: {modelAPI: llm, model: gpt-4o, config: {env: [{name: REGION, value: eu}]}}
/// ";
/// let (mut resources, _findings): (Resources, _) = read(&[Source::new("team.yaml", text)], &Reading::default());
/// let analyst: &Located = resources.all().next().unwrap();
/// let Identity { namespace, name, .. } = &analyst.identity;
/// let Place { line, .. } = analyst.place();
/// assert_eq!((&**namespace, &**name, line), ("default", "analyst", 2));
/// // An older version's place of a field is not where it stands now.
/// assert_eq!(analyst.document()["spec"]["container"]["env"][0]["value"], "eu");
///
/// resources.give_secret("default", "provider", "key", SecretText::new("sk-…"));
/// assert_eq!(format!("{:?}", resources.secret("default", "provider", "key")), "Some([a text])");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// Where models are.
    pub(crate) model_apis: BTreeMap<Identity, Resource<ModelApiSpec>>,
    /// Servers of the Model Context Protocol.
    pub(crate) mcp_servers: BTreeMap<Identity, Resource<McpServerSpec>>,
    /// Agents.
    pub(crate) agents: BTreeMap<Identity, Resource<AgentSpec>>,
    /// What is there but could not be read: nobody need be told that it is missing.
    pub(crate) broken: BTreeSet<Identity>,
    pub(crate) secrets: BTreeMap<(Arc<str>, String), Keys>,
    pub(crate) config_maps: BTreeMap<(Arc<str>, String), Keys>,
}

impl Resources {
    /// The resources that could be read: first where models are, then MCP servers, then agents, each by
    /// namespace and name.
    pub fn all(&self) -> impl Iterator<Item = &Located> {
        let models = self.model_apis.values().map(|it| &it.at);
        let servers = self.mcp_servers.values().map(|it| &it.at);
        let agents = self.agents.values().map(|it| &it.at);
        models.chain(servers).chain(agents)
    }

    /// Whether a resource is there, be it readable or not.
    pub(crate) fn has(&self, identity: &Identity) -> bool {
        self.broken.contains(identity)
            || match identity.kind {
                Kind::Agent => self.agents.contains_key(identity),
                Kind::McpServer => self.mcp_servers.contains_key(identity),
                Kind::ModelApi => self.model_apis.contains_key(identity),
            }
    }

    /// Where a resource was read.
    pub(crate) fn located(&self, identity: &Identity) -> Option<&Located> {
        match identity.kind {
            Kind::Agent => self.agents.get(identity).map(|it| &it.at),
            Kind::McpServer => self.mcp_servers.get(identity).map(|it| &it.at),
            Kind::ModelApi => self.model_apis.get(identity).map(|it| &it.at),
        }
    }

    /// The value of a Secret's key, if the Secret was read.
    #[must_use]
    pub fn secret(&self, namespace: &str, name: &str, key: &str) -> Option<&SecretText> {
        self.secrets
            .get(&(namespace.into(), name.to_owned()))?
            .values
            .get(key)?
            .as_ref()
    }

    /// Gives the value of a Secret's key, as if it had been read.
    pub fn give_secret(&mut self, namespace: &str, name: &str, key: &str, value: SecretText) {
        let keys = self
            .secrets
            .entry((namespace.into(), name.to_owned()))
            .or_default();
        keys.values.insert(key.to_owned(), Some(value));
    }

    /// The value of a `ConfigMap`'s key, if the `ConfigMap` was read.
    #[must_use]
    pub fn config_value(&self, namespace: &str, name: &str, key: &str) -> Option<&str> {
        let keys = self.config_maps.get(&(namespace.into(), name.to_owned()))?;
        keys.values.get(key)?.as_ref().map(SecretText::expose)
    }

    /// The chart's `ConfigMap` of runtimes of MCP servers, if it is among what was read.
    pub(crate) fn mcp_runtimes(&self) -> Option<(&Arc<str>, &Keys)> {
        let mut all = self.config_maps.iter();
        all.find_map(|((namespace, name), keys)| {
            (name == "kaos-mcp-runtimes").then_some((namespace, keys))
        })
    }

    /// Whether nothing is there that anything could be made of.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.model_apis.is_empty()
            && self.mcp_servers.is_empty()
            && self.agents.is_empty()
            && self.broken.is_empty()
    }

    /// All values of Secrets that were read.
    pub(crate) fn secret_values(&self) -> impl Iterator<Item = &str> {
        let keys = self.secrets.values();
        let values = keys.flat_map(|it| it.values.values()).flatten();
        values.map(SecretText::expose)
    }
}

/// The place of the field at a path; of what is around it, if it is not there.
pub(super) fn mark_of(document: &Node, path: &str) -> Mark {
    let mut path = path;
    loop {
        if let Some(node) = document.at(path).filter(|_| !path.is_empty()) {
            return node.mark;
        }
        match path.rfind(['.', '[']) {
            Some(at) => path = path.get(..at).unwrap_or_default(),
            None => return document.mark,
        }
    }
}
