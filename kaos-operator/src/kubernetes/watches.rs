//! What is watched, and who is looked at again when it changes.

use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, SelectAll};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DynamicObject, PartialObjectMeta};
use kube::runtime::reflector::{Lookup, Store, store::Writer};
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use std::hash::Hash;
use tokio::sync::mpsc::UnboundedSender;
use tracing::{error, warn};

use super::cache::{Cache, api_resource, identity, made_resource, owner};
use super::inputs::Input;
use super::metrics::OperatorMetrics;
use super::objects::ObjectKind;
use super::settings::OperatorSettings;
use crate::defaults::Defaults;
use crate::resources::{Identity, Kind};

/// The `ConfigMap` of what holds for all components.
const CONFIG: &str = "kaos-operator-config";
/// The `ConfigMap` of runtimes of MCP servers, and its key.
const RUNTIMES: (&str, &str) = ("kaos-mcp-runtimes", "runtimes.yaml");
/// Objects of ours have one of these labels.
const LABELS: &str = "app in (agent,mcpserver,modelapi)";

/// Who is to be looked at again.
#[derive(Clone)]
pub(super) struct Queue(pub(super) UnboundedSender<Identity>);

impl Queue {
    pub(super) fn add(&self, identity: Identity) {
        // Who has stopped looks at nobody.
        let _sent = self.0.send(identity);
    }
}

/// Something that was seen: an object came, changed or went, or all of a kind were listed anew.
enum Change<'s> {
    One(&'s ObjectMeta),
    All,
}

/// Watches as one stream, which never ends.
pub(super) type Watches = SelectAll<BoxStream<'static, ()>>;

/// The watches, and what they see.
pub(super) fn watches(
    client: &Client,
    settings: &Arc<OperatorSettings>,
    metrics: &Arc<OperatorMetrics>,
    queue: &Queue,
) -> (Watches, Arc<Cache>) {
    let namespace = settings.namespace.as_deref();
    let model_apis = Writer::new(api_resource(Kind::ModelApi));
    let mcp_servers = Writer::new(api_resource(Kind::McpServer));
    let agents = Writer::new(api_resource(Kind::Agent));
    let (deployments, services) = (Writer::default(), Writer::default());
    let (config_maps, secrets, system) = (Writer::default(), Writer::default(), Writer::default());
    let gateway = settings.gateway.as_ref();
    let routes = gateway.map(|_| {
        Writer::<PartialObjectMeta<DynamicObject>>::new(made_resource(ObjectKind::HttpRoute))
    });
    let cache = Arc::new(Cache {
        resources: [&model_apis, &mcp_servers, &agents].map(Writer::as_reader),
        deployments: deployments.as_reader(),
        services: services.as_reader(),
        config_maps: config_maps.as_reader(),
        secrets: secrets.as_reader(),
        routes: routes.as_ref().map(Writer::as_reader),
        system: system.as_reader(),
        defaults: RwLock::new(Arc::new(settings.defaults(None, None).unwrap_or_default())),
        readers: std::sync::Mutex::default(),
    });
    let mut watches = Watches::new();
    let all = watcher::Config::default();
    let ours = watcher::Config::default().labels(LABELS);

    for (kind, writer) in [
        (Kind::ModelApi, model_apis),
        (Kind::McpServer, mcp_servers),
        (Kind::Agent, agents),
    ] {
        let at = api_resource(kind);
        let api = match namespace {
            None => Api::all_with(client.clone(), &at),
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &at),
        };
        let (cache, queue) = (Arc::clone(&cache), queue.clone());
        watches.push(watch(
            (kind.as_str(), metrics),
            api,
            all.clone(),
            writer,
            move |seen| match seen {
                Change::All => everybody(&cache, &queue),
                Change::One(object) => {
                    let Some(identity) = identity(kind, object) else {
                        return;
                    };
                    cache
                        .dependents(&identity)
                        .into_iter()
                        .for_each(|it| queue.add(it));
                    queue.add(identity);
                }
            },
        ));
    }
    let owners = |seen: Change<'_>, cache: &Cache, queue: &Queue| match seen {
        Change::All => everybody(cache, queue),
        Change::One(object) => {
            if let Some(owner) = owner(object) {
                queue.add(owner);
            }
        }
    };
    let of_owner = || {
        let (cache, queue) = (Arc::clone(&cache), queue.clone());
        move |seen: Change<'_>| owners(seen, &cache, &queue)
    };
    watches.push(watch(
        ("Deployment", metrics),
        scoped(client, namespace),
        ours.clone(),
        deployments,
        of_owner(),
    ));
    watches.push(watch(
        ("Service", metrics),
        scoped(client, namespace),
        ours.clone(),
        services,
        of_owner(),
    ));
    if let Some(writer) = routes {
        let at = made_resource(ObjectKind::HttpRoute);
        let api = match namespace {
            None => Api::all_with(client.clone(), &at),
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &at),
        };
        watches.push(watch(("HTTPRoute", metrics), api, ours, writer, of_owner()));
    }
    let of_readers = |secret: bool| {
        let (cache, queue) = (Arc::clone(&cache), queue.clone());
        move |seen: Change<'_>| match seen {
            Change::All => everybody(&cache, &queue),
            Change::One(object) => {
                if let (Some(namespace), Some(name)) = (&object.namespace, &object.name) {
                    let input = Input {
                        secret,
                        name: name.clone(),
                    };
                    cache
                        .readers(namespace, &input)
                        .into_iter()
                        .for_each(|it| queue.add(it));
                }
                if let Some(owner) = owner(object) {
                    queue.add(owner);
                }
            }
        }
    };
    let metadata: Api<PartialObjectMeta<ConfigMap>> = scoped(client, namespace);
    watches.push(watch(
        ("ConfigMap", metrics),
        metadata,
        all.clone(),
        config_maps,
        of_readers(false),
    ));
    let metadata: Api<PartialObjectMeta<Secret>> = scoped(client, namespace);
    watches.push(watch(
        ("Secret", metrics),
        metadata,
        all.clone(),
        secrets,
        of_readers(true),
    ));
    let api = Api::namespaced(client.clone(), &settings.system_namespace);
    let (system_cache, queue, settings) = (Arc::clone(&cache), queue.clone(), Arc::clone(settings));
    watches.push(watch(
        ("ConfigMap of the operator", metrics),
        api,
        all,
        system,
        move |seen| {
            let is_known = |it: &ObjectMeta| {
                it.name
                    .as_deref()
                    .is_some_and(|it| [CONFIG, RUNTIMES.0].contains(&it))
            };
            if !matches!(seen, Change::One(it) if !is_known(it)) {
                reload_defaults(&system_cache, &settings);
                everybody(&system_cache, &queue);
            }
        },
    ));
    (watches, cache)
}

