//! The transport that comes with the crate: HTTP/1.1 over pooled connections, TLS by rustls.

use std::error::Error as _;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Request, Response};
use reqwest::redirect::Policy;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::{Limits, Transport, TransportError};

/// The [`Transport`] that comes with the crate. Cheap to clone; clones share their connections.
///
/// It follows no redirect and takes no proxy from the environment. TLS is rustls with the crypto backend of this crate,
/// passed explicitly: no provider of your process is installed, and none is needed (RULES T4).
#[derive(Clone, Debug)]
pub struct HttpTransport(reqwest::Client);

impl HttpTransport {
    /// A transport that trusts what the platform trusts.
    pub fn new() -> Result<Self, TransportError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(crypto_provider()))
            .with_safe_default_protocol_versions()
            .and_then(rustls::ConfigBuilder::with_platform_verifier)
            .map_err(|error| TransportError::Tls(error.to_string()))?
            .with_no_client_auth();
        Self::with_tls(tls)
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
        Self::with_tls(tls)
    }

    fn with_tls(tls: ClientConfig) -> Result<Self, TransportError> {
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // Attack class 41: where an answer points is not where we were told to ask.
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(concat!(
                env!("CARGO_PKG_NAME"),
                "/",
                env!("CARGO_PKG_VERSION")
            ))
            .build()
            .map(Self)
            .map_err(|error| TransportError::Tls(chain(&error)))
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
        let too_long = TransportError::TooLong(limits.max_bytes);
        let mut request = reqwest::Request::try_from(request).map_err(failure)?;
        // From the name lookup to the last byte of the body.
        *request.timeout_mut() = Some(limits.timeout);
        let mut answer = self.0.execute(request).await.map_err(failure)?;
        let announced = answer.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |len| len > limits.max_bytes) {
            return Err(too_long);
        }
        let mut body = Vec::new();
        // Cut off while it arrives: a gigabyte is never held.
        while let Some(chunk) = answer.chunk().await.map_err(failure)? {
            if chunk.len() > limits.max_bytes - body.len() {
                return Err(too_long);
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

fn failure(error: reqwest::Error) -> TransportError {
    if error.is_timeout() {
        TransportError::TimedOut
    } else {
        // A query may hold what is nobody's business.
        TransportError::Connection(chain(&error.without_url()))
    }
}

/// What went wrong, down to the cause: on its own the outermost text says next to nothing.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
