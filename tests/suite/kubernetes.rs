//! The operator of Kubernetes: what is pure, as tables, and the controller against an API server that says what a test wants.

mod chart;
mod crds;
mod elections;
mod mocked;
mod ownership;
mod recorded;
mod statuses;
