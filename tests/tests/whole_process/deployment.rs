//! What the server refuses to start with: RULES S4, O3. And where it answers.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use countersign_tests::Home;

const PRODUCTION: [&str; 2] = ["--issuer", "https://login.example.com"];
const ANYWHERE: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// The word and the sentence with which `serve` refuses to start.
fn refusal(home: &Home, arguments: &[&str]) -> (String, String) {
    home.run(&[&["--json", "serve"], arguments].concat())
        .refusal(1)
}

#[test]
fn rule_s4_files_that_others_can_read_keep_the_server_from_starting() {
    let home = Home::with_keys();
    drop(home.serve());
    for name in ["master.key", "demo-client.secret", "countersign.db"] {
        let path = home.data_dir().join(name);
        for mode in [0o644, 0o640, 0o604, 0o660, 0o606] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let (error, message) = refusal(&home, &ANYWHERE);
            assert!(
                ["file_mode", "storage"].contains(&&*error),
                "{name} {mode:o}: {error}"
            );
            assert!(message.contains("chmod 600"), "{message}");
            assert!(message.contains(name), "{message}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o400 | 0o200)).unwrap();
        drop(home.serve());
    }
}

#[test]
fn rule_s4_the_master_key_may_come_from_the_environment_and_a_wrong_one_opens_nothing() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let file = home.data_dir().join("master.key");
    let key = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let server = home.serve_with(&[], &[("COUNTERSIGN_MASTER_KEY", key.trim())]);
    assert_eq!(server.token(&client, &[]).status, 200);
    assert!(!file.exists(), "it is not written down");
    drop(server);
    let run = |key: &str| {
        let variables = &[("COUNTERSIGN_MASTER_KEY", key)];
        let input = countersign_tests::Input {
            stdin: None,
            variables,
        };
        home.run_with(&["--json", "serve", "--listen", "127.0.0.1:0"], input)
    };
    for (wrong, expected) in [
        ("A".repeat(43), "keys"),
        ("A".repeat(42), "master_key"),
        ("A".repeat(44), "master_key"),
        (format!("{}!", "A".repeat(42)), "master_key"),
        (String::new(), "master_key"),
    ] {
        let (error, message) = run(&wrong).refusal(1);
        assert_eq!(error, expected, "{wrong}: {message}");
        assert!(wrong.is_empty() || !message.contains(&wrong), "{message}");
    }
    // A lost key is not quietly replaced: the data would be lost with it.
    let (error, message) = refusal(&home, &ANYWHERE);
    assert_eq!(error, "master_key", "{message}");
    assert!(message.contains("bring back"), "{message}");
    assert!(!file.exists(), "no other key is put in its place");
}

