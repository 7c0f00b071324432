//! Workloads as processes of this machine, without a runtime: a thread keeps each.
//!
//! [`plan()`](fn@plan) makes a [`Process`] of each workload; a [`Team`] starts them in the order of what they need, waits until each is ready,
//! starts again what ends by itself, and stops them in the opposite order. Each runs behind [`attend`], a process of its own that ends the program, and what
//! that started, when whoever started it is gone, however that went.

mod child;
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
