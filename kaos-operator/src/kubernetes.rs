//! The operator of Kubernetes: `Agent`, `MCPServer` and `ModelAPI` of a cluster become Deployments, Services,
//! `ConfigMap`s and routes, and say how they are.
//!
//! The parts that decide are pure functions: [`crds`] and [`roles`] are data, [`objects`] makes of a
//! [`Workload`](crate::Workload) what is to be in the cluster, [`status::evaluate`] makes of what was seen what is to be said,
//! [`ownership`] says whose an object is, [`lease_state`] whose turn it is. [`Operator`] watches, asks them, and writes what
//! is not so yet, with server-side apply as one field manager, [`MANAGER`].
//!
//! - A resource that nobody touches, and whose inputs nobody touches, causes no request.
//! - What is deleted of a resource's objects comes back; what somebody changes of them is changed back. An object of the
//!   name that is not the resource's is left alone, and told.
//! - Of Secrets and `ConfigMap`s that pods read, which keys there are and a digest are kept, no content; the digest's key is
//!   the operator's alone.
//!
//! # Example
//!
//! ```no_run
//! use kaos_operator::kubernetes::{Operator, OperatorSettings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = OperatorSettings::from_vars(|name| std::env::var(name).ok())?;
//! let operator = Operator::new(kube::Client::try_default().await?, settings);
//! operator.run(std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod applier;
mod cache;
pub mod chart;
mod crds;
mod digest_key;
mod election;
mod failure;
mod fence;
mod input_digests;
mod inputs;
mod last_applied;
mod merge;
mod metrics;
mod objects;
mod operator;
mod ownership;
mod place;
mod pod_template;
mod reconcile;
mod rendered;
mod role;
mod settings;
pub mod status;
mod status_writer;
mod watches;
mod work_queue;

pub use crds::{crds, crds_yaml};
pub use election::{LeaseState, lease_state};
pub use fence::LeaseLost;
pub use metrics::{OperatorMetrics, Reconciled};
pub use objects::{ObjectKind, Objects, objects};
pub use operator::Operator;
pub use ownership::{Ownership, ownership};
pub use role::{roles, roles_yaml};
pub use settings::{Gateway, OperatorSettings};

/// The field manager of all that is written, the Lease's and the roles' name, and who reports events.
pub const MANAGER: &str = "kaos-operator";
