//! Over real sockets on loopback.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use super::*;

const SET: &str = r#"{"keys":[]}"#;

/// How long a test waits for what never comes.
const SHORT: Duration = Duration::from_millis(300);

/// A server that answers each connection by a script, and counts them.
struct Scripted {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Scripted {
    /// `script` writes the answer, when the request was read.
    fn new(script: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", script)
    }

    fn at(
        address: &str,
        script: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (counted, script) = (Arc::clone(&connections), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                let script = Arc::clone(&script);
                thread::spawn(move || read_head(&stream).and_then(|()| script(stream)));
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// One that gives this answer, and closes.
    fn saying(answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::new(move |mut stream| stream.write_all(answer.as_bytes()))
    }

    fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn read_head(mut stream: &TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
        if !head.starts_with(b"G") {
            // It is spoken to in TLS.
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// Names lead where it says next; it counts how often it is asked.
#[derive(Default)]
struct Scripts {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Scripts {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let address = |it: &&str| it.parse().unwrap();
        let answers = answers.iter().map(|it| it.iter().map(address).collect());
        Arc::new(Self {
            answers: answers.collect(),
            asked: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl LookUp for Scripts {
    async fn look_up(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let addresses = self.answers.get(turn).ok_or(io::ErrorKind::NotFound)?;
        Ok(addresses.iter().map(|it| SocketAddr::new(*it, 0)).collect())
    }
}

fn fetcher(allowed: &[&str]) -> KeySetFetcher {
    fetcher_with(allowed, Scripts::new(&[]))
}

fn fetcher_with(allowed: &[&str], lookup: Arc<dyn LookUp>) -> KeySetFetcher {
    let allowed = allowed.iter().map(|it| it.parse().unwrap()).collect();
    KeySetFetcher::with_lookup(allowed, lookup)
}

async fn fetch(fetcher: &KeySetFetcher, uri: &str) -> Result<FetchedKeySet, FetchError> {
    fetcher.fetch(&uri.parse().unwrap()).await
}

/// What is said about a server on loopback that may be asked.
async fn ask(server: &Scripted) -> Result<FetchedKeySet, FetchError> {
    let mut fetcher = fetcher(&["127.0.0.1"]);
    fetcher.timeout = SHORT * 3;
    fetch(&fetcher, &server.url()).await
}

#[tokio::test]
async fn what_is_there_is_given_as_it_is() {
    for body in [SET, "", "no JSON", "{\"keys\":"] {
        let server = Scripted::saying(ok(body));
        let fetched = ask(&server).await.unwrap();
        assert_eq!(fetched.json, body.as_bytes());
        assert_eq!(fetched.max_age, None);
        assert_eq!(server.connections(), 1);
    }
    let kept = ok(SET).replace("\r\n\r\n", "\r\nCache-Control: max-age=60\r\n\r\n");
    let fetched = ask(&Scripted::saying(kept)).await.unwrap();
    assert_eq!(fetched.max_age, Some(60));
}

#[tokio::test]
async fn attack_41_a_proxy_of_the_environment_is_not_asked() {
    let proxy = Scripted::saying(ok("by the proxy"));
    let url = format!("http://{}", proxy.address);
    // The environment of a process cannot be changed safely, so another one is asked.
    let this_program = std::env::current_exe().unwrap();
    let test = "key_sets::tests::what_is_there_is_given_as_it_is";
    let done = Command::new(this_program)
        .args(["--exact", test])
        .envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY"].map(|name| (name, &url)))
        .envs(["no_proxy", "NO_PROXY"].map(|name| (name, "")))
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(told.contains("1 passed"), "{told}");
    assert_eq!(proxy.connections(), 0);
}

#[tokio::test]
async fn attack_41_no_address_that_leads_inside_is_asked_however_it_is_written() {
    let server = Scripted::saying(ok(SET));
    let port = server.address.port();
    let outside = fetcher(&["10.0.0.0/8"]);
    for uri in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://127.0.0.1.:{port}/"),
        format!("https://127.1:{port}/"),
        format!("https://0177.0.0.1:{port}/"),
        format!("https://0x7f.0x0.0x0.0x1:{port}/"),
        format!("https://0x7f000001:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://%31%32%37.0.0.1:{port}/"),
        format!("https://0.0.0.0:{port}/"),
        format!("https://0:{port}/"),
        format!("https://[::]:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://[::ffff:7f00:1]:{port}/"),
        format!("https://[::127.0.0.1]:{port}/"),
        format!("https://[64:ff9b::127.0.0.1]:{port}/"),
        format!("http://localhost:{port}/"),
        format!("https://LOCALHOST.:{port}/"),
        format!("https://a.localhost:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[fd00:ec2::254]/".to_owned(),
        "https://192.168.1.1/".to_owned(),
        "https://255.255.255.255/".to_owned(),
    ] {
        let told = fetch(&outside, &uri).await;
        assert_eq!(told, Err(FetchError::Forbidden), "{uri}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn an_address_that_is_allowed_is_asked() {
    let server = Scripted::saying(ok(SET));
    let port = server.address.port();
    for (host, allowed) in [
        ("127.0.0.1", "127.0.0.0/8"),
        ("127.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
    ] {
        let told = fetch(&fetcher(&[allowed]), &format!("http://{host}:{port}/")).await;
        assert!(told.is_ok(), "{host}: {told:?}");
    }
    assert_eq!(server.connections(), 3);
    let server = Scripted::at("[::1]:0", |mut stream| stream.write_all(ok(SET).as_bytes()));
    let told = fetch(&fetcher(&["::1"]), &server.url()).await;
    assert!(told.is_ok(), "{told:?}");
}

#[tokio::test]
async fn attack_41_a_redirect_is_not_followed() {
    let inside = Scripted::saying(ok(SET));
    for status in [301, 302, 303, 307, 308] {
        let server = Scripted::saying(format!(
            "HTTP/1.1 {status} Go\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
            inside.url()
        ));
        assert_eq!(ask(&server).await, Err(FetchError::Redirect(status)));
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn an_answer_that_is_not_200_is_none() {
    for status in [201, 204, 206, 300, 304, 400, 401, 404, 429, 500, 503] {
        let server = Scripted::saying(format!(
            "HTTP/1.1 {status} So\r\nContent-Length: 11\r\n\r\n{SET}"
        ));
        assert_eq!(ask(&server).await, Err(FetchError::Status(status)));
    }
}

#[tokio::test]
async fn who_does_not_answer_in_time_is_not_waited_for() {
    type Script = fn(TcpStream) -> io::Result<()>;
    let hang: Script = |stream| {
        thread::sleep(Duration::from_secs(20));
        drop(stream);
        Ok(())
    };
    let drip_head: Script = |stream| drip(stream, "HTTP/1.1 200 OK\r\nX: ");
    let drip_body: Script = |stream| drip(stream, "HTTP/1.1 200 OK\r\n\r\n");
    let began = Instant::now();
    let servers = [hang, drip_head, drip_body].map(Scripted::new);
    let [hanging, slow_head, slow_body] = &servers;
    let told = tokio::join!(ask(hanging), ask(slow_head), ask(slow_body));
    let late = || Err(FetchError::TimedOut);
    assert_eq!(told, (late(), late(), late()));
    assert!(began.elapsed() < SHORT * 6, "{:?}", began.elapsed());
}

/// Begins so, and goes on with a byte now and then.
fn drip(mut stream: TcpStream, begin: &str) -> io::Result<()> {
    stream.write_all(begin.as_bytes())?;
    loop {
        stream.write_all(b" ")?;
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn a_long_answer_is_cut_off_while_it_comes() {
    let longest = "x".repeat(MAX_BYTES);
    let fetched = ask(&Scripted::saying(ok(&longest))).await.unwrap();
    assert_eq!(fetched.json.len(), MAX_BYTES);
    let too_long = Err(FetchError::TooLong(MAX_BYTES));
    let longer = "x".repeat(MAX_BYTES + 1);
    let told = ask(&Scripted::saying(ok(&longer))).await;
    assert_eq!(told.map(|it| it.json.len()), too_long);

    // A gigabyte, with its length and without.
    for head in ["Content-Length: 1073741824", "Connection: close"] {
        let sent = Arc::new(AtomicUsize::new(0));
        let (counted, piece) = (Arc::clone(&sent), vec![b'x'; 16 * 1024]);
        let server = Scripted::new(move |mut stream| {
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes())?;
            loop {
                stream.write_all(&piece)?;
                counted.fetch_add(piece.len(), Ordering::SeqCst);
            }
        });
        let told = ask(&server).await;
        assert_eq!(told.map(|it| it.json.len()), too_long, "{head}");
        // What lies in the buffers of the system was sent as well.
        let sent = sent.load(Ordering::SeqCst);
        assert!(sent < 64 * 1024 * 1024, "{head}: {sent}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_or_is_no_tls_is_none() {
    let cut = Scripted::saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    let nothing = Scripted::saying("");
    let other = Scripted::saying("SSH-2.0\r\n");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let plain = Scripted::saying(ok(SET));
    let fetcher = fetcher(&["127.0.0.1"]);
    for uri in [
        cut.url(),
        nothing.url(),
        other.url(),
        format!("http://127.0.0.1:{port}/"),
        plain.url().replace("http:", "https:"),
    ] {
        let told = fetch(&fetcher, &uri).await;
        assert!(
            matches!(told, Err(FetchError::Connection(_))),
            "{uri}: {told:?}"
        );
    }
}

#[tokio::test]
async fn attack_40_41_a_name_cannot_lead_elsewhere_after_it_was_judged() {
    // It keeps its connections open, for whoever might want to use one of them again.
    let outside = Scripted::new(|mut stream| {
        loop {
            stream.write_all(ok(SET).as_bytes())?;
            read_head(&stream)?;
        }
    });
    let port = outside.address.port();
    let inside = Scripted::at(&format!("[::1]:{port}"), |mut stream| {
        stream.write_all(ok("inside").as_bytes())
    });
    // The first answer may be asked, as a public one; what comes then may not.
    let names = Scripts::new(&[&["127.0.0.1"], &["::1"], &["127.0.0.1", "::1"]]);
    let fetcher = fetcher_with(&["127.0.0.1"], Arc::clone(&names) as _);
    // A name in plain http is none of a client's, but what it leads to needs no certificate.
    let url = Url::parse(&format!("http://client.example:{port}/")).unwrap();
    let found = fetcher.fetch_url(url.clone()).await.unwrap();
    assert_eq!(found.json, SET.as_bytes());
    assert_eq!(
        names.asked.load(Ordering::SeqCst),
        1,
        "judged once, used once"
    );
    for _ in 0..2 {
        let told = fetcher.fetch_url(url.clone()).await;
        assert_eq!(told, Err(FetchError::Forbidden));
    }
    assert_eq!(names.asked.load(Ordering::SeqCst), 3);
    let told = fetcher.fetch_url(url).await;
    assert_eq!(told, Err(FetchError::Unresolved));
    assert_eq!((outside.connections(), inside.connections()), (1, 0));
}

#[tokio::test]
async fn sixteen_fetches_at_a_time_and_the_others_wait() {
    let open = Arc::new(AtomicBool::new(false));
    let opened = Arc::clone(&open);
    let server = Scripted::new(move |mut stream| {
        while !opened.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
        stream.write_all(ok(SET).as_bytes())
    });
    let fetcher = Arc::new(fetcher(&["127.0.0.1"]));
    let under_way: Vec<_> = (0..=MAX_FETCHES)
        .map(|_| {
            let (fetcher, url) = (Arc::clone(&fetcher), server.url());
            tokio::spawn(async move { fetch(&fetcher, &url).await })
        })
        .collect();
    let began = Instant::now();
    while server.connections() < MAX_FETCHES && began.elapsed() < Duration::from_secs(3) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.connections(), MAX_FETCHES);
    open.store(true, Ordering::SeqCst);
    for fetch in under_way {
        assert!(fetch.await.unwrap().is_ok());
    }
    assert_eq!(server.connections(), MAX_FETCHES + 1);
}

/// Looks on when nobody waits any more, as the system does.
#[derive(Default)]
struct Endless(AtomicUsize);

#[async_trait]
impl LookUp for Endless {
    async fn look_up(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

#[tokio::test]
async fn lookups_that_do_not_end_are_waited_for_by_sixteen_at_most() {
    let names = Arc::new(Endless::default());
    let mut fetcher = fetcher_with(&[], Arc::clone(&names) as _);
    fetcher.timeout = Duration::from_millis(20);
    for _ in 0..20 {
        let told = fetch(&fetcher, "https://client.example/").await;
        assert_eq!(told, Err(FetchError::TimedOut));
    }
    assert_eq!(names.0.load(Ordering::SeqCst), 16);
}
