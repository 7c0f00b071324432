//! The connection to a server, if there is one: made when needed, forgotten when broken.

use std::sync::Arc;

use super::begun::Beginning;
use super::connection::{Connection, Refused};
use super::request::Asking;
use super::setup::Setup;
use crate::ToolError;

/// The connection to a server, if there is one.
#[derive(Default)]
pub(super) struct Link(tokio::sync::Mutex<State>);

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    /// How the last one was begun.
    begins: Option<Beginning>,
}

impl Link {
    /// The connection that is there and works, or a new one. Who comes meanwhile waits for it.
    pub(super) async fn connection(
        &self,
        setup: &Setup,
        asking: Asking<'_>,
    ) -> Result<Arc<Connection>, ToolError> {
        let mut link = self.0.lock().await;
        if let Some(connection) = link.connection.as_ref().filter(|it| it.works()) {
            return Ok(Arc::clone(connection));
        }
        link.connection = None;
        let begins = link.begins.unwrap_or(setup.begins);
        let mut opened = Connection::open(setup, asking, begins).await;
        if let Err(Refused {
            code: Some(code), ..
        }) = &opened
            && let Some(other) = begins.after(*code)
            && let Ok(connection) = Connection::open(setup, asking, other).await
        {
            opened = Ok(connection);
        }
        // One that fails may be another the next time.
        link.begins = opened.as_ref().ok().map(|it| it.begun);
        let connection = Arc::new(opened.map_err(|refused| refused.why)?);
        link.connection = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Forgets a connection that broke, unless it was replaced already.
    pub(super) async fn lost(&self, connection: &Arc<Connection>) {
        let current = &mut self.0.lock().await.connection;
        if current
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, connection))
        {
            *current = None;
        }
    }

    /// Ends the connection in order, if there is one.
    pub(super) async fn close(&self) {
        let connection = self.0.lock().await.connection.take();
        if let Some(connection) = connection {
            connection.close().await;
        }
    }
}
