//! Attack 78: what is secret is in no log, however much is logged.

use std::fs;

use countersign_tests::{Home, Input, Kind, REDIRECT_URI, TestClient, TestUser, VERIFIER, jwt};

use crate::web::Web;

#[test]
fn attack_78_no_secret_and_no_token_is_in_the_log_at_any_level() {
    let home = Home::with_keys();
    let generated = home.add_client(
        "generated",
        &["--scope", "introspect", "--introspect", "any"],
    );
    let opaque = home.add_client("opaque", &["--access-token-format", "opaque"]);
    let given = home.add_client_with_secret("given", "gH7!s\u{e9}cret kept+by%41 nobody", &[]);
    let server = home.serve_with(&[], &[("COUNTERSIGN_LOG", "trace")]);
    let clients = [&generated, &opaque, &given];
    let mut secrets: Vec<String> = Vec::new();
    let form_encoded =
        |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();

    for client in clients {
        let guess = TestClient::new(&client.id, "wRong-gUess-8121");
        let nobody = TestClient::new("nobody", "wRong-gUess-8122");
        for one in [client, &guess, &nobody] {
            let token = server.token(one, &[]);
            if token.status == 200 {
                secrets.push(token.access_token());
            }
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", &one.id),
                ("client_secret", &one.secret),
            ];
            assert_eq!(
                server.post("/oauth2/token").form(&form).send().status,
                token.status
            );
            // Refusals for other reasons: a repeated parameter, a wrong scope, a wrong type, the URL.
            let _ = server
                .post("/oauth2/token")
                .form(&[&form[..], &[form[2]]].concat())
                .send();
            let _ = server.token(one, &[("scope", "nothing")]);
            let _ = server.post("/oauth2/token").basic(one).body("{}").send();
            let query = format!("client_id=x&client_secret={}", form_encoded(&one.secret));
            let _ = server.post(&format!("/oauth2/token?{query}")).send();
            let _ = server.post(&format!("/nothing/here?{query}")).send();
            secrets.extend([one.secret.clone(), form_encoded(&one.secret), one.base64()]);
        }
    }
    let jwt = server.issue(&generated, &[]);
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    let tokens: Vec<String> = secrets
        .iter()
        .filter(|one| one.contains('.') || one.starts_with("cs_at_"))
        .cloned()
        .collect();
    for token in tokens.iter().chain([&jwt, &forged]) {
        for client in clients {
            let _ = server.introspect(client, token);
            let _ = server.revoke(client, token);
        }
        let _ = server
            .post("/oauth2/introspect")
            .bearer(token)
            .form(&[("token", token)])
            .send();
        let _ = server
            .post(&format!("/oauth2/introspect?token={token}"))
            .basic(&generated)
            .form(&[])
            .send();
    }
    // What others must not see is not only the whole token: its signature alone makes it whole again.
    secrets.extend([jwt.clone(), forged]);
    secrets.extend(jwt.split('.').nth(2).map(str::to_owned));
    for file in ["master.key", "demo-client.secret"] {
        secrets.push(
            fs::read_to_string(home.data_dir().join(file))
                .unwrap()
                .trim()
                .to_owned(),
        );
    }

    let log = server.stderr();
    assert!(
        log.contains("DEBUG") || log.contains("TRACE"),
        "nothing to look at: {log}"
    );
    assert!(secrets.len() > 25);
    assert_absent(&log, &secrets);
}

fn assert_absent(log: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(secret.len() > 8, "{secret:?} proves nothing");
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret:?} is in the log");
    }
}

/// A dialect that is switched off, or a wrong base URL, must not fill the log with tokens (RULES D2: "paths that hold
/// tokens are redacted in logs").
#[test]
fn attack_78_a_token_in_a_path_that_is_not_there_is_not_logged() {
    let home = Home::with_keys();
    let client = home.add_client("c", &["--access-token-format", "opaque"]);
    let server = home.serve_with(&[], &[("COUNTERSIGN_LOG", "trace")]);
    let token = server.issue(&client, &[]);
    for method in ["GET", "DELETE"] {
        for path in ["/0.1/token", "/api/auth/0.1/token", "/oauth2/revoke"] {
            let answer = server.call(method, &format!("{path}/{token}")).send();
            assert_eq!(answer.status, 404);
            assert!(!answer.text().contains(&token));
        }
    }
    assert_absent(&server.stderr(), &[token]);
}

