//! Documents become resources.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::held::{Located, Resource, Resources, mark_of};
use crate::finding::{Finding, Rule};
use crate::resources::{API_VERSION, Identity, Kind};
use crate::shape::{self, Found};
use crate::sources::Source;
use crate::yaml::{self, Mark, Node};

/// What is read, while it is.
pub(super) struct Reader {
    /// The namespace of a resource that says none.
    namespace: Arc<str>,
    pub(super) resources: Resources,
    pub(super) findings: Vec<Finding>,
}

impl Reader {
    pub(super) fn new(namespace: Arc<str>) -> Self {
        Self {
            namespace,
            resources: Resources::default(),
            findings: Vec::new(),
        }
    }

    pub(super) fn source(&mut self, source: &Source) {
        let before = self.findings.len();
        let (documents, problem) = yaml::documents(&source.text);
        let mut found = Found::new(&source.name);
        if let Some(problem) = problem {
            found.add(Rule::Yaml, problem.mark, "", problem.message);
        }
        self.findings.append(&mut found.findings);
        for document in documents {
            self.document(&source.name, document, source.in_folder);
        }
        let added = self.findings.get_mut(before..).unwrap_or_default();
        added.sort();
        if shape::broken(added) {
            self.findings.splice(before..before, template(source));
        }
    }

    pub(super) fn document(&mut self, source: &Arc<str>, mut document: Node, in_folder: bool) {
        let mut found = Found::new(source);
        let kind = document.get("kind").and_then(Node::text).map(str::to_owned);
        let version = document
            .get("apiVersion")
            .and_then(Node::text)
            .map(str::to_owned);
        let neither = kind.is_none() && version.is_none();
        let (Some(kind), Some(version)) = (kind, version) else {
            let message = "is no resource: it has no `apiVersion` and `kind`";
            // Other tools keep files of their own in folders.
            let others = in_folder && neither;
            let rule = if others {
                Rule::PassedOver
            } else {
                Rule::NotAResource
            };
            found.add(rule, document.mark, "", message);
            self.findings.append(&mut found.findings);
            return;
        };
        match (version.as_str(), kind.as_str()) {
            ("v1", "List") => {
                for item in document.get("items").map_or(&[] as &[_], Node::items) {
                    self.document(source, item.clone(), false);
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
                let about = self.identity(&kind, &document);
                let message = format!("expected `{API_VERSION}`");
                found.add(
                    Rule::NotAResource,
                    mark_of(&document, "apiVersion"),
                    "apiVersion",
                    message,
                );
                for finding in &mut found.findings {
                    finding.about.clone_from(&about);
                }
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
            self.resources.broken.insert(identity);
            return;
        }
        let spec = document.get("spec").map(Node::to_json).unwrap_or_default();
        // The schema is made of the very types: whatever passes it is read. The error may have a value.
        let Ok(spec) = serde_json::from_value(spec) else {
            found.add(
                Rule::Shape,
                document.mark,
                "spec",
                "is not as its schema says",
            );
            self.resources.broken.insert(identity);
            return;
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

    /// Which resource a document is, if it has a kind of ours and a name.
    fn identity(&self, kind: &str, document: &Node) -> Option<Identity> {
        let name = document.at("metadata.name").and_then(Node::text)?;
        Some(Identity {
            kind: Kind::named(kind)?,
            namespace: self.namespace(document),
            name: name.into(),
        })
    }

    pub(super) fn namespace(&self, document: &Node) -> Arc<str> {
        let said = document
            .at("metadata.namespace")
            .and_then(Node::text)
            .filter(|it| !it.is_empty());
        said.map_or_else(|| Arc::clone(&self.namespace), Into::into)
    }
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
