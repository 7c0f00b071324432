//! What is known of the cluster: what the watches saw last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures_util::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::reflector::{ObjectRef, Store};
use serde_json::{Value, json};

use super::crds::{group, plural};
use super::inputs::Input;
use super::objects::ObjectKind;
use super::status::DependencyState;
use crate::defaults::Defaults;
use crate::resources::{API_VERSION, Identity, Kind};

/// What is known of the cluster.
pub(super) struct Cache {
    pub(super) resources: [Store<DynamicObject>; 3],
    pub(super) deployments: Store<Deployment>,
    pub(super) services: Store<PartialObjectMeta<Service>>,
    pub(super) config_maps: Store<PartialObjectMeta<ConfigMap>>,
    pub(super) secrets: Store<PartialObjectMeta<Secret>>,
    pub(super) routes: Option<Store<PartialObjectMeta<DynamicObject>>>,
    pub(super) system: Store<ConfigMap>,
    pub(super) defaults: RwLock<Arc<Defaults>>,
    /// Who reads which Secret or `ConfigMap`.
    pub(super) readers: Mutex<Readers>,
}

/// Who reads which Secret or `ConfigMap`, by namespace.
pub(super) type Readers = BTreeMap<(Arc<str>, Input), BTreeSet<Identity>>;

/// How a kind is called by the API server.
pub(super) fn api_resource(kind: Kind) -> ApiResource {
    let version = API_VERSION.split('/').nth(1).unwrap_or_default();
    ApiResource {
        group: group().to_owned(),
        version: version.to_owned(),
        api_version: API_VERSION.to_owned(),
        kind: kind.as_str().to_owned(),
        plural: plural(kind).to_owned(),
    }
}

/// How a kind of object is called by the API server.
pub(super) fn made_resource(made: ObjectKind) -> ApiResource {
    let (api_version, kind, plural) = made.names();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cache {
    /// When every watch has seen all that is there.
    pub(super) async fn seen(&self) {
        join_all(self.resources.iter().map(Store::wait_until_ready)).await;
        let _seen = self.deployments.wait_until_ready().await;
        let _seen = self.services.wait_until_ready().await;
        let _seen = self.config_maps.wait_until_ready().await;
        let _seen = self.secrets.wait_until_ready().await;
        let _seen = self.system.wait_until_ready().await;
        if let Some(routes) = &self.routes {
            let _seen = routes.wait_until_ready().await;
        }
    }

    pub(super) fn store(&self, kind: Kind) -> &Store<DynamicObject> {
        let [model_apis, mcp_servers, agents] = &self.resources;
        match kind {
            Kind::ModelApi => model_apis,
            Kind::McpServer => mcp_servers,
            Kind::Agent => agents,
        }
    }

    pub(super) fn get(&self, identity: &Identity) -> Option<Arc<DynamicObject>> {
        self.store(identity.kind).get(&reference(identity))
    }

    pub(super) fn defaults(&self) -> Arc<Defaults> {
        let defaults = self.defaults.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&defaults)
    }

    /// All resources.
    pub(super) fn all(&self) -> Vec<Identity> {
        let all = Kind::ALL.into_iter().flat_map(|kind| {
            let objects = self.store(kind).state();
            objects
                .into_iter()
                .filter_map(move |it| identity(kind, &it.metadata))
        });
        all.collect()
    }

    /// The resource itself and those that it names, as documents.
    pub(super) fn documents(&self, of: &Identity, object: &DynamicObject) -> Vec<Value> {
        let others = named(of, &object.data).into_iter().filter(|it| it != of);
        let others = others.filter_map(|it| Some(document(it.kind, self.get(&it)?.as_ref())));
        std::iter::once(document(of.kind, object))
            .chain(others)
            .collect()
    }

    /// Those that name this one.
    pub(super) fn dependents(&self, of: &Identity) -> Vec<Identity> {
        let agents = self.store(Kind::Agent).state();
        let agents = agents.into_iter().filter_map(|agent| {
            let identity = identity(Kind::Agent, &agent.metadata)?;
            let names =
                identity.namespace == of.namespace && named(&identity, &agent.data).contains(of);
            names.then_some(identity)
        });
        agents.collect()
    }

    pub(super) fn readers(&self, namespace: &str, input: &Input) -> BTreeSet<Identity> {
        let readers = locked(&self.readers);
        readers
            .get(&(namespace.into(), input.clone()))
            .cloned()
            .unwrap_or_default()
    }

    /// Notes what a resource reads, instead of what it read before.
    pub(super) fn reads<'i>(&self, identity: &Identity, inputs: impl Iterator<Item = &'i Input>) {
        let mut readers = locked(&self.readers);
        for all in readers.values_mut() {
            all.remove(identity);
        }
        for input in inputs {
            let at = (Arc::clone(&identity.namespace), input.clone());
            readers.entry(at).or_default().insert(identity.clone());
        }
        readers.retain(|_, all| !all.is_empty());
    }

    pub(super) fn need(&self, identity: &Identity) -> DependencyState {
        match self.get(identity) {
            None => DependencyState::Missing,
            Some(it) if it.metadata.deletion_timestamp.is_some() => DependencyState::Missing,
            Some(it) if it.data.pointer("/status/ready") == Some(&Value::Bool(true)) => {
                DependencyState::Ready
            }
            Some(_) => DependencyState::NotReady,
        }
    }

    pub(super) fn deployment(&self, identity: &Identity) -> Option<Arc<Deployment>> {
        let reference = ObjectRef::new(&identity.workload_name()).within(&identity.namespace);
        self.deployments.get(&reference)
    }

    /// What was seen last of an object of ours.
    pub(super) fn live(&self, made: ObjectKind, namespace: &str, name: &str) -> Option<ObjectMeta> {
        match made {
            ObjectKind::Deployment => {
                let found = self
                    .deployments
                    .get(&ObjectRef::new(name).within(namespace));
                found.map(|it| it.metadata.clone())
            }
            ObjectKind::Service => {
                let found = self.services.get(&ObjectRef::new(name).within(namespace));
                found.map(|it| it.metadata.clone())
            }
            ObjectKind::ConfigMap => {
                let found = self
                    .config_maps
                    .get(&ObjectRef::new(name).within(namespace));
                found.map(|it| it.metadata.clone())
            }
            ObjectKind::HttpRoute => {
                let reference = ObjectRef::new_with(name, made_resource(made)).within(namespace);
                let found = self.routes.as_ref()?.get(&reference);
                found.map(|it| it.metadata.clone())
            }
        }
    }

    /// The version of a Secret or `ConfigMap`, if it is there.
    pub(super) fn version(&self, namespace: &str, input: &Input) -> Option<String> {
        let metadata = if input.secret {
            let found = self
                .secrets
                .get(&ObjectRef::new(&input.name).within(namespace))?;
            found.metadata.clone()
        } else {
            self.live(ObjectKind::ConfigMap, namespace, &input.name)?
        };
        metadata.resource_version
    }
}

