//! Refresh tokens that were changed, come from elsewhere, or stand where others belong: attack classes 34 and 67.

use countersign_tests::Home;

use crate::scene::{SCOPE, Scene, invalid_grant};

/// Each byte of a token, each length, and whatever may stand before and behind it.
fn mutations(token: &str) -> Vec<String> {
    let mut mutated = Vec::new();
    for at in 0..token.len() {
        let other = if token.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        mutated.push(format!("{}{other}{}", &token[..at], &token[at + 1..]));
    }
    // A parameter without a value is another error.
    mutated.extend((1..token.len()).map(|length| token[..length].to_owned()));
    for more in [
        "A", "AA", "AAAA", "=", "==", ".", " ", "\n", "\0", ",", token,
    ] {
        mutated.push(format!("{token}{more}"));
        mutated.push(format!("{more}{token}"));
    }
    // RULES T2: one spelling. The last character has bits that say nothing.
    let alphabet = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(['-', '_']);
    let (rest, last) = token.split_at(token.len() - 1);
    let respelled = alphabet
        .map(|char| char.to_string())
        .filter(|char| char != last);
    mutated.extend(respelled.map(|char| format!("{rest}{char}")));
    mutated.push(token.to_ascii_uppercase());
    mutated.push(token.replace("cs_rt_", "cs_at_"));
    mutated.push(token.replace("cs_rt_", "cs_ac_"));
    mutated.push(token.replace("cs_rt_", ""));
    mutated
}

#[test]
fn cve_2026_27840_attack_34_a_refresh_token_that_was_changed_in_any_way_is_refused() {
    let scene = Scene::new();
    let first = scene.sign_in();
    let current = scene.server.refresh(&scene.client, &first.refresh).tokens();
    // The current one, and one that would be a retry.
    for token in [&current.refresh, &first.refresh] {
        for mutated in mutations(token) {
            scene.assert_refused(&mutated, &format!("{mutated:?}"));
        }
    }
    for mutated in mutations(&current.refresh) {
        assert!(!scene.is_active(&mutated), "{mutated:?}");
        assert_eq!(
            scene.server.revoke(&scene.client, &mutated).status,
            200,
            "{mutated:?}"
        );
    }
    // Not one of them has ended anything.
    assert!(scene.is_active(&current.refresh));
    assert_eq!(
        scene.server.refresh(&scene.client, &current.refresh).status,
        200
    );
}

#[test]
fn attack_67_no_token_is_taken_for_one_of_another_kind() {
    for format in ["jwt", "opaque"] {
        let arguments = [
            "--access-token-format",
            format,
            "--scope",
            "introspect",
            "--introspect",
            "any",
        ];
        let scene = Scene::with(&arguments, &[]);
        let (server, client) = (&scene.server, &scene.client);
        let tokens = scene.sign_in();
        let machine = server.issue(client, &[("scope", "introspect")]);
        let bearer = |token: &str| {
            let call = server.post("/oauth2/introspect").bearer(token);
            call.form(&[("token", &*tokens.access)]).send()
        };
        for token in [&tokens.access, &machine] {
            scene.assert_refused(token, format);
        }
        assert_eq!(bearer(&machine).status, 200, "{format}");
        assert_eq!(
            bearer(&tokens.refresh).refusal(),
            (401, "invalid_token".into()),
            "{format}"
        );
        // RFC 6749 §4.1.3: a grant type that is not there takes neither.
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*tokens.refresh),
        ];
        let answer = server
            .post("/oauth2/token")
            .basic(client)
            .form(&form)
            .send();
        assert_eq!(answer.status, 400, "{format}");
        // As a password, it is a wrong one.
        let user = scene.user.with_password(&tokens.refresh);
        assert_eq!(
            server.sign_in(client, &user, &[]).refusal(),
            invalid_grant(),
            "{format}"
        );
        assert_eq!(
            server.refresh(client, &tokens.refresh).status,
            200,
            "{format}"
        );
    }
}

/// RULES T1, R1: another installation with the same names, and the same installation under another name.
#[test]
fn attack_34_refresh_tokens_of_another_server_or_issuer_are_refused() {
    let scene = Scene::new();
    let tokens = scene.sign_in();
    let elsewhere = Home::empty();
    let client = elsewhere.add_password_client("app", &["--scope", SCOPE]);
    let _ = elsewhere.add_user("alice");
    let other = elsewhere.serve_with(&["--issuer", &scene.server.issuer], &[]);
    assert_eq!(other.issuer, scene.server.issuer);
    assert_eq!(
        other.refresh(&client, &tokens.refresh).refusal(),
        invalid_grant()
    );
    assert!(!other.is_active(&client, &tokens.refresh));
    assert_eq!(
        scene.server.refresh(&scene.client, &tokens.refresh).status,
        200
    );

    let tokens = scene.sign_in();
    let Scene {
        home,
        server,
        client,
        ..
    } = scene;
    drop(server);
    let renamed = home.serve_with(&["--issuer", "http://localhost/renamed"], &[]);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*tokens.refresh),
    ];
    let post = renamed.post("/renamed/oauth2/token").basic(&client);
    assert_eq!(post.form(&form).send().refusal(), invalid_grant());
}
