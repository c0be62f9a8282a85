//! HTTP and TLS of the fake server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::{Fake, Make, Memory, Setting, Sin, pages};

/// A request, read whole.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    /// `None` if it was longer than a megabyte.
    pub(crate) body: Option<Bytes>,
    /// It came without TLS.
    pub(crate) plain: bool,
}

impl Request {
    pub(crate) fn content_type(&self) -> &str {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Every `Authorization` header.
    pub(crate) fn authorizations(&self) -> Vec<&str> {
        let values = self.headers.get_all(AUTHORIZATION).iter();
        values.filter_map(|value| value.to_str().ok()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all(COOKIE).iter();
        let pairs = values.filter_map(|value| value.to_str().ok());
        let mut pairs = pairs.flat_map(|value| value.split("; "));
        let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.to_owned())
    }

    pub(crate) fn form(&self) -> Form {
        Form::parse(self.body.as_deref().unwrap_or_default())
    }

    pub(crate) fn query_form(&self) -> Form {
        Form::parse(self.query.as_bytes())
    }
}

/// Parameters in their order.
#[derive(Clone, Default)]
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The first value that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self
            .0
            .iter()
            .filter(|(key, value)| key == name && !value.is_empty());
        values.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether the parameter is there, if only without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Whether a parameter other than `resource` is there more than once.
    pub(crate) fn repeats(&self) -> bool {
        self.0.iter().enumerate().any(|(at, (name, _))| {
            name != "resource" && self.0[..at].iter().any(|(earlier, _)| earlier == name)
        })
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self {
            status,
            headers,
            body: body.to_string(),
        }
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        let headers = vec![("content-type", "text/plain".to_owned())];
        Self {
            status,
            headers,
            body: body.to_owned(),
        }
    }

    /// RFC 6749 §5.2.
    pub(crate) fn error(status: u16, error: &str) -> Self {
        Self::json(
            status,
            &serde_json::json!({ "error": error, "error_description": "as it says" }),
        )
    }

    /// Sent elsewhere, by GET whatever was asked (RFC 9110 §15.4.4).
    pub(crate) fn see_other(location: &str) -> Self {
        Self::text(303, "").with("location", location)
    }

    /// Sent elsewhere, in the older way.
    pub(crate) fn found(location: &str) -> Self {
        Self {
            status: 302,
            ..Self::see_other(location)
        }
    }

    /// With one more header, whether there is one of that name or not.
    pub(crate) fn and(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }
}

pub(crate) async fn start(sin: Sin, setting: Setting) -> Arc<Fake> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let scheme = if setting.tls { "https" } else { "http" };
    let base = format!("{scheme}://{address}");
    let tls = setting.tls.then(certificate);
    let issuer = format!("{base}{}", setting.issuer_path);
    let (acceptor, certificate) = tls.unzip();
    let fake = Arc::new(Fake {
        sin,
        base,
        issuer,
        memory: Mutex::new(Memory::default()),
        certificate,
        form: setting.form,
        make: setting.make,
        names: if setting.make == Make::Foreign {
            pages::FOREIGN
        } else {
            pages::USUAL
        },
        rotation: setting.rotation,
        code_lifetime: Duration::from_secs(if setting.make == Make::Brief { 2 } else { 60 }),
    });
    let served = Arc::clone(&fake);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(Arc::clone(&served), stream, acceptor.clone()));
        }
    });
    fake
}

fn certificate() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

async fn connection(fake: Arc<Fake>, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
    // A TLS record of type handshake begins with 22.
    let mut first = [0; 1];
    let hello = stream.peek(&mut first).await.is_ok_and(|_| first[0] == 22);
    match acceptor.filter(|_| hello) {
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(fake, TokioIo::new(stream), false).await;
            }
        }
        None => serve(fake, TokioIo::new(stream), true).await,
    }
}

/// The body, if it is no longer than that. The rest is read as well, so that the answer finds its way.
async fn read(mut body: Incoming, limit: usize) -> Option<Bytes> {
    let mut bytes = Vec::new();
    let mut fits = true;
    while let Some(frame) = body.frame().await {
        let data = frame.ok()?.into_data().unwrap_or_default();
        fits &= bytes.len() + data.len() <= limit;
        if fits {
            bytes.extend_from_slice(&data);
        }
    }
    fits.then(|| bytes.into())
}

async fn serve<T: hyper::rt::Read + hyper::rt::Write + Unpin>(fake: Arc<Fake>, io: T, plain: bool) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let fake = Arc::clone(&fake);
        async move {
            let (parts, body) = request.into_parts();
            let limit = if fake.is(Sin::TakesHugeBody) {
                usize::MAX
            } else {
                1 << 20
            };
            let body = read(body, limit).await;
            let request = Request {
                method: parts.method.to_string(),
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().unwrap_or_default().to_owned(),
                headers: parts.headers,
                body,
                plain,
            };
            let reply = fake.handle(&request);
            let mut response = hyper::Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(HeaderName::from_static(name), value);
            }
            response.body(Full::new(Bytes::from(reply.body)))
        }
    });
    // A client that hangs up is no fault of the server.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(io, service)
        .await;
}
