//! TLS from the `OTEL_EXPORTER_OTLP_*` files, the same for both protocols.

#[cfg(feature = "otlp-http")]
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
#[cfg(feature = "otlp-http")]
use rustls::{ClientConfig, RootCertStore};
#[cfg(feature = "otlp-grpc")]
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::export::error::{Built, ExporterError};
use crate::settings::{Otlp, TlsFile};

/// `None` for an endpoint without TLS.
#[cfg(feature = "otlp-grpc")]
pub(super) fn of_grpc(otlp: &Otlp) -> Built<Option<ClientTlsConfig>> {
    if !otlp.is_https() {
        return Ok(None);
    }
    let mut config = ClientTlsConfig::new();
    config = match &otlp.certificate {
        Some(file) => {
            // tonic finds out too late, when it connects, that there is none in it.
            certificates(file)?;
            config.ca_certificate(Certificate::from_pem(file.read()?))
        }
        None => config.with_native_roots(),
    };
    if let Some((certificate, key)) = &otlp.client {
        certificates(certificate)?;
        private_key(key)?;
        config = config.identity(Identity::from_pem(certificate.read()?, key.read()?));
    }
    Ok(Some(config))
}

/// For an endpoint without TLS one that trusts nobody: it is never used.
#[cfg(feature = "otlp-http")]
pub(super) fn of_http(otlp: &Otlp) -> Built<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| otlp.refused(error))?;
    let mut trusted = RootCertStore::empty();
    if otlp.is_https() {
        if let Some(file) = &otlp.certificate {
            for certificate in certificates(file)? {
                trusted
                    .add(certificate)
                    .map_err(|error| file.unusable(error))?;
            }
        } else {
            let machine = rustls_native_certs::load_native_certs();
            trusted.add_parsable_certificates(machine.certs);
        }
    }
    let config = config.with_root_certificates(trusted);
    match otlp.client.as_ref().filter(|_| otlp.is_https()) {
        None => Ok(config.with_no_client_auth()),
        Some((certificate, key)) => config
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|error| key.unusable(error)),
    }
}

/// At least one.
fn certificates(file: &TlsFile) -> Built<Vec<CertificateDer<'static>>> {
    let pem = file.read()?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| file.unusable(error))?;
    if found.is_empty() {
        return Err(file.unusable(rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(found)
}

fn private_key(file: &TlsFile) -> Built<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(&file.read()?).map_err(|error| file.unusable(error))
}

impl TlsFile {
    fn read(&self) -> Built<Vec<u8>> {
        std::fs::read(&self.path).map_err(|error| self.unusable(error))
    }

    fn unusable(&self, source: impl std::error::Error + Send + Sync + 'static) -> ExporterError {
        ExporterError::Certificate {
            variable: self.variable.clone(),
            path: self.path.clone(),
            source: Box::new(source),
        }
    }
}
