//! Clients that publish their keys under a `jwks_uri`: attack classes 40 and 41, seen from outside.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use countersign_tests::{Answer, Home, SECOND, Server, TlsFront, eventually};
use serde_json::{Value, json};

use crate::machine::{claims, signed, token};
use crate::own_key::OwnKey;
use crate::scene::ISSUER;

/// That this machine may be asked: where the keys of these tests are.
const LOOPBACK_ALLOWED: [(&str, &str); 1] = [(
    "COUNTERSIGN_JWKS_URI__ALLOWED_NETWORKS",
    "127.0.0.0/8,::1/128",
)];

/// How a [`KeyHost`] answers.
#[derive(Clone)]
enum Says {
    /// A whole answer: status line and headers, then the body.
    Answer(String, String),
    /// Nothing, for as long as anybody waits.
    Nothing,
    /// A body without an end.
    EndlessBody,
}

impl Says {
    fn keys(keys: &[Value]) -> Self {
        Self::Answer(
            "200 OK\r\ncontent-type: application/jwk-set+json\r\ncache-control: max-age=600".into(),
            json!({ "keys": keys }).to_string(),
        )
    }

    fn status(line: &str) -> Self {
        Self::Answer(line.into(), String::new())
    }
}

/// Where a client publishes its keys.
struct KeyHost {
    address: SocketAddr,
    says: Arc<Mutex<Says>>,
    asked: Arc<AtomicUsize>,
}

impl KeyHost {
    fn new(says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let says = Arc::new(Mutex::new(says));
        let asked = Arc::new(AtomicUsize::new(0));
        let (answers, count) = (Arc::clone(&says), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let says = answers.lock().expect("no panic").clone();
                thread::spawn(move || answer(stream, &says));
            }
        });
        Self {
            address,
            says,
            asked,
        }
    }

    fn uri(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    fn now_says(&self, says: Says) {
        *self.says.lock().expect("no panic") = says;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Answers one request on a connection, and closes it.
fn answer(mut stream: TcpStream, says: &Says) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => request.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
    match says {
        Says::Answer(head, body) => {
            let length = body.len();
            let whole = format!(
                "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            // Who asked may have gone.
            let _ = stream.write_all(whole.as_bytes());
        }
        Says::Nothing => {
            let _ = stream.read(&mut buffer);
        }
        Says::EndlessBody => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"keys\":[\"");
            let chunk = [b'x'; 8 * 1024];
            while stream.write_all(&chunk).is_ok() {}
        }
    }
}

#[test]
fn keys_are_fetched_over_tls_from_who_has_proved_to_be_the_host() {
    let key = OwnKey::new();
    let host = KeyHost::new(Says::keys(&[key.jwk_named("k1")]));
    let front = TlsFront::listen();
    front.stand_before(host.address);
    let uri = format!("{}/jwks.json", front.origin());
    // Nobody vouches for this certificate.
    let (home, server) = start(&uri, &LOOPBACK_ALLOWED);
    assert_eq!(ask(&server, &key, "k1").status, 503);
    assert_eq!(host.asked(), 0, "nothing was said to a stranger");
    server.stop();
    let authority = home.path().join("authority.pem");
    std::fs::write(&authority, front.certificate()).unwrap();
    let trusted = ("SSL_CERT_FILE", authority.to_str().unwrap());
    let server = home.serve_with(&ISSUER, &[LOOPBACK_ALLOWED[0], trusted]);
    assert_eq!(ask(&server, &key, "k1").status, 200);
    server.stop();
    // A certificate that is good, for another name.
    let other_name = uri.replace("127.0.0.1", "localhost");
    let _ = home.json(&["client", "update", "machine", "--jwks-uri", &other_name]);
    let server = home.serve_with(&ISSUER, &[LOOPBACK_ALLOWED[0], trusted]);
    assert_eq!(ask(&server, &key, "k1").status, 503);
}

#[test]
fn keys_that_would_never_be_asked_for_are_warned_of() {
    let home = Home::with_keys();
    for (uri, warned) in [
        ("https://10.0.0.1/jwks", true),
        ("https://localhost/jwks", true),
        ("http://127.0.0.1:7000/jwks", true),
        ("https://client.example/jwks", false),
        ("https://1.1.1.1/jwks", false),
    ] {
        let id = uri.replace(['/', ':'], "-");
        let added = home.run(&["client", "add", &id, "--jwks-uri", uri]);
        let told = added.stderr.contains("jwks_uri.allowed_networks");
        assert_eq!((added.code, told), (Some(0), warned), "{}", added.stderr);
    }
}

/// A server with the client `machine`, whose keys are at `uri`.
fn start(uri: &str, variables: &[(&str, &str)]) -> (Home, Server) {
    let home = Home::with_keys();
    let added = home.json(&["client", "add", "machine", "--jwks-uri", uri]);
    assert_eq!(added["jwks_uri"], uri);
    assert_eq!(added["token_endpoint_auth_method"], "private_key_jwt");
    let server = home.serve_with(&ISSUER, variables);
    (home, server)
}

fn ask(server: &Server, key: &OwnKey, kid: &str) -> Answer {
    token(server, &signed(key, kid, &claims("machine")))
}

/// Its log may come a moment after its answer.
fn assert_logged(server: &Server, what: &str) {
    let logged = eventually(10 * SECOND, || server.stderr().contains(what).then_some(()));
    assert!(logged.is_some(), "{}", server.stderr());
}

