use std::sync::Arc;

use super::by_name::set;
use super::{OpenAiBuilder, OpenAiModel, SetupError, by_name, model_by_name_with};
use crate::{FunctionModel, Model};

/// The model that the environment names: the mock of `DEBUG_MOCK_RESPONSES` where that is set (see
/// [`FunctionModel::mock`]); else, without `MODEL_API_URL`, the one whose whole name `MODEL_NAME` is
/// (see [`model_by_name`](super::model_by_name)); else an [`OpenAiModel`] as
/// [`OpenAiModel::from_env`] makes it.
///
/// # Errors
///
/// As [`OpenAiModel::from_env`].
pub fn model_from_env() -> Result<Arc<dyn Model>, SetupError> {
    model_from_vars(variable)
}

/// As [`model_from_env`], with variables from elsewhere.
///
/// # Errors
///
/// As [`OpenAiModel::from_env`].
///
/// # Example
///
/// ```
/// use kaos_runner::models::model_from_vars;
///
/// let vars = |name: &str| (name == "DEBUG_MOCK_RESPONSES").then(|| r#"["Hello."]"#.to_owned());
/// let model = model_from_vars(vars)?;
/// assert_eq!(model.name().as_str(), "mock");
/// # Ok::<(), kaos_runner::models::SetupError>(())
/// ```
pub fn model_from_vars(
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Arc<dyn Model>, SetupError> {
    if let Some(replies) = set(&lookup, "DEBUG_MOCK_RESPONSES") {
        return Ok(Arc::new(FunctionModel::mock(&replies)));
    }
    match set(&lookup, "MODEL_NAME") {
        Some(name) if set(&lookup, "MODEL_API_URL").is_none() && by_name::is_known(&name) => {
            model_by_name_with(&name, lookup)
        }
        // As of `provider:model`, whose provider is none; without it only an endpoint can be meant.
        Some(name) if set(&lookup, "MODEL_API_URL").is_none() && name.contains(':') => {
            let found = model_by_name_with(&name, lookup);
            found.map_err(|why| why.of("MODEL_NAME"))
        }
        _ => Ok(Arc::new(built(OpenAiBuilder::from_vars(lookup)?)?)),
    }
}

impl OpenAiModel {
    /// The model that the environment names: `MODEL_API_URL`, `MODEL_NAME`, and `OPENAI_API_KEY`
    /// where the endpoint wants a key.
    ///
    /// # Errors
    ///
    /// A variable is missing or cannot be used.
    pub fn from_env() -> Result<Self, SetupError> {
        built(OpenAiBuilder::from_vars(variable)?)
    }
}

impl OpenAiBuilder {
    /// A builder from the variables of [`OpenAiModel::from_env`], to be found with `lookup`. A
    /// variable that is empty is absent.
    ///
    /// # Errors
    ///
    /// `MODEL_API_URL` or `MODEL_NAME` is missing.
    ///
    /// # Example
    ///
    /// ```
    /// use kaos_runner::models::OpenAiBuilder;
    ///
    /// let error = OpenAiBuilder::from_vars(|_| None).unwrap_err();
    /// assert!(error.to_string().starts_with("MODEL_API_URL is not set; set it to "));
    /// ```
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SetupError> {
        let need = |variable, expected| {
            set(&lookup, variable).ok_or(SetupError::Missing { variable, expected })
        };
        let url = need(
            "MODEL_API_URL",
            "the base URL of an OpenAI-compatible endpoint, such as http://localhost:11434/v1",
        )?;
        let model = need("MODEL_NAME", "a model of that endpoint, such as gpt-4o")?;
        let builder = Self::new(url, model);
        Ok(match set(&lookup, "OPENAI_API_KEY") {
            Some(key) => builder.api_key(key),
            None => builder,
        })
    }
}

/// The model, or the variable that cannot be used.
fn built(builder: OpenAiBuilder) -> Result<OpenAiModel, SetupError> {
    builder.build().map_err(|why| match why {
        SetupError::Url { .. } => why.of("MODEL_API_URL"),
        SetupError::Key => why.of("OPENAI_API_KEY"),
        other => other,
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
