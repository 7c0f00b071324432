//! `LiteLLM`'s configuration.

use crate::resources::ProxyConfig;

/// The configuration for these models; the key and the address come from variables.
pub(super) fn config(proxy: &ProxyConfig, traced: bool) -> String {
    let mut text = "# Made from the ModelAPI\nmodel_list:\n".to_owned();
    for model in &proxy.models {
        let full = match proxy.provider.as_deref().filter(|it| !it.is_empty()) {
            Some(provider) if !names_it(model, provider) => format!("{provider}/{model}"),
            _ => model.clone(),
        };
        let (model, full) = (quoted(model), quoted(&full));
        text.push_str(
            &[
                "  - model_name: ",
                &model,
                "\n    litellm_params:\n      model: ",
                &full,
                "\n",
            ]
            .concat(),
        );
        if proxy.api_base.as_ref().is_some_and(|it| !it.is_empty()) {
            text.push_str("      api_base: \"os.environ/PROXY_API_BASE\"\n");
        }
        if proxy.api_key.is_some() {
            text.push_str("      api_key: \"os.environ/PROXY_API_KEY\"\n");
        }
    }
    text.push_str("\nlitellm_settings:\n  drop_params: true\n");
    if traced {
        text.push_str("  success_callback: [\"otel\"]\n  failure_callback: [\"otel\"]\n");
    }
    text
}

/// Whether a model's name begins with its provider already.
fn names_it(model: &str, provider: &str) -> bool {
    let rest = model.strip_prefix(provider);
    rest.is_some_and(|it| it.starts_with('/'))
}

/// A text as JSON has it, which is YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