fn scoped<K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>>(
    client: &Client,
    namespace: Option<&str>,
) -> Api<K> {
    match namespace {
        None => Api::all(client.clone()),
        Some(namespace) => Api::namespaced(client.clone(), namespace),
    }
}

fn everybody(cache: &Cache, queue: &Queue) {
    for identity in cache.all() {
        queue.add(identity);
    }
}

/// What holds for all components, anew. What means nothing is said, and changes nothing.
fn reload_defaults(cache: &Cache, settings: &OperatorSettings) {
    let find = |store: &Store<ConfigMap>, name: &str| {
        store.find(|it| it.metadata.name.as_deref() == Some(name))
    };
    let config = find(&cache.system, CONFIG).and_then(|it| it.data.clone());
    let runtimes = find(&cache.system, RUNTIMES.0).and_then(|it| it.data.clone());
    let runtimes = runtimes.as_ref().and_then(|it| it.get(RUNTIMES.1));
    let defaults: Result<Defaults, String> =
        settings.defaults(config.as_ref(), runtimes.map(String::as_str));
    match defaults {
        Ok(defaults) => {
            let mut there = cache
                .defaults
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *there = Arc::new(defaults);
        }
        Err(why) => {
            error!(target: "kaos", "the ConfigMaps of {}: {why}; what held before goes on", settings.system_namespace)
        }
    }
}

/// One watch: it keeps what it sees, and says so. After a break all is listed anew, with what went meanwhile.
fn watch<K>(
    (what, metrics): (&'static str, &Arc<OperatorMetrics>),
    api: Api<K>,
    config: watcher::Config,
    writer: Writer<K>,
    mut on: impl FnMut(Change<'_>) + Send + 'static,
) -> BoxStream<'static, ()>
where
    K: Resource + Lookup + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    <K as Lookup>::DynamicType: Eq + Hash + Clone + Send + Sync + Unpin,
{
    let metrics = Arc::clone(metrics);
    let events = reflector(writer, watcher(api, config).default_backoff());
    let seen = events.map(move |event| match event {
        Ok(watcher::Event::Apply(object) | watcher::Event::Delete(object)) => {
            on(Change::One(object.meta()))
        }
        Ok(watcher::Event::InitDone) => on(Change::All),
        Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => {}
        Err(error) => {
            metrics.interrupted();
            warn!(target: "kaos", "the watch of {what} is interrupted: {error}");
        }
    });
    seen.boxed()
}
