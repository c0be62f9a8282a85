//! The transport that comes with the crate: HTTP/1.1 by hyper over pooled connections, TLS by rustls.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::{Limits, Transport, TransportError};

/// How long the addresses of a name may take together to accept a connection: less than what our requests may take, so
/// that the log can say that this was it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!(
    env!("CARGO_PKG_NAME"),
    "/",
    env!("CARGO_PKG_VERSION")
));

/// The [`Transport`] that comes with the crate. Cheap to clone; clones share their connections.
///
/// It follows no redirect and asks no proxy. TLS is rustls with the crypto backend of this crate, passed explicitly: no
/// provider of your process is installed, and none is needed (RULES T4).
#[derive(Clone, Debug)]
pub struct HttpTransport(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl HttpTransport {
    /// A transport that trusts what the platform trusts.
    pub fn new() -> Result<Self, TransportError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(crypto_provider()))
            .with_safe_default_protocol_versions()
            .and_then(rustls::ConfigBuilder::with_platform_verifier)
            .map_err(|error| TransportError::Tls(error.to_string()))?
            .with_no_client_auth();
        Ok(Self::with_tls(tls))
    }

    /// A transport that trusts these certificates, in PEM, and no others: for an issuer with a certificate authority of
    /// its own.
    pub fn with_root_certificates(pem: &[u8]) -> Result<Self, TransportError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|error| TransportError::Tls(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| TransportError::Tls(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(TransportError::Tls(
                "there is no certificate in the PEM".to_owned(),
            ));
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(crypto_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TransportError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self::with_tls(tls))
    }

    fn with_tls(tls: ClientConfig) -> Self {
        let mut tcp = HttpConnector::new();
        // What is around it takes care of TLS.
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        // Plain HTTP is for loopback, which those decide who know where to ask.
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self(client)
    }

    /// One request and its whole answer, however long it takes. Nobody follows where an answer points (attack class 41).
    async fn exchange(
        &self,
        request: Request<Vec<u8>>,
        max_bytes: usize,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let too_long = TransportError::TooLong(max_bytes);
        let mut request = request.map(Full::from);
        request
            .headers_mut()
            .entry(header::USER_AGENT)
            .or_insert(USER_AGENT);
        let answer = self.0.request(request).await;
        // The outermost text only says that it was the client.
        let answer = answer.map_err(|error| failure(error.source().unwrap_or(&error)))?;
        let (head, mut body) = answer.into_parts();
        let announced = body.size_hint().lower();
        if usize::try_from(announced).map_or(true, |len| len > max_bytes) {
            return Err(too_long);
        }
        let mut bytes = Vec::new();
        // Cut off while it arrives: a gigabyte is never held.
        while let Some(frame) = body.frame().await {
            // What is no data is a trailer, and tells nothing here.
            let Ok(chunk) = frame.map_err(|error| failure(&error))?.into_data() else {
                continue;
            };
            if chunk.len() > max_bytes - bytes.len() {
                return Err(too_long);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Response::from_parts(head, bytes))
    }
}

/// With both backends on, aws-lc-rs is used (RULES T5).
fn crypto_provider() -> CryptoProvider {
    #[cfg(feature = "aws-lc-rs")]
    return rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    rustls::crypto::ring::default_provider()
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        // From the name lookup to the last byte of the body.
        tokio::time::timeout(limits.timeout, self.exchange(request, limits.max_bytes))
            .await
            .map_err(|_| TransportError::TimedOut)?
    }
}

/// What went wrong, down to the cause.
fn failure(error: &dyn Error) -> TransportError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    TransportError::Connection(text)
}
