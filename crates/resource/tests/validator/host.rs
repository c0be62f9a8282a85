//! A host that publishes keys, well or badly, on the loopback interface. It keeps an account of who asked for what.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign_resource::Validator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What is answered at a path.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Status, further header lines, body.
    Http(u16, Vec<String>, Vec<u8>),
    /// As 200, unless the request names this `ETag`: then 304.
    Tagged(&'static str, Vec<u8>),
    /// Nothing, and the connection stays open.
    Hang,
    /// The head, half of the body, and then nothing.
    HangInBody,
    /// Nothing, and the connection is closed.
    Close,
    /// These bytes, which are no HTTP.
    Raw(&'static [u8]),
    /// A gigabyte of white space before a JWK set, chunked: no length says so ahead.
    Gigabyte,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Http(200, vec![], body.into())
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Http(status, vec![], b"no".to_vec())
    }

    pub(crate) fn with_header(self, line: impl Into<String>) -> Self {
        match self {
            Self::Http(status, mut headers, body) => {
                headers.push(line.into());
                Self::Http(status, headers, body)
            }
            other => other,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Host {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    answers: Mutex<HashMap<String, Answer>>,
    /// The heads of all requests.
    requests: Mutex<Vec<String>>,
    /// No answer goes out while this is false.
    open: watch::Sender<bool>,
    /// Bytes of gigabytes that were taken.
    sent: AtomicU64,
}

impl Host {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            answers: Mutex::default(),
            requests: Mutex::default(),
            open: watch::Sender::new(true),
            sent: AtomicU64::new(0),
        });
        let host = Self {
            address,
            shared: Arc::clone(&shared),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        host
    }

    /// A host that has this under `/jwks`.
    pub(crate) async fn with_jwks(body: impl Into<Vec<u8>>) -> Self {
        let host = Self::start().await;
        host.answer("/jwks", Answer::ok(body));
        host
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        let mut answers = self.shared.answers.lock().expect("no panic");
        answers.insert(path.to_owned(), answer);
    }

    /// Holds back all answers.
    pub(crate) fn hold(&self) {
        self.shared.open.send_replace(false);
    }

    /// Lets them go.
    pub(crate) fn release(&self) {
        self.shared.open.send_replace(true);
    }

    /// The heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().expect("no panic").clone()
    }

    /// How many requests there were for `path`.
    pub(crate) fn count(&self, path: &str) -> usize {
        let start = format!("GET {path} ");
        let requests = self.requests();
        requests
            .iter()
            .filter(|head| head.starts_with(&start))
            .count()
    }

    /// Has `token` judged good until that has led to `count` requests for `/jwks`.
    pub(crate) async fn renewed(&self, validator: &Validator, token: &str, count: usize) {
        let since = Instant::now();
        while self.count("/jwks") < count {
            assert!(since.elapsed() < Duration::from_secs(10), "it never was so");
            validator.validate(token).await.expect("a good token");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(self.count("/jwks"), count);
    }

    /// Waits until there were `count` requests for `path`.
    pub(crate) async fn reached(&self, path: &str, count: usize) {
        eventually(|| self.count(path) >= count).await;
        assert_eq!(self.count(path), count, "{path}");
    }

    /// Bytes of gigabytes that were taken.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

/// Waits until something is so; not for ever.
pub(crate) async fn eventually(is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < Duration::from_secs(10), "it never was so");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).expect("a head in ASCII");
    let path = head.split(' ').nth(1).expect("a path").to_owned();
    shared.requests.lock().expect("no panic").push(head.clone());
    let mut open = shared.open.subscribe();
    let _ = open.wait_for(|open| *open).await;
    let answer = shared.answers.lock().expect("no panic").get(&path).cloned();
    match answer.unwrap_or(Answer::status(404)) {
        Answer::Http(status, headers, body) => send(&mut stream, status, &headers, &body).await,
        Answer::Tagged(etag, body) => {
            let tag = format!("etag: {etag}");
            if head.contains(&format!("if-none-match: {etag}\r\n")) {
                send(&mut stream, 304, &[tag], b"").await;
            } else {
                send(&mut stream, 200, &[tag], &body).await;
            }
        }
        Answer::Hang => std::future::pending::<()>().await,
        Answer::HangInBody => {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"keys\":")
                .await;
            std::future::pending::<()>().await;
        }
        Answer::Close => {}
        Answer::Raw(bytes) => {
            let _ = stream.write_all(bytes).await;
        }
        Answer::Gigabyte => gigabyte(&mut stream, &shared.sent).await,
    }
}

async fn send(stream: &mut TcpStream, status: u16, headers: &[String], body: &[u8]) {
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for line in headers {
        head.push_str(line);
        head.push_str("\r\n");
    }
    if status != 304 {
        let _ = write!(head, "content-length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
    let _ = stream.shutdown().await;
}

async fn gigabyte(stream: &mut TcpStream, sent: &AtomicU64) {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    if stream.write_all(head).await.is_err() {
        return;
    }
    for _ in 0..(1 << 14) {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            return;
        }
        sent.fetch_add(0x1_0000, Ordering::SeqCst);
    }
    let _ = stream.write_all(b"b\r\n{\"keys\":[]}\r\n0\r\n\r\n").await;
}
