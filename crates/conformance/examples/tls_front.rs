//! A TLS front for judging a server that speaks plain http and expects a proxy before it.
//!
//! `cargo run -p countersign-conformance --example tls_front -- 127.0.0.1:8443 127.0.0.1:8080 front.pem`
//!
//! It makes a certificate for 127.0.0.1 that nobody else has, writes it to the file (name it as `ca_file` in the
//! description of the target), prints a line once it listens, and carries bytes until it is ended.
#![expect(clippy::print_stdout, reason = "the line tells that it listens")]

use std::error::Error;
use std::sync::Arc;

use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .ok_or("usage: tls_front LISTEN BACKEND CERTIFICATE_FILE")
    };
    let (listen, backend, file) = (next()?, next()?, next()?);

    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(&listen).await?;
    std::fs::write(&file, made.cert.pem())?;
    println!("listening on {listen} before {backend}");

    loop {
        let (outside, _) = listener.accept().await?;
        let (acceptor, backend) = (acceptor.clone(), backend.clone());
        tokio::spawn(async move {
            // Whoever does not speak TLS, or breaks off, is let go.
            let Ok(mut outside) = acceptor.accept(outside).await else {
                return;
            };
            let Ok(mut inside) = TcpStream::connect(&backend).await else {
                return;
            };
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
            let _ = outside.shutdown().await;
        });
    }
}
