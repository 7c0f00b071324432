//! Texts become resources.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;

use crate::finding::{Finding, Place, Rule};
use crate::resources::{
    API_VERSION, AgentSpec, Identity, Kind, McpServerSpec, ModelApiSpec, SecretText,
};
use crate::shape::{self, Found};
use crate::sources::Source;
use crate::yaml::{self, Mark, Node};

/// One resource, as it was read.
#[derive(Debug, Clone)]
pub struct Resource<S> {
    /// What it is to be.
    pub spec: S,
    /// Which it is, and where.
    pub at: Located,
}

/// Which resource something is, and where it was read.
#[derive(Debug, Clone)]
pub struct Located {
    /// Which it is.
    pub identity: Identity,
    source: Arc<str>,
    document: Node,
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

    /// Something that was found in the field at a path.
    pub(crate) fn finding(&self, rule: Rule, path: &str, message: impl Into<String>) -> Finding {
        let mark = mark_of(&self.document, path);
        let place = shape::place(&self.source, mark);
        Finding::new(rule, Some(place), message)
            .about(&self.identity)
            .path(path)
    }
}

/// The values of a Secret or `ConfigMap`, by key; one whose value is no text has none.
pub(crate) type Keys = BTreeMap<String, Option<SecretText>>;

/// All that was read: resources, and the Secrets and `ConfigMap`s beside them.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    /// Where models are.
    pub model_apis: BTreeMap<Identity, Resource<ModelApiSpec>>,
    /// Servers of the Model Context Protocol.
    pub mcp_servers: BTreeMap<Identity, Resource<McpServerSpec>>,
    /// Agents.
    pub agents: BTreeMap<Identity, Resource<AgentSpec>>,
    /// What is there but could not be read: nobody need be told that it is missing.
    pub(crate) broken: BTreeMap<Identity, ()>,
    pub(crate) secrets: BTreeMap<(Arc<str>, String), Keys>,
    pub(crate) config_maps: BTreeMap<(Arc<str>, String), Keys>,
}

impl Resources {
    /// Whether a resource is there, be it readable or not.
    pub(crate) fn has(&self, identity: &Identity) -> bool {
        self.broken.contains_key(identity)
            || match identity.kind {
                Kind::Agent => self.agents.contains_key(identity),
                Kind::McpServer => self.mcp_servers.contains_key(identity),
                Kind::ModelApi => self.model_apis.contains_key(identity),
            }
    }

    /// The value of a Secret's key, if the Secret was read.
    #[must_use]
    pub fn secret(&self, namespace: &str, name: &str, key: &str) -> Option<&SecretText> {
        self.secrets
            .get(&(namespace.into(), name.to_owned()))?
            .get(key)?
            .as_ref()
    }

    /// The value of a `ConfigMap`'s key, if the `ConfigMap` was read.
    #[must_use]
    pub fn config_value(&self, namespace: &str, name: &str, key: &str) -> Option<&str> {
        let keys = self.config_maps.get(&(namespace.into(), name.to_owned()))?;
        keys.get(key)?.as_ref().map(SecretText::expose)
    }

    /// The runtimes of MCP servers, if the chart's `ConfigMap` is among what was read: a text for
    /// [`Defaults::take_runtimes`](crate::Defaults::take_runtimes).
    #[must_use]
    pub fn mcp_runtimes(&self) -> Option<&str> {
        let mut all = self
            .config_maps
            .iter()
            .filter(|((_, name), _)| name == "kaos-mcp-runtimes");
        all.find_map(|(_, keys)| keys.get("runtimes.yaml")?.as_ref().map(SecretText::expose))
    }

    /// All values of Secrets that were read.
    pub(crate) fn secret_values(&self) -> impl Iterator<Item = &str> {
        let values = self.secrets.values().flat_map(BTreeMap::values).flatten();
        values.map(SecretText::expose)
    }
}

/// How resources are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The namespace of a resource that says none.
    pub namespace: Arc<str>,
    /// Whether fields that are not known are errors, not warnings.
    pub strict: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            namespace: "default".into(),
            strict: false,
        }
    }
}

