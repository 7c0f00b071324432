use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use kaos_hooks::Str;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Tool, ToolAnnotations, ToolContext, ToolError, ToolOutput, ToolSpec};

/// A tool made of an async function; its argument schema is its argument type's.
///
/// # Example
///
/// ```
/// use kaos_runner::{FunctionTool, ToolError};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Multiply {
///     /// The first factor.
///     a: i64,
///     /// The second factor.
///     b: i64,
/// }
///
/// let multiply = FunctionTool::new("multiply", "Multiplies two numbers.", |call: Multiply| async move {
///     call.a.checked_mul(call.b).map(|product| product.to_string()).ok_or_else(|| ToolError::new("too large"))
/// })
/// .read_only();
/// ```
pub struct FunctionTool {
    spec: ToolSpec,
    call: Box<Call>,
}

type Call = dyn Fn(&str) -> BoxFuture<'static, Result<ToolOutput, ToolError>> + Send + Sync;

impl FunctionTool {
    /// A tool with this name and purpose that calls `function`.
    pub fn new<A, F, T>(
        name: impl Into<Str>,
        description: impl Into<Str>,
        function: impl Fn(A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        F: Future<Output = Result<T, ToolError>> + Send + 'static,
        T: Into<ToolOutput>,
    {
        let schema = schemars::schema_for!(A).to_value();
        let call = move |arguments: &str| -> BoxFuture<'static, Result<ToolOutput, ToolError>> {
            match serde_json::from_str(arguments) {
                Ok(arguments) => {
                    let done = function(arguments);
                    Box::pin(async { done.await.map(Into::into) })
                }
                Err(error) => {
                    let message = format!("the arguments do not fit the schema: {error}");
                    Box::pin(async { Err(ToolError::arguments(message)) })
                }
            }
        };
        Self {
            spec: ToolSpec::new(name, description, schema),
            call: Box::new(call),
        }
    }

    /// Says that the tool changes nothing.
    #[must_use]
    pub fn read_only(self) -> Self {
        self.annotations(ToolAnnotations::READ_ONLY)
    }

    /// Says what the tool does to the world. Default: it may do anything.
    #[must_use]
    pub fn annotations(mut self, annotations: ToolAnnotations) -> Self {
        self.spec.annotations = annotations;
        self
    }

    /// Wall time of one call. Default: the agent's [`Limits::tool`](crate::Limits::tool).
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.spec.time_limit = Some(limit);
        self
    }
}

#[async_trait]
impl Tool for FunctionTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(
        &self,
        arguments: &str,
        _context: &ToolContext<'_>,
    ) -> Result<ToolOutput, ToolError> {
        (self.call)(arguments).await
    }
}

impl fmt::Debug for FunctionTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTool")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}