/// A user signs in, agrees, is refused in many ways, and signs out. Gives everything on the way that is secret: what people
/// type, what browsers keep, what pages carry, and what clients get.
fn go_through_everything(web: &Web) -> Vec<String> {
    let server = &web.server;
    let mut secrets = vec![
        web.user.password.clone(),
        web.client.secret.clone(),
        VERIFIER.to_owned(),
        "sTate-7261".to_owned(),
        "nOnce-7262".to_owned(),
        "hInt-7263".to_owned(),
    ];
    let mut browser = server.browser();
    let request = web
        .offline()
        .with("state", "sTate-7261")
        .with("nonce", "nOnce-7262");
    let sign_in = browser
        .authorize(&request.clone().with("login_hint", "hInt-7263"))
        .page();
    // People type passwords where names belong.
    for (name, password) in [("alice", "wRong-gUess-7264"), ("mIsplaced-7265", "x")] {
        let answer = browser.sign_in(&sign_in, &TestUser::new(name, password));
        assert_eq!(answer.status, 400);
        secrets.extend([password, name].map(str::to_owned));
    }
    let answer = browser.sign_in(&sign_in, &web.user);
    let consent = answer.page();
    let ids = [browser.cookies.browser(), browser.cookies.session()];
    secrets.extend(ids.into_iter().flatten().map(str::to_owned));
    let response = browser.press(&consent, "allow").response();
    let code = response.code();
    let more = [
        ("redirect_uri", REDIRECT_URI),
        (
            "code_verifier",
            "wRong-vErifier-7266-aaaaaaaaaaaaaaaaaaaaaaaa",
        ),
    ];
    secrets.push(more[1].1.to_owned());
    assert_eq!(
        server.redeeming(&web.client, &code, &more).send().status,
        400
    );
    let told = server.redeem(&web.client, &code);
    let (tokens, id_token) = (told.tokens(), told.id_token());
    let told = server.userinfo(&tokens.access);
    assert_eq!(told.status, 200);
    // In places where none of it belongs.
    let session = browser.cookies.session().unwrap_or_default().to_owned();
    for secret in [
        &tokens.access,
        &id_token,
        &code,
        &session,
        &consent.ticket(),
    ] {
        for path in [
            "/userinfo?access_token=",
            "/oauth2/authorize?",
            "/logout?id_token_hint=",
            "/nothing/",
            "/consent?ticket=",
        ] {
            let _ = server.call("GET", &format!("{path}{secret}")).send();
            let _ = server.post(&format!("{path}{secret}")).send();
        }
        let _ = server.userinfo(secret);
        let _ = server.redeem(&web.client, secret);
        let _ = server
            .call("GET", &request.path())
            .header("cookie", format!("countersign_session={secret}"))
            .send();
        let _ = server
            .post("/consent")
            .header("cookie", browser.cookies.header())
            .form(&[("ticket", &**secret)])
            .send();
    }
    // The code was used twice by now. Again, by single sign-on, as a form, and with a page that was left open.
    let login = browser
        .authorize(&request.clone().with("prompt", "login"))
        .page();
    let posted = browser.authorize(&request.clone().with("response_mode", "form_post"));
    let confirm = browser.get("/logout").page();
    let mut stranger = server.browser();
    assert_eq!(stranger.press(&consent, "allow").kind(), Kind::Error);
    let hint = browser.authorize(&request.with("id_token_hint", &id_token));
    let leaving = browser.get(&format!("/logout?id_token_hint={id_token}"));
    assert_eq!(leaving.kind(), Kind::Message);
    for page in [&sign_in, &consent, &login, &confirm] {
        secrets.push(page.ticket());
    }
    secrets.extend([code, posted.response().code(), hint.response().code()]);
    secrets.extend([tokens.access, tokens.refresh, id_token]);
    // What others cannot make is the end of each: without it, the rest is worth nothing.
    let ends: Vec<String> = secrets
        .iter()
        .filter(|secret| secret.len() > 100)
        .map(|secret| secret[secret.len() - 40..].to_owned())
        .collect();
    secrets.extend(ends);
    secrets
}