pub(super) fn reference(identity: &Identity) -> ObjectRef<DynamicObject> {
    ObjectRef::new_with(&identity.name, api_resource(identity.kind)).within(&identity.namespace)
}

/// Which resource it is.
pub(super) fn identity(kind: Kind, metadata: &ObjectMeta) -> Option<Identity> {
    Some(Identity {
        kind,
        namespace: metadata.namespace.as_deref()?.into(),
        name: metadata.name.as_deref()?.into(),
    })
}

/// The resource that an object was made for.
pub(super) fn owner(metadata: &ObjectMeta) -> Option<Identity> {
    let owners = metadata.owner_references.iter().flatten();
    let mut owners =
        owners.filter(|it| it.controller == Some(true) && it.api_version == API_VERSION);
    let owner = owners.next()?;
    Some(Identity {
        kind: Kind::named(&owner.kind)?,
        namespace: metadata.namespace.as_deref()?.into(),
        name: owner.name.as_str().into(),
    })
}

/// The resource that an object says by its labels it is of, whoever owns it: one that was ours and is nobody's any more is
/// to be looked at, too.
pub(super) fn labelled(metadata: &ObjectMeta) -> Option<Identity> {
    let labels = metadata.labels.as_ref()?;
    let app = labels.get("app")?;
    let mut kinds = [Kind::Agent, Kind::McpServer, Kind::ModelApi].into_iter();
    Some(Identity {
        kind: kinds.find(|it| it.as_str().eq_ignore_ascii_case(app))?,
        namespace: metadata.namespace.as_deref()?.into(),
        name: labels.get(app)?.as_str().into(),
    })
}

/// The resources that an agent names, wherever a version has them.
fn named(of: &Identity, data: &Value) -> Vec<Identity> {
    let spec = data.get("spec").unwrap_or(&Value::Null);
    let all = |kind, path: &str| {
        let value = spec.pointer(path).cloned().unwrap_or_default();
        let names = match value {
            Value::String(name) => vec![name],
            Value::Array(names) => names
                .iter()
                .filter_map(|it| it.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        names.into_iter().map(move |name| of.sibling(kind, &name))
    };
    if of.kind != Kind::Agent {
        return Vec::new();
    }
    let servers = all(Kind::McpServer, "/mcpServers");
    let peers = all(Kind::Agent, "/agentNetwork/access");
    all(Kind::ModelApi, "/modelAPI")
        .chain(servers)
        .chain(peers)
        .collect()
}

/// What is read of a resource: no more than somebody wrote.
fn document(kind: Kind, object: &DynamicObject) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": kind.as_str(),
        "metadata": {"name": object.metadata.name, "namespace": object.metadata.namespace},
        "spec": object.data.get("spec"),
    })
}
