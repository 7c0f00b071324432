//! What Secrets and `ConfigMap`s contain, as far as it matters: which keys, and whether it is another content.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Api, Client};
use sha2::{Digest, Sha256};

use super::cache::{Cache, locked};
use super::inputs::{Input, Needed};
use crate::resources::Identity;

/// What was read of each, by the version that it was read of. No content is kept.
pub(super) struct InputDigests {
    client: Client,
    read: Mutex<HashMap<(Arc<str>, Input), Content>>,
}

#[derive(Clone)]
struct Content {
    version: String,
    keys: BTreeSet<String>,
    /// Stands for the content.
    hash: String,
}

impl InputDigests {
    pub(super) fn new(client: Client) -> Self {
        let read = Mutex::default();
        Self { client, read }
    }

    /// A text that stands for the content of all these, and what of it is missing, in words.
    pub(super) async fn of(
        &self,
        identity: &Identity,
        inputs: &BTreeMap<Input, Needed>,
        own: &[&str],
        cache: &Cache,
    ) -> Result<(String, Vec<String>), kube::Error> {
        let (mut text, mut missing) = (String::new(), Vec::new());
        for (input, needed) in inputs
            .iter()
            .filter(|(it, _)| it.secret || !own.contains(&it.name.as_str()))
        {
            let content = match cache.version(&identity.namespace, input) {
                None => None,
                Some(version) => self.read(&identity.namespace, input, version).await?,
            };
            match content {
                None if needed.itself => missing.push(format!("{input} is not there")),
                None => {}
                Some(content) => {
                    let absent = needed.keys.difference(&content.keys);
                    missing.extend(absent.map(|key| format!("{input} has no key {key}")));
                    text.extend([&input.to_string(), " ", &content.hash, "\n"]);
                }
            }
        }
        Ok((text, missing))
    }

    async fn read(
        &self,
        namespace: &Arc<str>,
        input: &Input,
        version: String,
    ) -> Result<Option<Content>, kube::Error> {
        let at = (Arc::clone(namespace), input.clone());
        let known = locked(&self.read).get(&at).cloned();
        if let Some(known) = known.filter(|it| it.version == version) {
            return Ok(Some(known));
        }
        let read = if input.secret {
            let secret = Api::<Secret>::namespaced(self.client.clone(), namespace)
                .get_opt(&input.name)
                .await?;
            secret.map(|it| content(&it.metadata, bytes(it.data.as_ref())))
        } else {
            let map = Api::<ConfigMap>::namespaced(self.client.clone(), namespace)
                .get_opt(&input.name)
                .await?;
            map.map(|it| {
                let texts = it.data.iter().flatten();
                let texts = texts.map(|(key, text)| (key.as_str(), text.as_bytes()));
                content(&it.metadata, texts.chain(bytes(it.binary_data.as_ref())))
            })
        };
        if let Some(content) = &read {
            locked(&self.read).insert(at, content.clone());
        }
        Ok(read)
    }
}

/// The object's `uid` is part of the hash: the same password in two Secrets is not to be seen as the same.
fn content<'c>(of: &ObjectMeta, data: impl Iterator<Item = (&'c str, &'c [u8])>) -> Content {
    let mut hash = Sha256::new();
    hash.update(of.uid.as_deref().unwrap_or_default());
    let mut keys = BTreeSet::new();
    for (key, value) in data {
        hash.update(key.len().to_le_bytes());
        hash.update(key);
        hash.update(value.len().to_le_bytes());
        hash.update(value);
        keys.insert(key.to_owned());
    }
    let digits = |byte: &u8| format!("{byte:02x}");
    let hash = hash.finalize().iter().take(8).map(digits).collect();
    let version = of.resource_version.clone().unwrap_or_default();
    Content {
        version,
        keys,
        hash,
    }
}

/// Values as they are, without their base64.
fn bytes(data: Option<&BTreeMap<String, ByteString>>) -> impl Iterator<Item = (&str, &[u8])> {
    let data = data.into_iter().flatten();
    data.map(|(key, value)| (key.as_str(), value.0.as_slice()))
}