#[test]
fn attack_78_nothing_of_a_sign_in_is_in_the_log_at_any_level() {
    let web = Web::with(&[], &[("COUNTERSIGN_LOG", "trace"), ("RUST_LOG", "trace")]);
    let mut secrets = go_through_everything(&web);
    secrets.retain(|secret| secret.len() > 8);
    for event in [
        "signed_in",
        "sign_in_refused",
        "consented",
        "authorized",
        "code_replayed",
        "foreign_form",
        "signed_out",
    ] {
        assert!(web.has_logged(event), "{event}: nothing to look at");
    }
    let log = web.server.stderr();
    assert!(secrets.len() > 25);
    assert_absent(&log, &secrets);
}

/// Whoever reads the database, or a copy of it, signs in as nobody and redeems nothing.
#[test]
fn attack_78_nothing_that_lets_somebody_in_is_in_the_database() {
    let web = Web::new();
    let mut browser = web.signed_in();
    let waiting = browser.go(&web.offline(), &web.user).code();
    let code = browser.go(&web.offline(), &web.user).code();
    let tokens = web.server.redeem(&web.client, &code).tokens();
    let cookie = browser.cookies.session().unwrap().to_owned();
    let secret = jwt::decode(&cookie)[16..].to_vec();
    let texts = [
        waiting,
        code,
        cookie,
        tokens.access,
        tokens.refresh,
        web.user.password,
        web.client.secret,
    ];
    let needles = texts.iter().map(String::as_bytes).chain([&*secret]);
    let needles: Vec<_> = needles.collect();
    for entry in fs::read_dir(web.home.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap();
        for needle in &needles {
            let found = content
                .windows(needle.len())
                .any(|window| window == *needle);
            assert!(
                !found,
                "{} holds {:?}",
                path.display(),
                String::from_utf8_lossy(needle)
            );
        }
    }
}

#[test]
fn attack_78_commands_do_not_repeat_what_they_are_given() {
    let home = Home::with_keys();
    let secret = b"sEcret-7261\0that is not good\xff";
    let variables = &[("COUNTERSIGN_LOG", "trace"), ("RUST_LOG", "trace")];
    let stdin = Some(&secret[..]);
    let done = home.run_with(
        &["client", "add", "c", "--secret-stdin"],
        Input { stdin, variables },
    );
    assert_eq!(done.code, Some(1));
    assert!(!done.stderr.contains("sEcret-7261"), "{}", done.stderr);
    let token = "tOken-5512.tOken-5513.tOken-5514";
    let stdin = Some(token.as_bytes());
    let done = home.run_with(&["token", "inspect"], Input { stdin, variables });
    assert_eq!(done.code, Some(1));
    assert!(!done.stderr.contains("tOken-55"), "{}", done.stderr);
}

#[test]
fn errors_on_the_wire_do_not_repeat_what_was_sent() {
    let home = Home::with_keys();
    let client = home.add_client("c", &[]);
    let server = home.serve();
    let marked = client.with_secret("<script>sEcret-9921</script>");
    for answer in [
        server.token(&marked, &[]),
        server
            .post("/oauth2/token")
            .form(&[("client_secret", "sEcret-9921")])
            .send(),
        server
            .post("/oauth2/token")
            .header("authorization", "sEcret-9921 x")
            .form(&[])
            .send(),
        server
            .post("/oauth2/introspect")
            .bearer("sEcret-9921")
            .form(&[("token", "x")])
            .send(),
        server.get("/sEcret-9921?sEcret-9921"),
    ] {
        assert!(answer.status >= 400);
        assert!(!answer.text().contains("sEcret-9921"), "{}", answer.text());
        assert!(!answer.header("www-authenticate").contains("sEcret-9921"));
    }
}