/// Reads resources from texts: YAML, or JSON, which is YAML, with any number of documents, or lists as
/// `kubectl get -o yaml` prints them. All that is wrong is found at once; what is right is read all the same.
#[must_use]
pub fn read(sources: &[Source], reading: &Reading) -> (Resources, Vec<Finding>) {
    let mut reader = Reader {
        reading,
        resources: Resources::default(),
        findings: Vec::new(),
    };
    for source in sources {
        reader.source(source);
    }
    let Reader {
        resources,
        mut findings,
        ..
    } = reader;
    if reading.strict {
        findings = findings.into_iter().map(Finding::strictly).collect();
    }
    (resources, findings)
}

struct Reader<'r> {
    reading: &'r Reading,
    resources: Resources,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn source(&mut self, source: &Source) {
        let before = self.findings.len();
        let (documents, problem) = yaml::documents(&source.text);
        let mut found = Found::new(&source.name);
        if let Some(problem) = problem {
            found.add(Rule::Yaml, problem.mark, "", problem.message);
        }
        self.findings.append(&mut found.findings);
        for document in documents {
            self.document(&source.name, document);
        }
        let added = self.findings.get(before..).unwrap_or_default();
        if shape::broken(added) {
            self.findings.splice(before..before, template(source));
        }
    }

    fn document(&mut self, source: &Arc<str>, mut document: Node) {
        let mut found = Found::new(source);
        let kind = document.get("kind").and_then(Node::text).map(str::to_owned);
        let version = document
            .get("apiVersion")
            .and_then(Node::text)
            .map(str::to_owned);
        let (Some(kind), Some(version)) = (kind, version) else {
            let message = "is no resource: it has no `apiVersion` and `kind`";
            found.add(Rule::NotAResource, document.mark, "", message);
            self.findings.append(&mut found.findings);
            return;
        };
        match (version.as_str(), kind.as_str()) {
            ("v1", "List") => {
                for item in document.get("items").map_or(&[] as &[_], Node::items) {
                    self.document(source, item.clone());
                }
            }
            ("v1", "Secret" | "ConfigMap") => self.keys(&kind, &document, &mut found),
            (API_VERSION, _) => match Kind::named(&kind) {
                Some(Kind::Agent) => self.resource(Kind::Agent, &mut document, &mut found, |all| {
                    &mut all.agents
                }),
                Some(Kind::McpServer) => {
                    self.resource(Kind::McpServer, &mut document, &mut found, |all| {
                        &mut all.mcp_servers
                    });
                }
                Some(Kind::ModelApi) => {
                    self.resource(Kind::ModelApi, &mut document, &mut found, |all| {
                        &mut all.model_apis
                    });
                }
                None => of_another_kind(&kind, document.mark, &mut found),
            },
            _ if Kind::named(&kind).is_some() => {
                let message = format!("expected `{API_VERSION}`");
                found.add(
                    Rule::NotAResource,
                    mark_of(&document, "apiVersion"),
                    "apiVersion",
                    message,
                );
            }
            _ => found.add(
                Rule::PassedOver,
                document.mark,
                "",
                format!("{kind}: nothing is made of it here"),
            ),
        }
        self.findings.append(&mut found.findings);
    }

    fn resource<S: DeserializeOwned>(
        &mut self,
        kind: Kind,
        document: &mut Node,
        found: &mut Found<'_>,
        of: fn(&mut Resources) -> &mut BTreeMap<Identity, Resource<S>>,
    ) {
        shape::shaped(kind, document, found);
        let Some(name) = document.at("metadata.name").and_then(Node::text) else {
            return;
        };
        let identity = Identity {
            kind,
            namespace: self.namespace(document),
            name: name.into(),
        };
        let broken = shape::broken(&found.findings);
        for finding in &mut found.findings {
            finding.about = Some(identity.clone());
        }
        if broken {
            self.resources.broken.insert(identity, ());
            return;
        }
        let spec = document.get("spec").map(Node::to_json).unwrap_or_default();
        let spec = match serde_json::from_value(spec) {
            Ok(spec) => spec,
            // The schema is made of the very types: whatever passes it is read. The error may have a value.
            Err(_) => {
                found.add(
                    Rule::Shape,
                    document.mark,
                    "spec",
                    "is not as its schema says",
                );
                self.resources.broken.insert(identity, ());
                return;
            }
        };
        let at = Located {
            identity: identity.clone(),
            source: Arc::clone(found.source),
            document: document.clone(),
        };
        match of(&mut self.resources).entry(identity.clone()) {
            Entry::Occupied(first) => {
                let message = format!("is there already: {}", first.get().at.place());
                found
                    .findings
                    .push(at.finding(Rule::Duplicate, "", message));
            }
            Entry::Vacant(slot) => {
                slot.insert(Resource { spec, at });
            }
        }
    }

    fn namespace(&self, document: &Node) -> Arc<str> {
        let said = document
            .at("metadata.namespace")
            .and_then(Node::text)
            .filter(|it| !it.is_empty());
        said.map_or_else(|| Arc::clone(&self.reading.namespace), Into::into)
    }

    /// A Secret or `ConfigMap`: its keys and, where they are texts, values.
    fn keys(&mut self, kind: &str, document: &Node, found: &mut Found<'_>) {
        let Some(name) = document.at("metadata.name").and_then(Node::text) else {
            found.add(
                Rule::Required,
                document.mark,
                "metadata.name",
                "it is required",
            );
            return;
        };
        let mut keys = Keys::new();
        let secret = kind == "Secret";
        for place in ["data", "stringData", "binaryData"] {
            for entry in document.get(place).map_or(&[] as &[_], Node::entries) {
                let text = entry.node.text();
                let value = match (place, secret) {
                    ("data", true) => text.and_then(decoded),
                    ("binaryData", _) => Some(None),
                    _ => text.map(|text| Some(SecretText::new(text))),
                };
                if value.is_none() {
                    let expected = if secret { "a text in base64" } else { "a text" };
                    let path = format!("{kind} {name}: {place}.{}", entry.key);
                    found.add(
                        Rule::Shape,
                        entry.node.mark,
                        &path,
                        format!("expected {expected}"),
                    );
                }
                keys.insert(entry.key.clone(), value.flatten());
            }
        }
        let at = (self.namespace(document), name.to_owned());
        let all = if secret {
            &mut self.resources.secrets
        } else {
            &mut self.resources.config_maps
        };
        all.insert(at, keys);
    }
}

