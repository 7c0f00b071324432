//! Workloads as processes of this machine, without a runtime: a thread keeps each.
//!
//! [`plan()`](fn@plan) makes a [`Process`] of each workload; a [`Team`] starts them in the order of what they need, waits until each is ready,
//! starts again what ends by itself, and stops them in the opposite order. Each runs behind [`attend`], a process of its own that ends the program, and what
//! that started, when whoever started it is gone, however that went.
//!
//! # Example
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::path::Path;
//! use kaos_operator::local::{
//!     Limits, Loopback, News, Planned, Process, Programs, Shim, Stage, Standing, Team, Together, plan,
//! };
//! use kaos_operator::{Defaults, Resources, workloads};
//!
//! fn up(resources: &Resources, folder: &Path) -> Result<(Team, Loopback), Box<dyn std::error::Error>> {
//!     let here = Loopback::free(resources)?;
//!     let all = workloads(resources, &Defaults::default(), &here);
//!     let kaos = std::env::current_exe()?;
//!     let programs = Programs { kaos: kaos.clone(), path: std::env::var_os("PATH").unwrap_or_default(), litellm: false };
//!     let planned = plan(&all.workloads, resources, &programs, &BTreeMap::new(), folder);
//!     let Planned { processes, files } = planned.map_err(|missing| format!("{missing:?}"))?;
//!     for (path, text) in files {
//!         std::fs::write(path, text.expose())?;
//!     }
//!     let ports: Vec<u16> = processes.iter().map(|Process { port, .. }| *port).collect();
//!     let shim = Shim { program: kaos, args: vec!["attend".to_owned()] };
//!     let team = Team::start(processes, Limits::default(), shim, move |news| match news {
//!         News::Stage { name, standing: Standing { stage: Stage::Failed, why, .. } } => println!("{name}: {why:?}"),
//!         News::Line { name, text } => println!("{name}: {text}"),
//!         _ => println!("on {ports:?}"),
//!     })?;
//!     // Whoever keeps the team keeps its ports.
//!     Ok((team, here))
//! }
//!
//! fn is_ready(team: &Team) -> bool {
//!     team.together() == Together::Ready
//! }
//! ```

mod child;
mod health;
mod keeper;
mod loopback;
mod order;
mod plan;
mod probe;
mod process;
mod programs;
mod running;
mod shared;
mod team;
mod variables;

pub use child::attend;
pub use loopback::Loopback;
pub use plan::{Planned, plan};
pub use process::{Limits, News, Process, REPORT_MARK, Shim, Stage, Standing};
pub use programs::Programs;
pub use team::{Team, Together};
