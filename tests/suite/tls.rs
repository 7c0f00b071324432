//! Telemetry over TLS: the certificate to trust, and who we are, by variables, over both protocols.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, mpsc};

use kaos_otel_hook::{ExportStats, ExporterError, Telemetry};
use kaos_tests::collectors::{answer, read_request};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// An authority that has signed a server's certificate and a client's.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        Self { issuer }
    }

    /// A certificate and its key, as PEM.
    fn sign(&self) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A collector that asks for a client's certificate. It gives what came first after the
    /// handshake: a request's head over HTTP/1.1, the preface of HTTP/2 over gRPC.
    fn collector(&self, grpc: bool) -> (String, mpsc::Receiver<String>) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut trusted = RootCertStore::empty();
        trusted.add(self.issuer.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(trusted.into(), Arc::clone(&provider));
        let (certificate, key) = self.sign();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap(),
            )
            .unwrap();
        if grpc {
            config.alpn_protocols = vec![b"h2".to_vec()];
        }
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (saw, seen) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                serve(StreamOwned::new(connection, stream), grpc, &saw);
            }
        });
        (format!("https://localhost:{port}"), seen)
    }
}

/// Tells what it saw before the client can see an answer, or the end.
fn serve(mut stream: impl Read + Write, grpc: bool, saw: &mpsc::Sender<String>) {
    if grpc {
        let mut preface = [0; 14];
        if stream.read_exact(&mut preface).is_ok() {
            let _told = saw.send(String::from_utf8_lossy(&preface).into_owned());
        }
    } else if let Some((head, _body)) = read_request(&mut stream) {
        let _told = saw.send(head);
        let _answered = answer(&mut stream, "200 OK");
    }
}

/// Files of one test; they go with it.
struct Folder(kaos_tests::Folder);

impl Folder {
    fn new(name: &str) -> Self {
        Self(kaos_tests::Folder::new(name))
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path: &Path = &self.0.join(name);
        fs::write(path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn telemetry(vars: &[(&str, &str)]) -> Result<Telemetry, ExporterError> {
    kaos_tests::subscribed();
    Telemetry::from_vars(|name| {
        let known = vars.iter().find(|(known, _)| *known == name);
        known.map(|(_, value)| (*value).to_owned())
    })
}

fn one_span(telemetry: Telemetry) -> ExportStats {
    let tracer = telemetry.tracer_provider().unwrap().tracer("test");
    tracer.start("span").end();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(telemetry.shutdown()).traces
}

/// Exports a span with a client's certificate, or none, of this authority.
fn export(name: &str, grpc: bool, with_client: bool) -> (ExportStats, Option<String>) {
    let authority = Authority::new();
    let (url, seen) = authority.collector(grpc);
    let folder = Folder::new(name);
    let trusted = folder.write("ca.pem", &authority.issuer.pem());
    let (certificate, key) = authority.sign();
    let certificate = folder.write("client.pem", &certificate.pem());
    let key = folder.write("key.pem", &key.serialize_pem());
    let mut vars = vec![
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.as_str()),
        ("OTEL_SERVICE_NAME", "tls"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", trusted.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
    ];
    if !grpc {
        vars.push(("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
    }
    if with_client {
        vars.push(("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &certificate));
        vars.push(("OTEL_EXPORTER_OTLP_CLIENT_KEY", &key));
    }
    let stats = one_span(telemetry(&vars).unwrap());
    (stats, seen.try_recv().ok())
}

#[test]
fn over_http_the_files_are_used_and_headers_are_decoded() {
    let (stats, head) = export("http-tls", false, true);
    assert_eq!((stats.exported, stats.failed), (1, 0));
    let head = head.unwrap();
    assert!(head.contains("api-key: a b\r\n"), "{head}");
}

#[test]
fn over_grpc_the_files_are_used() {
    let (_, preface) = export("grpc-tls", true, true);
    assert_eq!(preface.as_deref(), Some("PRI * HTTP/2.0"));
}

#[test]
fn without_the_client_s_certificate_the_collector_refuses() {
    for (name, grpc) in [("http-refused", false), ("grpc-refused", true)] {
        let (stats, seen) = export(name, grpc, false);
        assert_eq!((stats.exported, stats.failed), (0, 1), "{name}");
        assert_eq!(seen, None, "{name}");
    }
}

#[test]
fn a_collector_that_the_machine_does_not_trust_is_refused() {
    let authority = Authority::new();
    let (url, seen) = authority.collector(false);
    let vars = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_SERVICE_NAME", "tls"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ];
    let stats = one_span(telemetry(&vars).unwrap());
    assert_eq!((stats.exported, stats.failed), (0, 1));
    assert_eq!(seen.try_recv().ok(), None);
}

#[test]
fn a_file_that_holds_no_certificate_is_an_error() {
    let folder = Folder::new("no-certificate");
    let empty = folder.write("empty.pem", "");
    for protocol in ["grpc", "http/protobuf"] {
        let vars = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:1"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", empty.as_str()),
        ];
        let error = telemetry(&vars).unwrap_err();
        assert!(
            matches!(error, ExporterError::Certificate { .. }),
            "{error}"
        );
    }
}
