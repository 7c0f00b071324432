//! Words that stand in texts that are no secrets: names, addresses, fields, what we say ourselves. A secret that is one of
//! them cannot be told from them.

use std::fmt;

use crate::addresses::Addresses;
use crate::defaults::Defaults;
use crate::reading::Resources;
use crate::resources::{API_VERSION, Identity, Kind};
use crate::shape::schema;

/// Texts that are no secrets.
#[derive(Clone, Default)]
pub(crate) struct Words(String);

/// What is said of resources, whatever they are called.
const OURS: &str = "error: warning: note: is not there among these resources; was meant? expected found a text a map a list a number \
    a boolean Secret ConfigMap key of the image port always global logLevel telemetry.endpoint env of the container, and the resource's own \
    Made by kaos render. Variables of the shell or of .env have what is secret. kaos agent serve mcp serve litellm ollama \
    http:// https:// 127.0.0.1 localhost svc.cluster.local";

impl Words {
    pub(crate) fn new(
        resources: &Resources,
        defaults: &Defaults,
        addresses: &dyn Addresses,
    ) -> Self {
        let mut all = [OURS, API_VERSION].join("\n");
        let mut add = |text: &str| {
            all.push('\n');
            all.push_str(text);
        };
        let of = |it: &Identity| [it.to_string(), it.workload_name(), addresses.url(it, 8000)];
        let identities = resources.model_apis.keys();
        let identities = identities.chain(resources.mcp_servers.keys());
        for text in identities.chain(resources.agents.keys()).flat_map(of) {
            add(&text);
        }
        let images = &defaults.images;
        for image in [&images.agent, &images.litellm, &images.ollama]
            .into_iter()
            .flatten()
        {
            add(image);
        }
        for (name, runtime) in &defaults.runtimes {
            add(name);
            runtime.image.iter().for_each(|it| add(it));
        }
        for kind in Kind::ALL {
            add(&schema(kind).to_string());
        }
        Self(all)
    }

    /// Whether a text stands in them.
    pub(crate) fn have(&self, text: &str) -> bool {
        self.0.contains(text)
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words")
    }
}
