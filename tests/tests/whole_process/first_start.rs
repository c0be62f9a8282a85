//! `countersign serve` on a fresh machine: no configuration, and commands that can be pasted.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use countersign_tests::{Home, Server};

/// What a greeting shows to be used: its lines indented by two spaces.
fn shown(said: &str) -> impl Iterator<Item = &str> {
    said.lines().filter_map(|line| line.strip_prefix("  "))
}

/// The link of a greeting, for a browser.
fn link(said: &str) -> &str {
    let mut links = shown(said).filter(|line| line.starts_with("http"));
    links.next().expect("a link")
}

/// Everything else that it shows, which is for a shell.
fn commands(said: &str) -> String {
    let commands: Vec<&str> = shown(said).filter(|line| *line != link(said)).collect();
    assert!(commands.len() >= 5, "{said}");
    commands.join("\n")
}

/// Pastes all commands of a greeting at once, and each succeeds: a token is active, is revoked, and is inactive; a refresh
/// that is tried again gives tokens, the refresh token is revoked, and is good for nothing.
fn paste(home: &Home, said: &str) {
    let done = home.shell(&commands(said));
    let answers: Vec<&str> = done
        .succeeded()
        .lines()
        .filter(|line| line.starts_with('{') && line.ends_with('}'))
        .collect();
    let begins = [
        r#"{"active":true,"#,
        "{}",
        r#"{"active":false}"#,
        r#"{"token_type":"Bearer","#,
        "{}",
        r#"{"error":"invalid_grant","#,
    ];
    assert_eq!(answers.len(), begins.len(), "{done:#?}");
    for (answer, begin) in answers.iter().zip(begins) {
        assert!(answer.starts_with(begin), "{answer}: {begin}");
    }
    assert_eq!(done.stderr, "");
    assert!(done.stdout.contains("demo.read demo.write"), "{done:#?}");
}

#[expect(clippy::print_stdout, reason = "a test that looks at nothing says so")]
fn curl_is_missing() -> bool {
    let missing = Command::new("curl").arg("--version").output().is_err();
    if missing {
        println!("SKIPPED: there is no curl, which the printed commands need");
    }
    missing
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("it is there");
    metadata.permissions().mode() & 0o777
}

#[test]
fn what_serve_prints_can_be_pasted_and_is_the_same_at_the_second_start() {
    if curl_is_missing() {
        return;
    }
    let home = Home::empty();
    let (server, said) =
        Server::start_for_people(&mut home.bare(&["serve", "--listen", "127.0.0.1:0"]));
    assert!(said.contains("DEVELOPMENT"), "{said}");
    assert!(said.contains("countersign-data"), "{said}");
    assert!(server.address.ip().is_loopback());
    assert_eq!(link(&said), format!("{}/demo", server.issuer));
    paste(&home, &said);
    // A used token does not stand in the way of a second paste.
    paste(&home, &said);

    let address = server.address.to_string();
    drop(server);
    let (_server, again) =
        Server::start_for_people(&mut home.bare(&["serve", "--listen", &address]));
    assert_eq!(again, said);
    paste(&home, &again);
}

#[test]
fn the_printed_commands_survive_a_folder_that_a_shell_would_misread() {
    if curl_is_missing() {
        return;
    }
    let home = Home::empty();
    let folder = "it's $HOME; \"mine\" & more";
    let arguments = ["--data-dir", folder, "serve", "--listen", "127.0.0.1:0"];
    let (_server, said) = Server::start_for_people(&mut home.bare(&arguments));
    assert!(home.path().join(folder).is_dir());
    paste(&home, &said);
}

#[test]
fn rule_s4_the_data_folder_and_its_files_are_for_their_owner_alone() {
    let home = Home::empty();
    let server = home.serve();
    let _ = home.add_client("c", &[]);
    assert_eq!(mode(&home.data_dir()), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(home.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    for name in [
        "countersign.db",
        "demo-client.secret",
        "demo-user.password",
        "master.key",
        "server.lock",
    ] {
        assert!(
            names.iter().any(|known| known == name),
            "{name} in {names:?}"
        );
    }
    assert_eq!(server.document["development"], true);
    assert_eq!(server.issuer, format!("http://{}", server.address));
    assert_eq!(server.document["data_dir"], "data");
}

#[test]
fn rule_o3_demo_secrets_are_random_and_not_printed() {
    let secret = || {
        let home = Home::empty();
        let arguments = ["serve", "--listen", "127.0.0.1:0"];
        let (server, said) = Server::start_for_people(&mut home.command(&arguments, &[]));
        ["demo-client.secret", "demo-user.password"].map(|file| {
            let secret = fs::read_to_string(home.data_dir().join(file)).unwrap();
            assert!(!said.contains(&secret) && !server.stderr().contains(&secret));
            assert!(secret.len() >= 43, "256 bits in base64url");
            secret
        })
    };
    let [one, two] = [secret(), secret()];
    assert!(one.iter().all(|secret| !two.contains(secret)) && one[0] != one[1]);
}

#[test]
fn a_lost_demo_secret_is_replaced_and_a_lost_demo_client_gets_its_secret_back() {
    let home = Home::empty();
    let file = home.data_dir().join("demo-client.secret");
    let demo = |server: &Server| {
        let secret = fs::read_to_string(&file).unwrap();
        let client = countersign_tests::TestClient::new("demo", &secret);
        assert_eq!(server.token(&client, &[]).status, 200);
        secret
    };
    let first = demo(&home.serve());
    fs::remove_file(&file).unwrap();
    let second = demo(&home.serve());
    assert_ne!(first, second);
    let _ = home.json(&["client", "remove", "demo"]);
    assert_eq!(demo(&home.serve()), second);
}

#[test]
fn a_lost_demo_password_is_replaced_and_a_lost_demo_user_gets_it_back() {
    let home = Home::empty();
    let file = home.data_dir().join("demo-user.password");
    let demo = |server: &Server| {
        let secret = fs::read_to_string(home.data_dir().join("demo-client.secret")).unwrap();
        let client = countersign_tests::TestClient::new("demo", &secret);
        let password = fs::read_to_string(&file).unwrap();
        let user = countersign_tests::TestUser::new("demo", &password);
        assert_eq!(server.sign_in(&client, &user, &[]).status, 200);
        password
    };
    let first = demo(&home.serve());
    fs::remove_file(&file).unwrap();
    let second = demo(&home.serve());
    assert_ne!(first, second);
    let _ = home.json(&["user", "remove", "demo"]);
    assert_eq!(demo(&home.serve()), second);
}
