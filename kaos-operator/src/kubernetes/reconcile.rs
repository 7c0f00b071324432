//! One resource is looked at, and made to be what it says.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Client, Resource as _};
use serde_json::json;
use tracing::{debug, warn};

use super::MANAGER;
use super::contents::Contents;
use super::inputs::inputs;
use super::metrics::Metrics;
use super::objects::{Objects, objects};
use super::pod;
use super::settings::Settings;
use super::status::{Need, Observed, Refused, Said, Status, said};
use super::world::{World, api_resource};
use super::writes::{Put, Writes};
use crate::addresses::{Addresses as _, ClusterAddresses};
use crate::finding::Finding;
use crate::reading::read_objects;
use crate::resources::{API_VERSION, Identity, Kind};
use crate::workload::{Content, Workload, workloads};

/// What reconciles need.
pub(super) struct Context {
    pub(super) client: Client,
    pub(super) settings: Arc<Settings>,
    pub(super) world: Arc<World>,
    pub(super) writes: Writes,
    pub(super) contents: Contents,
    pub(super) recorder: Recorder,
    pub(super) metrics: Arc<Metrics>,
}

/// What became of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is as it is to be, or on its way, of which the watches will tell.
    Done,
    /// Somebody has to do something; it is looked at again now and then.
    Refused,
    /// Something has to be over first.
    Soon,
}

/// What was found about a resource.
struct View {
    findings: Vec<Finding>,
    workload: Option<Workload>,
    needs: Vec<(Identity, Need)>,
    endpoint: Option<String>,
    model_api: Option<String>,
}

impl Context {
    fn resources(&self, identity: &Identity) -> Api<DynamicObject> {
        Api::namespaced_with(
            self.client.clone(),
            &identity.namespace,
            &api_resource(identity.kind),
        )
    }

    /// Makes a resource be what it says, and says how it is.
    pub(super) async fn reconcile(
        &self,
        identity: &Identity,
        object: &DynamicObject,
    ) -> Result<Outcome, kube::Error> {
        self.without_finalizer(identity, object).await?;
        if object.metadata.deletion_timestamp.is_some() {
            // What is made of it has an owner that is gone, and goes, too.
            self.gone(identity);
            return Ok(Outcome::Done);
        }
        let uid = object.metadata.uid.clone().unwrap_or_default();
        let view = self.view(identity, object);
        let (mut missing, mut refused, mut outcome) = (Vec::new(), None, Outcome::Done);
        if let Some(workload) = view
            .workload
            .as_ref()
            .filter(|it| self.may_start(it, &view))
        {
            let (content, absent) = self.content(workload).await?;
            missing = absent;
            let Objects { there, away } =
                objects(workload, &uid, self.settings.gateway.as_ref(), &content);
            for (made, wanted) in &there {
                let put = self
                    .writes
                    .put(identity, &uid, *made, wanted, &self.world, &self.metrics)
                    .await?;
                match put {
                    Put::Done => continue,
                    Put::Later => outcome = Outcome::Soon,
                    Put::Refused(why) => refused = Some(why),
                }
                break;
            }
            if refused.is_none() && outcome == Outcome::Done {
                for (made, name) in &away {
                    self.writes
                        .take(identity, &uid, *made, name, &self.world, &self.metrics)
                        .await?;
                }
            }
        }
        if refused.is_some() {
            outcome = Outcome::Refused;
        }
        self.say(identity, object, &view, &missing, refused.as_ref())
            .await?;
        Ok(outcome)
    }

    /// Forgets a resource.
    pub(super) fn gone(&self, identity: &Identity) {
        self.writes.forget(identity);
        self.world.reads(identity, std::iter::empty());
    }

    /// What KAOS' own operator puts there keeps a resource from being deleted once that operator is away.
    async fn without_finalizer(
        &self,
        identity: &Identity,
        object: &DynamicObject,
    ) -> Result<(), kube::Error> {
        let theirs = format!("kaos.tools/{}-finalizer", identity.kind.prefix());
        let all = object.metadata.finalizers.clone().unwrap_or_default();
        if !all.contains(&theirs) {
            return Ok(());
        }
        let kept: Vec<&String> = all.iter().filter(|it| **it != theirs).collect();
        let patch = json!({"metadata": {
            "finalizers": kept,
            "resourceVersion": object.metadata.resource_version,
        }});
        self.metrics.wrote_other(identity.kind.as_str());
        let patched = self
            .resources(identity)
            .patch_metadata(
                &identity.name,
                &PatchParams::default(),
                &Patch::Merge(patch),
            )
            .await;
        patched.map(drop).or_else(unless_gone)
    }

