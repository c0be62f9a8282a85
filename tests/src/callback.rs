//! The client, as far as a browser sees it: where it sends users back to.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::PATIENCE;

/// What the client shows to whoever comes back. It has an icon of its own, so that no browser asks for one.
const PAGE: &str = "<!doctype html><html lang=en><title>The client</title><link rel=icon href=\"data:,\">\
                    <h1>Back at the client</h1>";

/// A browser that has come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// `GET` or `POST`.
    pub method: String,
    /// Where, without the query.
    pub path: String,
    /// What came in the query or, of a POST, in the body; each parameter once.
    pub parameters: BTreeMap<String, String>,
}

impl Arrival {
    /// A parameter; empty if it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// The rest of the request whose first line has been read; answers it.
    fn read(line: &str, mut stream: BufReader<TcpStream>, then: Option<&str>) -> Option<Self> {
        let mut words = line.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).ok()?;
            let Some((name, value)) = header.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let status = match then {
            Some(uri) => format!("303 See Other\r\nlocation: {uri}"),
            None => "200 OK".to_owned(),
        };
        let length = PAGE.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{PAGE}"
        );
        stream.get_mut().write_all(answer.as_bytes()).ok()?;

        let encoded = if method == "POST" {
            &body
        } else {
            query.as_bytes()
        };
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(encoded).into_owned() {
            let before = parameters.insert(name, value);
            assert_eq!(before, None, "a parameter came twice: {line}");
        }
        Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            parameters,
        })
    }
}

/// A server on loopback that notes who comes.
#[derive(Debug)]
pub struct Callback {
    origin: String,
    arrivals: Receiver<Arrival>,
}

impl Callback {
    /// Listens on 127.0.0.1, on a port of its own, until the test program ends.
    #[must_use]
    pub fn listen() -> Self {
        let address = Ipv4Addr::LOCALHOST;
        let listening = Self::start(address.into(), &address.to_string(), None);
        listening.expect("there is a free port")
    }

    /// The same on another address of loopback, under another name; none where there is no such address.
    #[must_use]
    pub fn listen_at(address: IpAddr, host: &str) -> Option<Self> {
        Self::start(address, host, None)
    }

    /// A client at `localhost` that sends everybody on to `uri`.
    #[must_use]
    pub fn send_on_to(uri: &str) -> Self {
        let listening = Self::start(Ipv4Addr::LOCALHOST.into(), "localhost", Some(uri));
        listening.expect("there is a free port")
    }

    fn start(address: IpAddr, host: &str, then: Option<&str>) -> Option<Self> {
        let then = then.map(str::to_owned);
        let listener = TcpListener::bind((address, 0)).ok()?;
        let port = listener.local_addr().expect("it has an address").port();
        let (sender, arrivals) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, then) = (sender.clone(), then.clone());
                // Browsers open connections on which nothing comes.
                thread::spawn(move || receive(stream, &sender, then.as_deref()));
            }
        });
        let origin = format!("http://{host}:{port}");
        Some(Self { origin, arrivals })
    }

    /// The URI of a path. All are there.
    #[must_use]
    pub fn uri(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Who has come, or comes within [`PATIENCE`].
    #[must_use]
    pub fn arrival(&self) -> Option<Arrival> {
        self.arrivals.recv_timeout(PATIENCE).ok()
    }

    /// Forgets who has come up to now.
    pub fn forget(&self) {
        while self.arrivals.try_recv().is_ok() {}
    }

    /// Nobody else has come.
    pub fn assert_quiet(&self) {
        assert_eq!(self.arrivals.try_recv().ok(), None, "an arrival too many");
    }
}

fn receive(stream: TcpStream, sender: &Sender<Arrival>, then: Option<&str>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    // Whoever says nothing, or breaks off, has not come; and a test that has ended looks no more.
    if stream.read_line(&mut line).is_ok_and(|count| count > 0)
        && let Some(arrival) = Arrival::read(&line, stream, then)
    {
        let _ = sender.send(arrival);
    }
}