#[test]
fn keys_are_fetched_once_for_all_and_not_for_everybody() {
    let (old, new) = (OwnKey::new(), OwnKey::new());
    let host = KeyHost::new(Says::keys(&[old.jwk_named("old")]));
    let (_home, server) = start(&host.uri(), &LOOPBACK_ALLOWED);
    assert_eq!(host.asked(), 0, "nobody has needed them yet");
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(ask(&server, &old, "old").status, 200));
        }
    });
    assert_eq!(host.asked(), 1);
    // It was asked a moment ago, so a kid that nobody knows asks nobody: strangers can make up as many as they like.
    host.now_says(Says::keys(&[old.jwk_named("old"), new.jwk_named("new")]));
    for _ in 0..5 {
        assert_eq!(ask(&server, &new, "new").status, 400);
    }
    assert_eq!(host.asked(), 1);
    assert_eq!(ask(&server, &old, "old").status, 200);
}

#[test]
fn attack_41_an_address_that_is_not_public_is_not_asked() {
    let key = OwnKey::new();
    let host = KeyHost::new(Says::keys(&[key.jwk_named("k1")]));
    let port = host.address.port();
    for uri in [
        format!("http://127.0.0.1:{port}/jwks.json"),
        format!("http://localhost:{port}/jwks.json"),
        format!("http://[::1]:{port}/jwks.json"),
        format!("https://127.0.0.1:{port}/jwks.json"),
        format!("https://127.1:{port}/jwks.json"),
        format!("https://0177.0.0.1:{port}/jwks.json"),
        format!("https://0x7f.1:{port}/jwks.json"),
        format!("https://2130706433:{port}/jwks.json"),
        format!("https://[::ffff:127.0.0.1]:{port}/jwks.json"),
        format!("https://[::ffff:7f00:1]:{port}/jwks.json"),
        format!("https://[::]:{port}/jwks.json"),
        format!("https://0.0.0.0:{port}/jwks.json"),
        format!("https://localhost:{port}/jwks.json"),
        format!("https://localhost.:{port}/jwks.json"),
        format!("https://LOCALHOST:{port}/jwks.json"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://10.0.0.1/jwks.json".to_owned(),
        "https://[fd00::1]/jwks.json".to_owned(),
        "https://[fe80::1]/jwks.json".to_owned(),
        "https://[64:ff9b::7f00:1]/jwks.json".to_owned(),
    ] {
        let (_home, server) = start(&uri, &[]);
        let answer = ask(&server, &key, "k1");
        assert_eq!(
            answer.refusal(),
            (503, "temporarily_unavailable".into()),
            "{uri}"
        );
        assert_logged(&server, "not a public one");
    }
    assert_eq!(host.asked(), 0, "no connection came");
}

#[test]
fn attack_40_attack_41_a_redirect_is_not_followed() {
    let key = OwnKey::new();
    let inside = KeyHost::new(Says::keys(&[key.jwk_named("k1")]));
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        let answer = format!("{status}\r\nlocation: {}", inside.uri());
        let host = KeyHost::new(Says::Answer(answer, String::new()));
        let (_home, server) = start(&host.uri(), &LOOPBACK_ALLOWED);
        assert_eq!(ask(&server, &key, "k1").status, 503, "{status}");
        assert_eq!(host.asked(), 1);
        assert_logged(&server, "redirect");
    }
    assert_eq!(inside.asked(), 0);
}

#[test]
fn a_host_that_misbehaves_harms_neither_the_client_nor_the_server() {
    let key = OwnKey::new();
    for (what, says) in [
        ("nothing there", Says::status("404 Not Found")),
        ("an error", Says::status("500 Oops")),
        ("no change", Says::status("304 Not Modified")),
        ("garbage", Says::Answer("200 OK".into(), "<html>".into())),
        (
            "no set",
            Says::Answer("200 OK".into(), r#"{"kty":"EC"}"#.into()),
        ),
        ("no end", Says::EndlessBody),
        ("no answer", Says::Nothing),
    ] {
        let host = KeyHost::new(says);
        let (home, server) = start(&host.uri(), &LOOPBACK_ALLOWED);
        let bystander = home.add_client("bystander", &[]);
        let answer = ask(&server, &key, "k1");
        assert_eq!(
            answer.refusal(),
            (503, "temporarily_unavailable".into()),
            "{what}"
        );
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(server.token(&bystander, &[]).status, 200, "{what}");
        // It mends itself.
        host.now_says(Says::keys(&[key.jwk_named("k1")]));
        let mended = eventually(40 * SECOND, || {
            (ask(&server, &key, "k1").status == 200).then_some(())
        });
        assert!(mended.is_some(), "{what}");
    }
}

#[test]
fn keys_that_are_at_hand_outlive_their_host() {
    let key = OwnKey::new();
    let host = KeyHost::new(Says::keys(&[key.jwk_named("k1")]));
    let (_home, server) = start(&host.uri(), &LOOPBACK_ALLOWED);
    assert_eq!(ask(&server, &key, "k1").status, 200);
    host.now_says(Says::Nothing);
    for _ in 0..5 {
        assert_eq!(ask(&server, &key, "k1").status, 200);
    }
    assert_eq!(host.asked(), 1);
}