#[test]
fn rule_s4_the_master_key_never_lies_in_the_database() {
    let home = Home::empty();
    let server = home.serve();
    let key = fs::read_to_string(home.data_dir().join("master.key")).unwrap();
    drop(server);
    let bytes = countersign_tests::jwt::decode(key.trim());
    for entry in fs::read_dir(home.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() != "master.key" {
            let content = fs::read(&path).unwrap();
            let holds = |part: &[u8]| content.windows(part.len()).any(|window| window == part);
            assert!(
                !holds(&bytes) && !holds(key.trim().as_bytes()),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn rule_o3_a_development_set_up_listens_on_loopback_only() {
    for listen in ["0.0.0.0:0", "[::]:0"] {
        for issuer in [&[][..], &["--issuer", "http://localhost:8080"]] {
            let home = Home::empty();
            let arguments = [&["--listen", listen], issuer].concat();
            let done = home.run(&[&["--json", "serve"], &arguments[..]].concat());
            let (error, message) = done.refusal(1);
            if error == "listen" && listen.starts_with('[') {
                println!("SKIPPED: no IPv6 on this machine: {message}");
                continue;
            }
            assert_eq!(error, "development", "{message}");
            assert!(
                message.contains("loopback") && message.contains("--issuer"),
                "{message}"
            );
        }
    }
}

#[test]
fn rule_o3_development_and_production_do_not_share_a_folder() {
    let home = Home::with_keys();
    drop(home.serve());
    let (error, message) = refusal(&home, &[&PRODUCTION[..], &ANYWHERE].concat());
    assert_eq!(error, "development");
    for word in ["development set-up", "--data-dir"] {
        assert!(message.contains(word), "{message}");
    }
    drop(home.serve());

    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve_with(&PRODUCTION, &[]);
    assert_eq!(server.document["development"], false);
    assert_eq!(server.issuer, PRODUCTION[1]);
    assert_eq!(server.token(&client, &[]).status, 200);
    drop(server);
    let clients = home.json(&["client", "list"]);
    assert_eq!(
        clients.as_array().unwrap().len(),
        1,
        "no demo client: {clients}"
    );
    assert!(!home.data_dir().join("demo-client.secret").exists());
    let (error, message) = refusal(&home, &ANYWHERE);
    assert_eq!(error, "development");
    assert!(message.contains("https"), "{message}");
    drop(home.serve_with(&PRODUCTION, &[]));
}

#[test]
fn rfc8414_2_issuers_that_are_none_are_refused() {
    let home = Home::with_keys();
    for issuer in [
        "",
        "login.example.com",
        "http://login.example.com",
        "https://login.example.com//",
        "https://login.example.com/a//b",
        "http://localhost.example.com",
        "ftp://login.example.com",
        "https://login.example.com?x",
        "https://login.example.com#x",
        "https://u:p@login.example.com",
        "https://LOGIN.example.com",
        "https://login.example.com:443",
        "https://login.example.com/a/../b",
    ] {
        let (error, message) = refusal(&home, &["--issuer", issuer, "--listen", "127.0.0.1:0"]);
        assert_eq!(error, "configuration", "{issuer}: {message}");
        assert!(message.contains("issuer"), "{message}");
    }
}

#[test]
fn rfc8414_3_an_issuer_with_a_path_has_its_endpoints_below_it() {
    for (issuer, path) in [
        ("https://login.example.com/tenant", "/tenant"),
        ("https://login.example.com/tenant/", "/tenant"),
        ("https://login.example.com/a/b%20c", "/a/b%20c"),
        ("https://login.example.com/", ""),
    ] {
        let home = Home::with_keys();
        let client = home.add_client("c", &["--introspect", "any"]);
        let server = home.serve_with(&["--issuer", issuer], &[]);
        let metadata = format!("/.well-known/oauth-authorization-server{path}");
        let document = server.get(&metadata).json();
        assert_eq!(document["issuer"], issuer);
        // Every endpoint that is advertised is there, under the path that a proxy hands on.
        let local = |name: &str| {
            let url = document[name].as_str().unwrap();
            let path = url
                .strip_prefix("https://login.example.com")
                .unwrap()
                .to_owned();
            assert!(
                path.starts_with(&format!("{}/oauth2/", issuer[25..].trim_end_matches('/'))),
                "{url}"
            );
            path
        };
        let form = [("grant_type", "client_credentials")];
        let issued = server
            .post(&local("token_endpoint"))
            .basic(&client)
            .form(&form)
            .send();
        assert_eq!(issued.status, 200, "{issuer}");
        let token = issued.access_token();
        assert_eq!(countersign_tests::jwt::claims(&token)["iss"], issuer);
        let form = [("token", &*token)];
        let told = server
            .post(&local("introspection_endpoint"))
            .basic(&client)
            .form(&form)
            .send();
        assert_eq!(told.json()["active"], true, "{issuer}");
        assert_eq!(
            server
                .post(&local("revocation_endpoint"))
                .basic(&client)
                .form(&form)
                .send()
                .status,
            200
        );
        assert_eq!(server.get(&local("jwks_uri")).status, 200, "{issuer}");
        for health in ["/healthz", "/readyz"] {
            assert_eq!(server.get(health).status, 200, "{health}");
        }
        if !path.is_empty() {
            assert_eq!(
                server.get("/.well-known/oauth-authorization-server").status,
                404,
                "{issuer}"
            );
            assert_eq!(server.get("/oauth2/jwks").status, 404, "{issuer}");
        }
    }
}

/// What a router takes for a pattern is plain text in an issuer.
#[test]
fn the_path_of_an_issuer_is_text() {
    for path in [
        "/:tenant",
        "/*all",
        "/a/:b/*c",
        "/healthz",
        "/oauth2",
        "/%7Bid%7D",
        "/a.b~c!$&'()+,;=@",
    ] {
        let home = Home::with_keys();
        let client = home.add_client("c", &[]);
        let issuer = format!("https://login.example.com{path}");
        let server = home.serve_with(&["--issuer", &issuer], &[]);
        let form = [("grant_type", "client_credentials")];
        let endpoint = format!("{}/oauth2/token", path.trim_end_matches('/'));
        let answer = server.post(&endpoint).basic(&client).form(&form).try_send();
        assert_eq!(
            answer.map(|answer| answer.status).ok(),
            Some(200),
            "{issuer}: {}",
            server.stderr()
        );
        assert_eq!(server.get("/healthz").status, 200, "{issuer}");
    }
}

#[test]
fn metadata_does_not_lie() {
    let home = Home::with_keys();
    let server = home.serve();
    let document = server.get("/.well-known/oauth-authorization-server").json();
    let values = |name: &str| -> Vec<String> {
        let list = document[name].as_array().unwrap().iter();
        list.map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        values("grant_types_supported"),
        [
            "authorization_code",
            "client_credentials",
            "password",
            "refresh_token",
            "implicit"
        ]
    );
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = values(&format!("{endpoint}_endpoint_auth_methods_supported"));
        for method in ["client_secret_basic", "client_secret_post"] {
            assert!(
                methods.iter().any(|known| known == method),
                "{endpoint} {method}"
            );
        }
        // Attack 33: Kanidm advertises `none` for introspection.
        let public = methods.iter().any(|known| known == "none");
        assert_eq!(public, endpoint != "introspection", "{endpoint}");
    }
}

#[test]
fn a_port_that_is_taken_is_told_and_nothing_is_made() {
    let home = Home::empty();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (error, message) = refusal(&home, &["--listen", &address]);
    assert_eq!(error, "listen");
    assert!(
        message.contains(&address) && message.contains("in use"),
        "{message}"
    );
    assert!(!home.data_dir().exists());
}
