//! YAML with places: texts become trees whose every value knows where it stands.
//!
//! A plain scalar means what it means to `kubectl`, which reads YAML 1.1 (the rules of go-yaml 2, under
//! sigs.k8s.io/yaml): `yes` and `on` are booleans, `0777` and `1_000` are numbers. What is quoted is a text.

mod budget;
mod builder;
mod node;
mod parse;
mod scalar;

pub(crate) use node::Node;
pub(crate) use node::{Entry, Mark, Value};
pub(crate) use parse::documents;
