//! What all clones of a server share: its connection, and the tools that it listed last.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::connection::Connection;
use super::link::Link;
use super::tool::McpTool;
use crate::{Tool, ToolError, ToolListing};

/// What all clones of a server share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) link: Arc<Link>,
    known: Mutex<Option<Listing>>,
    /// Held by who lists: turns at the same time ask once.
    pub(super) listing: tokio::sync::Mutex<()>,
    pub(super) warned: AtomicBool,
}

/// The tools that were listed last.
#[derive(Clone)]
pub(super) struct Listing {
    /// Over this connection, which they do not keep,
    pub(super) over: Weak<Connection>,
    /// when it had been told of so many changes. One that comes while the list is on its way counts
    /// as newer than the list.
    pub(super) changes: u64,
    pub(super) tools: Vec<Arc<McpTool>>,
    pub(super) left_out: usize,
}

impl Listing {
    pub(super) fn holds(&self, connection: &Arc<Connection>) -> bool {
        self.over.ptr_eq(&Arc::downgrade(connection)) && self.changes == connection.changes()
    }

    pub(super) fn listing(&self, stale: Option<ToolError>) -> ToolListing {
        let tools = self.tools.iter();
        ToolListing {
            tools: tools
                .map(|tool| Arc::clone(tool) as Arc<dyn Tool>)
                .collect(),
            stale,
            left_out: self.left_out,
        }
    }
}

impl Shared {
    pub(super) fn known(&self) -> MutexGuard<'_, Option<Listing>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
