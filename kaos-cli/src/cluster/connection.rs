//! The cluster that is meant, and what it says when it says no.

use std::error::Error as _;

use clap::Args as ClapArgs;
use kaos_hooks::redact::Redactor;
use kaos_operator::{API_VERSION, Kind};
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use kube::{Client, Config};

use crate::output::{self, Failed};

/// Where in the cluster.
#[derive(ClapArgs)]
pub(crate) struct Place {
    /// The namespace; that of the kubeconfig's context, or of the pod that this runs in, unless given
    #[arg(short, long)]
    pub(crate) namespace: Option<String>,
}

/// A cluster, and a namespace of it.
pub(super) struct Cluster {
    pub(super) client: Client,
    pub(super) namespace: String,
}

impl Cluster {
    /// The cluster of `KUBECONFIG` or `~/.kube/config`, or else the one that this runs in.
    pub(super) async fn connect(namespace: Option<&str>) -> Result<Self, Failed> {
        let config = Config::infer().await.map_err(|unknown| {
            let why = unknown.source().map(output::chain).unwrap_or_default();
            // What is wrong with a file may repeat a part of it.
            let why = Redactor::new().any(&why).as_str().to_owned();
            format!("no cluster is known: neither KUBECONFIG nor ~/.kube/config says where it is, and this is no pod: {why}")
        })?;
        let namespace = namespace.map_or_else(|| config.default_namespace.clone(), str::to_owned);
        let client = Client::try_from(config)?;
        Ok(Self { client, namespace })
    }

    /// The resources of a kind in the namespace.
    pub(super) fn resources(&self, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource(kind))
    }

    /// The resources of a kind in all namespaces.
    pub(super) fn all_resources(&self, kind: Kind) -> Api<DynamicObject> {
        Api::all_with(self.client.clone(), &resource(kind))
    }

    /// One of them.
    pub(super) async fn resource(&self, kind: Kind, name: &str) -> Result<DynamicObject, Failed> {
        if let Some(found) = self.resources(kind).get_opt(name).await.map_err(in_words)? {
            return Ok(found);
        }
        let all = self
            .resources(kind)
            .list(&ListParams::default())
            .await
            .map_err(in_words)?;
        let names: Vec<String> = all.into_iter().filter_map(|it| it.metadata.name).collect();
        let there = if names.is_empty() {
            "there is none".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        };
        Err(format!(
            "there is no {} {name} in the namespace {}; {there}",
            kind.as_str(),
            self.namespace
        )
        .into())
    }
}

fn resource(kind: Kind) -> ApiResource {
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: API_VERSION.to_owned(),
        kind: kind.as_str().to_owned(),
        plural: kind.as_str().to_lowercase() + "s",
    }
}

/// What the API server says, in its own words; that a kind is unknown to it, in ours.
pub(super) fn in_words(error: kube::Error) -> Failed {
    match error {
        kube::Error::Api(status)
            if status.code == 404 && status.message.contains("could not find") =>
        {
            "the cluster does not know this kind of resource: kaos install installs the operator"
                .into()
        }
        kube::Error::Api(status) => status.message.into(),
        kube::Error::Service(cause) => format!("the cluster did not answer: {cause}").into(),
        other => Box::new(other),
    }
}