    /// What a resource becomes: the same pure function as everywhere, of what the watches saw.
    fn view(&self, identity: &Identity, object: &DynamicObject) -> View {
        let (resources, read) = read_objects(self.world.documents(identity, object));
        let defaults = self.world.defaults();
        let addresses = ClusterAddresses::default();
        let all = workloads(&resources, &defaults, &addresses);
        let workload = all
            .workloads
            .into_iter()
            .find(|it| it.identity == *identity);
        let about = |it: &Finding| it.about.as_ref() == Some(identity);
        let findings = read.into_iter().chain(all.findings).filter(about).collect();
        let agent = resources.agents.get(identity);
        let named: Vec<Identity> = match (&workload, agent) {
            (Some(workload), _) => workload.depends_on.clone(),
            (None, Some(agent)) => {
                let servers = agent.spec.mcp_servers.iter().flatten();
                let servers = servers.map(|it| identity.sibling(Kind::McpServer, it));
                std::iter::once(identity.sibling(Kind::ModelApi, &agent.spec.model_api))
                    .chain(servers)
                    .collect()
            }
            (None, None) => Vec::new(),
        };
        let needs = named.into_iter().map(|it| {
            let need = self.world.need(&it);
            (it, need)
        });
        View {
            findings,
            needs: needs.collect(),
            endpoint: workload.as_ref().map(|it| addresses.url(identity, it.port)),
            model_api: agent.map(|it| it.spec.model_api.clone()),
            workload,
        }
    }

    /// Waiting is for the start: what runs already is kept as it is to be.
    fn may_start(&self, workload: &Workload, view: &View) -> bool {
        let ready = view.needs.iter().all(|(_, need)| *need == Need::Ready);
        !workload.waits || ready || self.world.deployment(&workload.identity).is_some()
    }

    /// What stands for the content of all that a workload reads, and what of that is missing.
    async fn content(&self, workload: &Workload) -> Result<(String, Vec<String>), kube::Error> {
        let read = inputs(&pod::spec(workload));
        self.world.reads(&workload.identity, read.keys());
        let texts = workload
            .files
            .iter()
            .filter_map(|file| match &file.content {
                Content::Text(text) => Some((file.name.as_str(), text.expose())),
                Content::SecretKey(_) => None,
            });
        let (own, texts): (Vec<&str>, Vec<&str>) = texts.unzip();
        let (mut content, missing) = self
            .contents
            .of(&workload.identity, &read, &own, &self.world)
            .await?;
        content.push_str(&texts.concat());
        Ok((content, missing))
    }

    /// Says how a resource is, unless that is what is said already.
    async fn say(
        &self,
        identity: &Identity,
        object: &DynamicObject,
        view: &View,
        missing: &[String],
        refused: Option<&Refused>,
    ) -> Result<(), kube::Error> {
        let there = object
            .data
            .get("status")
            .cloned()
            .unwrap_or_else(|| json!({}));
        let before: Status = serde_json::from_value(there.clone()).unwrap_or_default();
        let uid = object.metadata.uid.as_deref();
        let deployment = self.world.deployment(identity).filter(|it| {
            let owners = it.metadata.owner_references.iter().flatten();
            owners.into_iter().any(|it| Some(it.uid.as_str()) == uid)
        });
        let observed = Observed {
            identity,
            generation: object.metadata.generation,
            findings: &view.findings,
            workload: view.workload.as_ref(),
            endpoint: view.endpoint.clone(),
            model_api: view.model_api.as_deref(),
            needs: &view.needs,
            missing,
            refused,
            deployment: deployment.as_deref(),
            before: &before,
            now: Time(now()),
        };
        let Said { status, news } = said(&observed);
        let phase = status.phase.clone();
        let status = serde_json::to_value(&status).map_err(kube::Error::SerdeError)?;
        if status == there {
            return Ok(());
        }
        let patch = json!({
            "apiVersion": API_VERSION,
            "kind": identity.kind.as_str(),
            // Not for another resource that has this name by now.
            "metadata": {"uid": uid},
            "status": status,
        });
        self.metrics.wrote_other(identity.kind.as_str());
        debug!(target: "kaos", "{identity}: {phase}");
        let force = PatchParams::apply(MANAGER).force();
        let patched = self
            .resources(identity)
            .patch_status(&identity.name, &force, &Patch::Apply(patch))
            .await;
        if let Err(error) = patched {
            return unless_gone(error);
        }
        self.tell(object, identity, news).await;
        Ok(())
    }

    /// What became different, as events. One that cannot be written is no reason to do anything again.
    async fn tell(
        &self,
        object: &DynamicObject,
        identity: &Identity,
        news: Vec<(String, String, bool)>,
    ) {
        let reference = object.object_ref(&api_resource(identity.kind));
        for (reason, note, is_warning) in news {
            let type_ = if is_warning {
                EventType::Warning
            } else {
                EventType::Normal
            };
            let (note, action) = (Some(note), "Reconcile".to_owned());
            let event = Event {
                type_,
                reason,
                note,
                action,
                secondary: None,
            };
            self.metrics.wrote_other("Event");
            if let Err(error) = self.recorder.publish(&event, &reference).await {
                warn!(target: "kaos", "{identity}: an event could not be written: {}", brief(&error));
            }
        }
    }
}

/// A resource that is gone by now has no status.
fn unless_gone(error: kube::Error) -> Result<(), kube::Error> {
    match error {
        kube::Error::Api(said) if said.code == 404 => Ok(()),
        other => Err(other),
    }
}

/// An error without what the API server repeats of the request, which may be secret.
pub(super) fn brief(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(said) => format!("{} {}", said.code, said.reason),
        other => other.to_string(),
    }
}

/// Now, in whole seconds, as Kubernetes keeps times.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
