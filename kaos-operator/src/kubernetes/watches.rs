//! What is watched, and who is looked at again when it changes.

use std::fmt::Debug;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, SelectAll};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{ApiResource, DynamicObject, PartialObjectMeta};
use kube::runtime::reflector::{Lookup, Store, store::Writer};
use kube::runtime::{WatchStreamExt as _, reflector, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use std::hash::Hash;
use tracing::{error, warn};

use super::cache::{Cache, api_resource, identity, labelled, made_resource, owner};
use super::inputs::Input;
use super::metrics::OperatorMetrics;
use super::objects::ObjectKind;
use super::settings::OperatorSettings;
use super::work_queue::Queue;
use crate::defaults::Defaults;
use crate::resources::Kind;

/// The `ConfigMap` of what holds for all components.
const CONFIG: &str = "kaos-operator-config";
/// The `ConfigMap` of runtimes of MCP servers, and its key.
const RUNTIMES: (&str, &str) = ("kaos-mcp-runtimes", "runtimes.yaml");
/// Objects of ours have one of these labels.
const LABELS: &str = "app in (agent,mcpserver,modelapi)";

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
    let model_apis = Writer::new(api_resource(Kind::ModelApi));
    let mcp_servers = Writer::new(api_resource(Kind::McpServer));
    let agents = Writer::new(api_resource(Kind::Agent));
    let (deployments, services) = (Writer::default(), Writer::default());
    let (config_maps, secrets, system) = (Writer::default(), Writer::default(), Writer::default());
    let route = made_resource(ObjectKind::HttpRoute);
    let gateway = settings.gateway.as_ref();
    let routes = gateway.map(|_| Writer::<PartialObjectMeta<DynamicObject>>::new(route.clone()));
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
    let all = Setup {
        client,
        settings,
        metrics,
        queue,
        cache: &cache,
    };
    let mut watches = Watches::new();
    watches.push(all.of_resources(Kind::ModelApi, model_apis));
    watches.push(all.of_resources(Kind::McpServer, mcp_servers));
    watches.push(all.of_resources(Kind::Agent, agents));
    watches.push(all.of_objects("Deployment", all.scoped(), deployments));
    watches.push(all.of_objects("Service", all.scoped(), services));
    if let Some(routes) = routes {
        watches.push(all.of_objects("HTTPRoute", all.scoped_with(&route), routes));
    }
    watches.push(all.of_inputs("ConfigMap", false, all.scoped(), config_maps));
    watches.push(all.of_inputs("Secret", true, all.scoped(), secrets));
    watches.push(all.of_settings(system));
    (watches, cache)
}

/// What watches are made from.
struct Setup<'s> {
    client: &'s Client,
    settings: &'s Arc<OperatorSettings>,
    metrics: &'s Arc<OperatorMetrics>,
    queue: &'s Queue,
    cache: &'s Arc<Cache>,
}

impl Setup<'_> {
    fn scoped<K>(&self) -> Api<K>
    where
        K: Resource<Scope = kube::core::NamespaceResourceScope, DynamicType = ()>,
    {
        match &self.settings.namespace {
            None => Api::all(self.client.clone()),
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
        }
    }

    fn scoped_with<K>(&self, at: &ApiResource) -> Api<K>
    where
        K: Resource<Scope = kube::core::DynamicResourceScope, DynamicType = ApiResource>,
    {
        match &self.settings.namespace {
            None => Api::all_with(self.client.clone(), at),
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, at),
        }
    }

    /// Resources: themselves, and those that name them.
    fn of_resources(&self, kind: Kind, writer: Writer<DynamicObject>) -> BoxStream<'static, ()> {
        let (cache, queue) = (Arc::clone(self.cache), self.queue.clone());
        let api = self.scoped_with(&api_resource(kind));
        let on = move |change: Change<'_>| match change {
            Change::All => everybody(&cache, &queue),
            Change::One(object) => {
                if let Some(identity) = identity(kind, object) {
                    queue.add_all(cache.dependents(&identity));
                    queue.add(identity);
                }
            }
        };
        let config = watcher::Config::default();
        watch((kind.as_str(), self.metrics), api, config, writer, on)
    }

    /// What is made: whose it is.
    fn of_objects<K>(
        &self,
        what: &'static str,
        api: Api<K>,
        writer: Writer<K>,
    ) -> BoxStream<'static, ()>
    where
        K: Resource + Lookup + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
        <K as Lookup>::DynamicType: Eq + Hash + Clone + Send + Sync + Unpin,
    {
        let (cache, queue) = (Arc::clone(self.cache), self.queue.clone());
        let on = move |change: Change<'_>| match change {
            Change::All => everybody(&cache, &queue),
            Change::One(object) => queue.add_all(owner(object).into_iter().chain(labelled(object))),
        };
        let ours = watcher::Config::default().labels(LABELS);
        watch((what, self.metrics), api, ours, writer, on)
    }

    /// What pods read: who reads it, and whose it is.
    fn of_inputs<K>(
        &self,
        what: &'static str,
        secret: bool,
        api: Api<K>,
        writer: Writer<K>,
    ) -> BoxStream<'static, ()>
    where
        K: Resource + Lookup + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
        <K as Lookup>::DynamicType: Eq + Hash + Clone + Send + Sync + Unpin,
    {
        let (cache, queue) = (Arc::clone(self.cache), self.queue.clone());
        let on = move |change: Change<'_>| match change {
            Change::All => everybody(&cache, &queue),
            Change::One(object) => {
                if let (Some(namespace), Some(name)) = (&object.namespace, &object.name) {
                    let name = name.clone();
                    queue.add_all(cache.readers(namespace, &Input { secret, name }));
                }
                queue.add_all(owner(object));
            }
        };
        let config = watcher::Config::default();
        watch((what, self.metrics), api, config, writer, on)
    }

    /// What holds for all.
    fn of_settings(&self, writer: Writer<ConfigMap>) -> BoxStream<'static, ()> {
        let api = Api::namespaced(self.client.clone(), &self.settings.system_namespace);
        let (cache, queue, settings) = (
            Arc::clone(self.cache),
            self.queue.clone(),
            Arc::clone(self.settings),
        );
        let is_known = |it: &ObjectMeta| {
            let name = it.name.as_deref();
            name.is_some_and(|it| [CONFIG, RUNTIMES.0].contains(&it))
        };
        let on = move |change: Change<'_>| {
            if !matches!(change, Change::One(it) if !is_known(it)) {
                reload_defaults(&cache, &settings);
                everybody(&cache, &queue);
            }
        };
        let config = watcher::Config::default();
        watch(
            ("ConfigMap of the operator", self.metrics),
            api,
            config,
            writer,
            on,
        )
    }
}

fn everybody(cache: &Cache, queue: &Queue) {
    queue.add_all(cache.all());
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
            error!(target: "kaos", "the ConfigMaps of {}: {why}; what held before goes on", settings.system_namespace);
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
            on(Change::One(object.meta()));
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
