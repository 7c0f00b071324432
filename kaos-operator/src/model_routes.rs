//! Which models a proxy offers, as `LiteLLM`'s configuration has them.

use crate::resources::SecretText;
use crate::yaml::{self, Node};

/// A model that a proxy offers, and where it is.
///
/// # Example
///
/// ```
/// use kaos_operator::{ModelRoute, model_routes};
///
/// let routes: Vec<ModelRoute> = model_routes("model_list: [{model_name: '*', litellm_params: {model: openai/*}}]")?;
/// let found = routes.iter().find_map(|route| route.of("gpt-5-mini"));
/// assert_eq!(found.as_deref(), Some("openai/gpt-5-mini"));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRoute {
    /// The name that is asked for: `*` is every one, and `prefix/*` every one that begins so.
    pub name: String,
    /// The model behind it, as `provider/model`; `*` in it is what `*` of the name stands for.
    pub model: String,
    /// Where it is; `os.environ/NAME` names a variable.
    pub api_base: Option<String>,
    /// The key; `os.environ/NAME` names a variable.
    pub api_key: Option<SecretText>,
}

/// Reads the models of a configuration of `LiteLLM`: `model_list`, with `model_name` and `litellm_params`.
///
/// # Errors
///
/// What is wrong with it, without a value of its own.
///
/// # Example
///
/// ```
/// let text = "model_list: [{model_name: fast, litellm_params: {model: openai/gpt-5-mini, api_key: os.environ/KEY}}]";
/// let routes = kaos_operator::model_routes(text)?;
/// assert_eq!(routes[0].model, "openai/gpt-5-mini");
/// # Ok::<(), String>(())
/// ```
pub fn model_routes(text: &str) -> Result<Vec<ModelRoute>, String> {
    let (documents, problem) = yaml::documents(text);
    if let Some(problem) = problem {
        return Err(format!("line {}: {}", problem.mark.line, problem.message));
    }
    let mut routes = Vec::new();
    let lists = documents.iter().filter_map(|it| it.get("model_list"));
    for model in lists.flat_map(Node::items) {
        let text = |path: &str| model.at(path).and_then(Node::text).map(str::to_owned);
        let line = model.mark.line;
        let needed =
            |path: &str| text(path).ok_or(format!("line {line}: {path} is required, a text"));
        routes.push(ModelRoute {
            name: needed("model_name")?,
            model: needed("litellm_params.model")?,
            api_base: text("litellm_params.api_base"),
            api_key: text("litellm_params.api_key").map(SecretText::new),
        });
    }
    if routes.is_empty() {
        return Err("model_list has no model".to_owned());
    }
    Ok(routes)
}

impl ModelRoute {
    /// The model behind this one, if the name that is asked for is its.
    #[must_use]
    pub fn of(&self, asked: &str) -> Option<String> {
        match self.name.strip_suffix('*') {
            None => (self.name == asked).then(|| self.model.clone()),
            Some(prefix) => {
                let rest = asked.strip_prefix(prefix)?;
                Some(self.model.replacen('*', rest, 1))
            }
        }
    }
}
