//! Stopping, being killed, and starting again.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use countersign_tests::{Home, PATIENCE, Server, TestClient, eventually};

/// A name that does not change with the port.
const ISSUER: [&str; 2] = ["--issuer", "http://localhost"];

fn clients(home: &Home) -> [TestClient; 3] {
    [
        home.add_client("jwt", &["--access-token-format", "jwt"]),
        home.add_client("opaque", &["--access-token-format", "opaque"]),
        home.add_client_with_secret("given", "a secret that somebody chose", &[]),
    ]
}

fn exit_code(server: &mut Server) -> Option<i32> {
    let status = eventually(PATIENCE, || server.try_wait());
    status.expect("the server ends").code()
}

#[test]
fn tokens_survive_a_restart_and_so_does_their_end() {
    let home = Home::with_keys();
    let clients = clients(&home);
    let server = home.serve_with(&ISSUER, &[]);
    let live = clients.clone().map(|client| server.issue(&client, &[]));
    let dead = clients.clone().map(|client| server.issue(&client, &[]));
    for (client, token) in clients.iter().zip(&dead) {
        assert_eq!(server.revoke(client, token).status, 200);
    }
    let published = server.published_kids();
    drop(server);
    let server = home.serve_with(&ISSUER, &[]);
    for ((client, live), dead) in clients.iter().zip(&live).zip(&dead) {
        assert!(server.is_active(client, live), "{}", client.id);
        assert!(!server.is_active(client, dead), "{}", client.id);
    }
    assert_eq!(server.published_kids(), published);
}

#[test]
fn what_was_answered_survives_kill_9_at_once() {
    let home = Home::with_keys();
    let clients = clients(&home);
    for round in 0..5 {
        let mut server = home.serve_with(&ISSUER, &[]);
        let tokens = clients.clone().map(|client| server.issue(&client, &[]));
        let other = server.issue(&clients[0], &[]);
        for (client, token) in clients.iter().zip(&tokens) {
            assert_eq!(server.revoke(client, token).status, 200);
        }
        server.kill();
        let added = home.add_client(&format!("added-{round}"), &[]);
        let server = home.serve_with(&ISSUER, &[]);
        for (client, token) in clients.iter().zip(&tokens) {
            assert!(
                !server.is_active(client, token),
                "{} in round {round}",
                client.id
            );
        }
        assert!(server.is_active(&clients[0], &other));
        assert_eq!(server.token(&added, &[]).status, 200);
    }
}

/// Sends a token request without its body, and comes back when the server asks for that.
fn begin(server: &Server, client: &TestClient) -> TcpStream {
    let mut stream = server.connect();
    let head = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 29\r\nExpect: 100-continue\r\n\r\n",
        client.base64()
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut answer = [0; 25];
    stream
        .read_exact(&mut answer)
        .expect("the server asks for the body");
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[test]
fn sigterm_lets_a_request_in_flight_finish_and_exits_with_0() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let mut server = home.serve();
    // A connection that lies idle must not hold anybody up.
    assert_eq!(server.get("/healthz").status, 200);
    let mut in_flight = begin(&server, &client);
    server.terminate();
    // It is on its way out once it takes no more connections.
    let closed = eventually(PATIENCE, || TcpStream::connect(server.address).err());
    assert!(closed.is_some());
    assert!(
        server.try_wait().is_none(),
        "the request is still in flight"
    );
    in_flight
        .write_all(b"grant_type=client_credentials")
        .unwrap();
    let mut answer = String::new();
    in_flight.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\"access_token\""), "{answer}");
    assert_eq!(exit_code(&mut server), Some(0));
}

#[test]
fn sigterm_without_requests_exits_with_0_and_leaves_nothing_behind() {
    let home = Home::with_keys();
    let mut server = home.serve();
    assert_eq!(server.get("/readyz").status, 200);
    server.terminate();
    assert_eq!(exit_code(&mut server), Some(0));
    let mut names: Vec<String> = std::fs::read_dir(home.data_dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "countersign.db",
            "demo-app.secret",
            "demo-client.secret",
            "demo-user.password",
            "issuer",
            "master.key",
            "server.lock",
        ]
    );
}
