//! draft
mod addresses;
mod defaults;
mod finding;
mod reading;
mod resources;
mod shape;
mod sources;
mod yaml;
pub use reading::*;
pub use resources::*;
pub use sources::*;
pub use shape::*;
pub use finding::*;
pub use defaults::*;
pub use addresses::*;
