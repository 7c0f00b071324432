//! The key of digests that others see: who does not have it learns nothing from them of what they stand for.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use sha2::Sha256;
use tokio::time::sleep;
use tracing::{info, warn};

use super::MANAGER;
use super::failure::brief;

/// The Secret of the operator's namespace that has the key, and the key's name in it.
const SECRET: (&str, &str) = ("kaos-operator-digest-key", "key");
/// How many bytes it has, at least.
const LENGTH: usize = 32;
/// When it is asked for again.
const RETRY: Duration = Duration::from_secs(5);

/// A key that is the same for all operators of a cluster, and for all their lives.
///
/// It is not in it as it is: what has begun to compute a digest shows no key.
pub(super) struct DigestKey(Hmac<Sha256>);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
enum NoKey {
    #[error("{}", brief(.0))]
    Kube(#[from] kube::Error),
    #[error("it has no `key` of {LENGTH} bytes: delete it, and another is made")]
    Bad,
    #[error("this system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl DigestKey {
    /// The key of this cluster, which is made if there is none yet; waits until that can be done.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it may have made the key; whoever comes next finds it.
    pub(super) async fn of(client: &Client, namespace: &str) -> Self {
        let secrets = Api::namespaced(client.clone(), namespace);
        loop {
            match Self::find_or_make(&secrets).await {
                Ok(Some(key)) => return key,
                // Another operator was faster.
                Ok(None) => {}
                Err(why) => {
                    let name = SECRET.0;
                    warn!(target: "kaos", "nothing is done without the Secret {name} of {namespace}: {why}");
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// The key; none if another operator has made one meanwhile.
    async fn find_or_make(secrets: &Api<Secret>) -> Result<Option<Self>, NoKey> {
        if let Some(secret) = secrets.get_opt(SECRET.0).await? {
            let key = secret.data.and_then(|mut it| it.remove(SECRET.1));
            let key = key.as_ref().and_then(|it| Self::from_bytes(&it.0));
            return key.map(Some).ok_or(NoKey::Bad);
        }
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes).map_err(NoKey::Random)?;
        let key = Self::from_bytes(&bytes).ok_or(NoKey::Bad)?;
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(SECRET.0.to_owned()),
                ..ObjectMeta::default()
            },
            data: Some([(SECRET.1.to_owned(), ByteString(bytes.to_vec()))].into()),
            ..Secret::default()
        };
        let params = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        match secrets.create(&params, &secret).await {
            Ok(_) => {
                info!(target: "kaos", "the Secret {} is made: the key of digests", SECRET.0);
                Ok(Some(key))
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let long = (bytes.len() >= LENGTH).then_some(bytes)?;
        Hmac::new_from_slice(long).ok().map(Self)
    }

    /// 16 hexadecimal digits that stand for these, each with its length (HMAC-SHA-256, RFC 2104).
    pub(super) fn digest<'p>(&self, parts: impl IntoIterator<Item = &'p [u8]>) -> String {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&part.len().to_le_bytes());
            mac.update(part);
        }
        let digits = |byte: &u8| format!("{byte:02x}");
        mac.finalize()
            .into_bytes()
            .iter()
            .take(8)
            .map(digits)
            .collect()
    }
}
