//! A model is one that its `ModelAPI` offers.

use crate::finding::{Finding, Rule};
use crate::reading::Resources;
use crate::resources::{Kind, Mode};

pub(super) fn check(resources: &Resources, findings: &mut Vec<Finding>) {
    for agent in resources.agents.values() {
        let named = agent
            .at
            .identity
            .sibling(Kind::ModelApi, &agent.spec.model_api);
        let Some(api) = resources.model_apis.get(&named) else {
            continue;
        };
        let proxy = api
            .spec
            .proxy_config
            .as_ref()
            .filter(|_| api.spec.mode == Mode::Proxy);
        if proxy.is_some_and(|proxy| !offers(&proxy.models, &agent.spec.model)) {
            let models = proxy.map_or(&[] as &[_], |it| &it.models);
            let message = format!(
                "`{}` is not offered by {named}, which has {}",
                agent.spec.model,
                listed(models)
            );
            findings.push(
                agent
                    .at
                    .finding(Rule::ModelNotOffered, "spec.model", message),
            );
        }
    }
}

/// Whether a model is one of those: `*` is every one, `prefix/*` every one that begins so.
pub(super) fn offers(models: &[String], model: &str) -> bool {
    models.iter().any(|it| match it.strip_suffix('*') {
        None => it == model,
        Some("") => true,
        Some(prefix) => prefix.ends_with('/') && model.starts_with(prefix),
    })
}

fn listed(models: &[String]) -> String {
    const MAX_LISTED: usize = 10;
    let mut names: Vec<&str> = models.iter().take(MAX_LISTED).map(String::as_str).collect();
    let more = format!("and {} more", models.len().saturating_sub(MAX_LISTED));
    if models.len() > MAX_LISTED {
        names.push(&more);
    }
    names.join(", ")
}
