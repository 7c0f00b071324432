//! A port of this machine that leads to a pod that is ready, whichever that is when somebody connects.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kaos_operator::Kind;
use kube::Client;
use kube::api::{Api, Portforwarder};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::connection::{Cluster, in_words};
use super::pods::{is_ready, name, pods};
use crate::output::{self, Failed};
use crate::stream::Stream;

/// How long no connection is taken after there was none to give.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Who answers: pods, and the port of theirs.
#[derive(Clone)]
pub(super) struct Target {
    pods: Api<Pod>,
    selector: String,
    port: IntOrString,
    /// What it is called to people.
    called: String,
}

impl Target {
    /// Who answers for a component: those behind the first port of its Service.
    ///
    /// # Errors
    ///
    /// It has no Service, or one that chooses no pods.
    pub(super) async fn of_component(
        cluster: &Cluster,
        kind: Kind,
        name: &str,
    ) -> Result<Self, Failed> {
        let called = format!("{}-{name}", kind.prefix());
        let services = Api::<Service>::namespaced(cluster.client.clone(), &cluster.namespace);
        let service = services.get_opt(&called).await.map_err(in_words)?;
        let service = service.ok_or_else(|| {
            format!("{name} has no Service yet, or none at all (agentNetwork.expose)")
        })?;
        let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
        let port = ports.map(|it| it.port).next().unwrap_or_default();
        Self::of(cluster.client.clone(), &cluster.namespace, &service, port)
    }

    /// Those behind a port of a Service that chooses its pods.
    ///
    /// # Errors
    ///
    /// Why there are none: one without a selector leads to no pod of its own, and no label chooses every pod.
    pub(super) fn of(
        client: Client,
        namespace: &str,
        service: &Service,
        port: i32,
    ) -> Result<Self, Failed> {
        let called = service.metadata.name.clone().unwrap_or_default();
        let spec = service.spec.clone().unwrap_or_default();
        let found = spec.ports.iter().flatten().find(|it| it.port == port);
        let found = found.ok_or_else(|| format!("the Service {called} has no port {port}"))?;
        let labels = spec.selector.iter().flatten();
        let labels: Vec<String> = labels
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        if labels.is_empty() {
            return Err(format!("the Service {called} has no selector: no pod is its own").into());
        }
        Ok(Self {
            pods: Api::namespaced(client, namespace),
            selector: labels.join(","),
            port: found.target_port.clone().unwrap_or(IntOrString::Int(port)),
            called,
        })
    }

    /// A pod that is ready, and its port.
    pub(super) async fn ready(&self) -> Result<(String, u16), Failed> {
        let pods = pods(&self.pods, &self.selector).await?;
        let pod = pods.iter().find(|it| is_ready(it));
        let pod = pod.ok_or_else(|| format!("no pod of {} is ready", self.called))?;
        let port = match &self.port {
            IntOrString::Int(port) => Some(*port),
            IntOrString::String(called) => {
                let containers = pod.spec.iter().flat_map(|it| &it.containers);
                let ports = containers.flat_map(|it| it.ports.iter().flatten());
                let mut named = ports.filter(|it| it.name.as_deref() == Some(called));
                named.next().map(|it| it.container_port)
            }
        };
        let port = port.and_then(|it| u16::try_from(it).ok());
        let port =
            port.ok_or_else(|| format!("the pods of {} do not have its port", self.called))?;
        Ok((name(pod).to_owned(), port))
    }

    /// A connection to a pod that is ready.
    pub(super) async fn connect(&self) -> Result<Line, Failed> {
        let (pod, port) = self.ready().await?;
        let forwarder = self.pods.portforward(&pod, &[port]).await;
        let mut forwarder = forwarder.map_err(in_words)?;
        let stream = forwarder.take_stream(port);
        let stream = stream.ok_or("the API server opens no stream")?;
        let leads = Leads(forwarder);
        Ok(Line {
            stream: Box::new(stream),
            leads,
        })
    }

    async fn copy(&self, mut from: TcpStream) -> Result<(), Failed> {
        let mut to = self.connect().await?;
        // Either side may go at any time: that is how connections end.
        let _copied = copy_bidirectional(&mut from, &mut to.stream).await;
        Ok(())
    }
}

/// A connection to a pod, and what leads there.
pub(crate) struct Line {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) leads: Leads,
}

/// Leads to a pod until this is dropped.
pub(crate) struct Leads(Portforwarder);

impl Drop for Leads {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A socket of this machine's own.
pub(super) async fn listener(port: u16) -> Result<(TcpListener, SocketAddr), Failed> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| format!("127.0.0.1, port {port}: {error}"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The next connection; after a while, if there is none to give: asked again at once, a listener without file descriptors
/// would take a processor.
async fn accepted<T, F: Future<Output = io::Result<T>>>(accept: impl Fn() -> F) -> T {
    loop {
        match accept().await {
            Ok(connection) => return connection,
            Err(_exhausted) => sleep(EXHAUSTED).await,
        }
    }
}

/// Leads each connection to a pod, for as long as it is polled. That there is none is said, once until there is one again.
pub(super) async fn forward(listener: TcpListener, target: Target) {
    let (mut connections, mut is_down) = (JoinSet::new(), false);
    loop {
        tokio::select! {
            (from, _) = accepted(|| listener.accept()) => {
                let target = target.clone();
                connections.spawn(async move { target.copy(from).await });
            }
            Some(ended) = connections.join_next() => match ended {
                Ok(Ok(())) => is_down = false,
                Ok(Err(why)) if !is_down => {
                    is_down = true;
                    output::say(&format!("kaos: {}", output::chain(&*why)));
                }
                _ => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_listener_that_has_no_connection_to_give_is_left_alone_for_a_while() {
        let (began, asked) = (Instant::now(), AtomicU32::new(0));
        let connection = accepted(|| {
            ready(match asked.fetch_add(1, Ordering::Relaxed) {
                0..3 => Err(io::Error::from_raw_os_error(24)),
                _ => Ok("one"),
            })
        });
        assert_eq!(connection.await, "one");
        assert_eq!(asked.into_inner(), 4);
        assert!(began.elapsed() >= EXHAUSTED * 3, "{:?}", began.elapsed());
    }
}
