//! KAOS resources as data: `Agent`, `MCPServer` and `ModelAPI` of `kaos.tools/v1alpha1`, what can be known to
//! be wrong with them, and what each becomes when it runs.
//!
//! - [`sources`] reads files and folders, [`read`] makes [`Resources`] of their texts: a superset of all
//!   published shapes, where [`ALIASES`] has the places that older versions had for a field.
//! - [`workloads`] makes a [`Workload`] of each: program, variables in order and who says so, files, port,
//!   probes, dependencies. It is one pure function: what is started here and what is written into a pod are the
//!   same list of variables.
//! - [`Finding`]s say all that is wrong at once, each with its place. None has a secret's value.
//! - [`render`] shows workloads for a shell, as YAML and for Compose; [`schema`] is what the CRDs are made of.
//!
//! It starts nothing, and speaks to nobody. [The fields, the precedence, the differences from KAOS'
//! own operator](https://docs.rs/crate/kaos-operator/latest/source/docs/resources.md) are in `docs/resources.md`.
//!
//! # Example
//!
//! ```
//! use kaos_operator::{Defaults, RenderFormat, NetworkAddresses, Reading, Source, read, render, workloads};
//!
//! let text = "
//! apiVersion: kaos.tools/v1alpha1
//! kind: MCPServer
//! metadata: {name: calculator}
//! spec:
//!   runtime: python-string
//!   params: |
//!     def add(a: float, b: float) -> float:
//!         return a + b
//!   contaner: {}
//! ";
//! let (resources, findings) = read(&[Source::new("tools.yaml", text)], &Reading::default());
//! assert_eq!(
//!     findings[0].to_string(),
//!     "tools.yaml:10:3: warning: MCPServer default/calculator: spec.contaner: \
//!      no version of KAOS has this field; `spec.container` was meant?"
//! );
//! let all = workloads(&resources, &Defaults::default(), &NetworkAddresses);
//! let shown = render(&all, &resources, RenderFormat::Env, &|text| text.to_owned())?;
//! assert!(shown.contains("LOG_LEVEL=INFO  # global logLevel\n"));
//! # Ok::<(), String>(())
//! ```

mod addresses;
mod checks;
mod collector;
mod component;
mod defaults;
mod finding;
mod interpolation;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(all(unix, feature = "local"))]
pub mod local;
mod model_routes;
mod pod;
mod reading;
mod render;
mod resources;
mod shape;
mod sources;
mod words;
mod workload;
mod yaml;

pub use addresses::{Addresses, ClusterAddresses, NetworkAddresses};
pub use defaults::{BadVariable, Defaults, Images, LogLevel, Runtime};
pub use finding::{Finding, Place, Rule, Severity};
pub use model_routes::{ModelRoute, model_routes};
pub use reading::{Located, Reading, Resources, read};
pub use render::{RenderFormat, masking, render};
pub use resources::{
    API_VERSION, EnvVarSource, Identity, KeySelector, Kind, PodSpec, SecretText, TelemetryConfig,
};
pub use shape::{ALIASES, Age, Alias, schema, schema_with_aliases};
pub use sources::{Source, sources};
pub use workload::{
    Env, FileContent, FileMount, Given, Origin, Prepare, Probe, ProbeKind, Program, RunsIn,
    Workload, Workloads, workloads,
};
