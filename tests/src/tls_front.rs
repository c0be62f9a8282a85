//! A TLS front, such as stands before the program in production.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};

/// A TLS front on loopback, with a certificate for 127.0.0.1 that nobody else has. It ends when this is dropped.
///
/// It listens before there is a program behind it, since the program has to be told its name at its start; until then,
/// whoever comes is let go.
#[derive(Debug)]
pub struct TlsFront {
    address: SocketAddr,
    certificate: String,
    backend: Arc<OnceLock<SocketAddr>>,
    /// Dropped, it ends all that it runs.
    _runtime: Runtime,
}

impl TlsFront {
    /// Listens on a port of its own.
    #[must_use]
    pub fn listen() -> Self {
        let made = rcgen::generate_simple_self_signed([Ipv4Addr::LOCALHOST.to_string()]);
        let made = made.expect("a certificate can be made");
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows the protocol")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("the certificate is for the key");

        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_io().build();
        let runtime = runtime.expect("a test machine has threads");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let backend = Arc::default();
        runtime.spawn(carry(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            Arc::clone(&backend),
        ));
        Self {
            address,
            certificate: made.cert.pem(),
            backend,
            _runtime: runtime,
        }
    }

    /// What stands before every path.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate as PEM: the only authority to believe in.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Stands before what listens there, from now on.
    pub fn stand_before(&self, backend: SocketAddr) {
        let set = self.backend.set(backend);
        set.expect("it stands before one program in its life");
    }
}

/// Carries bytes until the runtime ends.
async fn carry(listener: TcpListener, acceptor: TlsAcceptor, backend: Arc<OnceLock<SocketAddr>>) {
    while let Ok((outside, _)) = listener.accept().await {
        let Some(backend) = backend.get().copied() else {
            continue;
        };
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Whoever does not speak TLS, or breaks off, is let go.
            let Ok(mut outside) = acceptor.accept(outside).await else {
                return;
            };
            let Ok(mut inside) = TcpStream::connect(backend).await else {
                return;
            };
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
            let _ = outside.shutdown().await;
        });
    }
}
