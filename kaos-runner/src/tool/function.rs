use std::fmt;
use std::sync::Arc;
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
/// use kaos_runner::{FunctionTool, ToolContext, ToolError};
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
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Nothing {}
///
/// // One that asks for whom it works.
/// let me = FunctionTool::new("me", "Says who asks.", |_: Nothing, context: ToolContext| async move {
///     Ok(context.user().unwrap_or("nobody").to_owned())
/// });
/// ```
pub struct FunctionTool {
    spec: ToolSpec,
    call: Box<Call>,
}

type Called = BoxFuture<'static, Result<ToolOutput, ToolError>>;
type Call = dyn Fn(&str, &ToolContext) -> Called + Send + Sync;

/// A function that a [`FunctionTool`] can be made of: async, from arguments that are deserialised, and
/// if it likes the call's [`ToolContext`], to a result. `M` tells the two kinds apart.
///
/// # Example
///
/// A helper that makes tools of functions says so in its bound:
///
/// ```
/// use kaos_runner::{FunctionTool, ToolFunction};
///
/// /// A tool of the lease service, which only reads.
/// fn lease_tool<M>(name: &'static str, what: &'static str, function: impl ToolFunction<M>) -> FunctionTool {
///     FunctionTool::new(format!("lease_{name}"), what, function).read_only()
/// }
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Of { tenant: String }
///
/// let term = lease_tool("term", "Says how long.", |of: Of| async move { Ok(format!("{}: a year", of.tenant)) });
/// ```
#[diagnostic::on_unimplemented(
    message = "a tool cannot be made of `{Self}`",
    label = "not an async function from arguments to `Result<_, ToolError>`",
    note = "what may stand here: `|arguments: T| async move {{ .. }}` or `|arguments: T, context: ToolContext| async move {{ .. }}`, `Send`, `Sync` and `'static`",
    note = "`T` is `serde::Deserialize` and `schemars::JsonSchema`; the result is `Result<R, ToolError>`, and `R` is a `String`, a `&'static str` or another `Into<ToolOutput>`"
)]
pub trait ToolFunction<M>: Send + Sync + 'static {
    /// Its arguments.
    type Arguments: DeserializeOwned + JsonSchema;

    /// Does it.
    fn call(&self, arguments: Self::Arguments, context: &ToolContext) -> Called;
}

#[diagnostic::do_not_recommend]
impl<A, F, T, W> ToolFunction<(A,)> for W
where
    W: Fn(A) -> F + Send + Sync + 'static,
    A: DeserializeOwned + JsonSchema,
    F: Future<Output = Result<T, ToolError>> + Send + 'static,
    T: Into<ToolOutput>,
{
    type Arguments = A;

    fn call(&self, arguments: A, _context: &ToolContext) -> Called {
        let done = self(arguments);
        Box::pin(async { done.await.map(Into::into) })
    }
}

#[diagnostic::do_not_recommend]
impl<A, F, T, W> ToolFunction<(A, ToolContext)> for W
where
    W: Fn(A, ToolContext) -> F + Send + Sync + 'static,
    A: DeserializeOwned + JsonSchema,
    F: Future<Output = Result<T, ToolError>> + Send + 'static,
    T: Into<ToolOutput>,
{
    type Arguments = A;

    fn call(&self, arguments: A, context: &ToolContext) -> Called {
        let done = self(arguments, context.clone());
        Box::pin(async { done.await.map(Into::into) })
    }
}

impl FunctionTool {
    /// A tool with this name and purpose that calls `function`.
    pub fn new<M, W: ToolFunction<M>>(
        name: impl Into<Str>,
        description: impl Into<Str>,
        function: W,
    ) -> Self {
        let schema = schemars::schema_for!(W::Arguments).to_value();
        let function = Arc::new(function);
        let call = move |arguments: &str, context: &ToolContext| -> Called {
            match serde_json::from_str(arguments) {
                Ok(arguments) => function.call(arguments, context),
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

    async fn call(&self, arguments: &str, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        (self.call)(arguments, context).await
    }
}

impl fmt::Debug for FunctionTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTool")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}
