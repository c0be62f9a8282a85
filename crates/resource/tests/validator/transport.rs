//! The transport that comes with the crate.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use countersign_resource::{HttpTransport, Limits, Transport as _, TransportError, Validator};
use http::Request;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::fixtures::{API, ISSUER, KEY, clock, is_unavailable, jwks};
use crate::host::{Answer, Host};

const AUTHORITY: &[u8] = include_bytes!("../fixtures/test-only-ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("../fixtures/test-only-localhost.pem");
const PRIVATE_KEY: &[u8] = include_bytes!("../fixtures/test-only-localhost.pkcs8.der");

const LIMITS: Limits = Limits {
    max_bytes: 100,
    timeout: Duration::from_secs(5),
};

fn get(url: String) -> Request<Vec<u8>> {
    Request::get(url).body(vec![]).expect("a request")
}

#[tokio::test]
async fn an_answer_is_handed_on_as_it_is() {
    let host = Host::start().await;
    let elsewhere = Host::with_jwks("no").await;
    let transport = HttpTransport::new().unwrap();
    for status in [200, 301, 302, 303, 307, 308, 404, 500] {
        let location = format!("location: {}", elsewhere.url("/jwks"));
        host.answer("/", Answer::Http(status, vec![location], vec![b'x'; 100]));
        let response = transport.send(get(host.url("/")), LIMITS).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.body(), &[b'x'; 100]);
        assert_eq!(response.headers()["location"], elsewhere.url("/jwks"));
    }
    assert_eq!(elsewhere.requests().len(), 0);
    assert!(host.requests()[0].contains("user-agent: countersign-resource/"));
}

#[tokio::test]
async fn what_is_sent_arrives() {
    let host = Host::start().await;
    let transport = HttpTransport::new().unwrap();
    let request = Request::post(host.url("/in?a=b")).header("x-test", "1");
    let request = request.body(b"abc".to_vec()).unwrap();
    assert_eq!(transport.send(request, LIMITS).await.unwrap().status(), 404);
    let head = &host.requests()[0];
    assert!(head.starts_with("POST /in?a=b HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains("x-test: 1\r\n") && head.contains("content-length: 3\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn limits() {
    let host = Host::start().await;
    let transport = HttpTransport::new().unwrap();
    let short = Duration::from_millis(100);
    host.answer("/100", Answer::ok(vec![b'x'; 100]));
    host.answer("/101", Answer::ok(vec![b'x'; 101]));
    host.answer("/gigabyte", Answer::Gigabyte);
    host.answer("/hang", Answer::Hang);
    host.answer("/half", Answer::HangInBody);
    for (path, timeout, expected) in [
        ("/100", LIMITS.timeout, None),
        ("/101", LIMITS.timeout, Some(TransportError::TooLong(100))),
        (
            "/gigabyte",
            LIMITS.timeout,
            Some(TransportError::TooLong(100)),
        ),
        ("/hang", short, Some(TransportError::TimedOut)),
        ("/half", short, Some(TransportError::TimedOut)),
    ] {
        let limits = Limits { timeout, ..LIMITS };
        let answer = transport.send(get(host.url(path)), limits).await;
        assert_eq!(answer.err(), expected, "{path}");
    }
}

/// Answers on one connection only, for as long as that is open. Says where.
fn host_with_one_connection() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a stream");
        // The head fits into one read.
        while stream.read(&mut [0; 4096]).is_ok_and(|len| len > 0) {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx");
        }
    });
    url
}

#[tokio::test]
async fn connections_are_used_again() {
    let url = host_with_one_connection();
    let transport = HttpTransport::new().unwrap();
    for _ in 0..3 {
        // What a clone has opened serves all.
        let response = transport.clone().send(get(url.clone()), LIMITS).await;
        assert_eq!(response.unwrap().body(), b"x");
    }
}

#[tokio::test]
async fn why_there_is_no_connection() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let transport = HttpTransport::new().unwrap();
    let url = format!("http://{address}/?key=s3cret");
    let error = transport.send(get(url), LIMITS).await.unwrap_err();
    assert!(matches!(error, TransportError::Connection(_)), "{error}");
    let text = error.to_string();
    // The cause, and nothing of where.
    assert!(text.contains("refused"), "{text}");
    assert!(
        !text.contains("s3cret") && !text.contains("client error"),
        "{text}"
    );
}

/// Serves one key set over TLS to whoever trusts it, on a thread of its own. Says where.
fn host_with_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "https://localhost:{}/jwks",
        listener.local_addr().expect("an address").port()
    );
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("PEM");
    let private_key = PrivateKeyDer::try_from(PRIVATE_KEY).expect("DER");
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], private_key)
            .expect("a pair");
    let config = Arc::new(config);
    let body = jwks([&*KEY]);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a server");
            let mut stream = StreamOwned::new(connection, stream.expect("a stream"));
            // The head fits into one read; a client that does not trust us sends none.
            if stream.read(&mut [0; 4096]).is_ok() {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
                let _ = stream.flush();
            }
        }
    });
    url
}

#[tokio::test]
async fn rule_t4_tls_needs_no_provider_of_the_process() {
    let url = host_with_tls();
    let build = |transport| {
        let validator = Validator::from_jwks_url(ISSUER, &*url, API).clock(clock());
        validator.transport(Arc::new(transport)).build().unwrap()
    };
    let trusting = build(HttpTransport::with_root_certificates(AUTHORITY).unwrap());
    trusting.validate(&KEY.token()).await.unwrap();
    // The platform knows nothing of this authority.
    let platform = build(HttpTransport::new().unwrap());
    assert!(is_unavailable(&platform.validate(&KEY.token()).await));
    let reason = platform.ready().await.unwrap_err().to_string();
    assert!(reason.contains("certificate"), "{reason}");
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[test]
fn what_is_no_certificate_is_not_trusted() {
    for pem in [
        &b""[..],
        b"no",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n",
    ] {
        let error = HttpTransport::with_root_certificates(pem).unwrap_err();
        assert!(matches!(error, TransportError::Tls(_)), "{error}");
    }
}