/// What base64 stands for; what is no text is no variable either, but its key is there.
fn decoded(text: &str) -> Option<Option<SecretText>> {
    let text: String = text.split_ascii_whitespace().collect();
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Some(String::from_utf8(bytes).ok().map(SecretText::new))
}

fn of_another_kind(kind: &str, mark: Mark, found: &mut Found<'_>) {
    const ELSEWHERE: [&str; 3] = ["MemoryStore", "AccessGrant", "ThirdPartyService"];
    if ELSEWHERE.contains(&kind) {
        found.add(
            Rule::PassedOver,
            mark,
            "",
            format!("{kind}: nothing is made of it here"),
        );
        return;
    }
    let kinds = Kind::ALL.map(Kind::as_str);
    let meant = shape::nearest(kind, kinds.into_iter());
    let meant = meant.map_or(String::new(), |it| format!("; `{it}` was meant?"));
    let message = format!("`{kind}` is no kind of {API_VERSION}{meant}");
    found.add(Rule::NotAResource, mark, "kind", message);
}

fn mark_of(document: &Node, path: &str) -> Mark {
    document.at(path).map_or(document.mark, |node| node.mark)
}

/// What is not read because it is a template says so first.
fn template(source: &Source) -> Option<Finding> {
    let (line, text) = source
        .text
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains("{{"))?;
    let mark = Mark {
        line: u32::try_from(line + 1).ok()?,
        column: u32::try_from(text.find("{{")? + 1).ok()?,
    };
    let message = "`{{ … }}` is a template's: if this is a chart's, render it first: helm template CHART | kaos render -f -";
    Some(Finding::new(
        Rule::Template,
        Some(shape::place(&source.name, mark)),
        message,
    ))
}
