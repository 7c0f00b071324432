//! The HTTP client, with TLS of its own, so that no other crate's features choose it.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore};

/// A client for this URL that takes so long at most to connect. It trusts the machine's certificates
/// and follows no redirect: keys go to the server that was named, and nowhere else. To this machine it takes no proxy.
///
/// # Errors
///
/// The system does not let it be made.
pub fn client(url: &Url, connect: Duration) -> Result<Client, Box<dyn Error + Send + Sync>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut trusted = RootCertStore::empty();
    if url.scheme() == "https" {
        let machine = rustls_native_certs::load_native_certs();
        trusted.add_parsable_certificates(machine.certs);
    }
    let tls = tls.with_root_certificates(trusted).with_no_client_auth();
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(connect)
        .redirect(redirect::Policy::none());
    if is_this_machine(url) {
        client = client.no_proxy();
    }
    Ok(client.build()?)
}

#[cfg(feature = "models")]
/// The URL as it is shown: without user, password, and what is asked behind the path, which may be keys.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn is_this_machine(url: &Url) -> bool {
    is_this_host(url.host_str().unwrap_or_default())
}

/// Addresses of the loopback, however they are written, and the names that mean it (RFC 6761, 6.3).
pub(crate) fn is_this_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    let name = host.trim_end_matches('.');
    let is_here = |it: IpAddr| it.to_canonical().is_loopback() || it.is_unspecified();
    name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(is_here)
}
