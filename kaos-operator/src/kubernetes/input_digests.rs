//! What Secrets and `ConfigMap`s contain, as far as it matters: which keys, and whether it is another content.
//!
//! A digest of it is seen by whoever may read pods; what it stands for is not to be guessed by them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Api, Client};

use super::cache::{Cache, locked};
use super::digest_key::DigestKey;
use super::inputs::{Input, Needed};
use crate::resources::Identity;

/// What was read of each, by the version that it was read of. No content is kept.
pub(super) struct InputDigests {
    client: Client,
    key: DigestKey,
    read: Mutex<HashMap<(Arc<str>, Input), Content>>,
}

#[derive(Clone)]
struct Content {
    version: String,
    keys: BTreeSet<String>,
    /// Stands for the content.
    digest: String,
}

impl InputDigests {
    pub(super) fn new(client: Client, key: DigestKey) -> Self {
        let read = Mutex::default();
        Self { client, key, read }
    }

    /// A text that stands for the content of all these, and what of it is missing, in words. `own` are names and texts of
    /// `ConfigMap`s that are made beside the pod; nothing that is read is the empty text.
    pub(super) async fn of(
        &self,
        identity: &Identity,
        inputs: &BTreeMap<Input, Needed>,
        own: &[(&str, &str)],
        cache: &Cache,
    ) -> Result<(String, Vec<String>), kube::Error> {
        let (mut parts, mut missing) = (Vec::new(), Vec::new());
        let is_own = |it: &Input| !it.secret && own.iter().any(|(name, _)| *name == it.name);
        for (input, needed) in inputs.iter().filter(|(it, _)| !is_own(it)) {
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
                    parts.extend([input.to_string(), content.digest]);
                }
            }
        }
        parts.extend(own.iter().map(|(_, text)| (*text).to_owned()));
        if parts.is_empty() {
            return Ok((String::new(), missing));
        }
        let digest = self.key.digest(parts.iter().map(String::as_bytes));
        Ok((digest, missing))
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
            secret.map(|it| self.content(&it.metadata, bytes(it.data.as_ref())))
        } else {
            let map = Api::<ConfigMap>::namespaced(self.client.clone(), namespace)
                .get_opt(&input.name)
                .await?;
            map.map(|it| {
                let texts = it.data.iter().flatten();
                let texts = texts.map(|(key, text)| (key.as_str(), text.as_bytes()));
                self.content(&it.metadata, texts.chain(bytes(it.binary_data.as_ref())))
            })
        };
        if let Some(content) = &read {
            locked(&self.read).insert(at, content.clone());
        }
        Ok(read)
    }

    /// The object's `uid` is part of the digest: the same password in two Secrets is not to be seen as the same.
    fn content<'c>(
        &self,
        of: &ObjectMeta,
        data: impl Iterator<Item = (&'c str, &'c [u8])>,
    ) -> Content {
        let mut keys = BTreeSet::new();
        let mut parts = vec![of.uid.as_deref().unwrap_or_default().as_bytes()];
        for (key, value) in data {
            parts.extend([key.as_bytes(), value]);
            keys.insert(key.to_owned());
        }
        Content {
            version: of.resource_version.clone().unwrap_or_default(),
            keys,
            digest: self.key.digest(parts),
        }
    }
}

/// Values as they are, without their base64.
fn bytes(data: Option<&BTreeMap<String, ByteString>>) -> impl Iterator<Item = (&str, &[u8])> {
    let data = data.into_iter().flatten();
    data.map(|(key, value)| (key.as_str(), value.0.as_slice()))
}
