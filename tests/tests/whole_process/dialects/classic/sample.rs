//! What the seed prints: two requests and a response, with our ids.

use countersign_tests::jwt;

use super::{Classic, SCOPE, TOKEN, assert_refusal, names};

/// The sample is of the time when `cid` was the name of the client.
const NAMED: (&str, &str) = ("COUNTERSIGN_CLASSIC__CID", "name");

#[test]
fn row_3_3_seed_002_the_requests_and_the_response_as_they_are_printed() {
    let classic = Classic::with(&["--name", "test client"], &[NAMED]);
    let (client, user) = (&classic.client, &classic.user);
    let credentials = format!("client_id={}&client_secret={}", client.id, client.secret);
    let who = format!("username={}&password={}", user.name, user.password);
    let post = || classic.server.post(TOKEN);
    let sub = classic.home.json(&["user", "show", &user.name])["sub"].clone();
    for (quote, granted) in [("\"", false), ("", true)] {
        // As printed: nothing is escaped, neither the quotes nor the space, and the second one has no Content-Type.
        let scope = format!("scope={quote}{SCOPE}{quote}");
        let query_string = format!("grant_type=password&{credentials}&{who}&{scope}");
        let basic_auth = format!("grant_type=password&{who}&{scope}");
        for (what, call) in [
            ("Query String", post().form_bytes(query_string)),
            ("Basic Auth", post().basic(client).body(basic_auth)),
        ] {
            let answer = call.send();
            if !granted {
                // Row 3.3: "sending the quotes literally gives invalid_scope for `"a` and `b"`. Do not strip quotes."
                let text = "Check the `\"contacts.read, contacts.write\"` scope(s)";
                assert_refusal(&answer, (400, "invalid_scope", text), what);
                continue;
            }
            assert_eq!(answer.status, 200, "{what}: {}", answer.text());
            for (name, expected) in [
                ("content-type", "application/json; charset=UTF-8"),
                ("cache-control", "no-store"),
                ("pragma", "no-cache"),
            ] {
                assert_eq!(answer.header(name), expected, "{what}: {name}");
            }
            let tokens = answer.tokens();
            let text = format!(
                r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{}","refresh_token":"{}","scope":"{SCOPE}"}}"#,
                tokens.access, tokens.refresh
            );
            assert_eq!(answer.text(), text, "the members, in their order");

            let (header, claims) = jwt::parts(&tokens.access);
            assert_eq!(names(&header), ["alg", "kid", "typ"]);
            assert_eq!(
                (&header["alg"], &header["typ"]),
                (&"HS256".into(), &"JWT".into())
            );
            assert_eq!(
                names(&claims),
                ["cid", "exp", "iat", "jti", "nbf", "scope", "sub"]
            );
            let at = |name: &str| claims[name].as_i64().unwrap();
            assert_eq!((at("exp"), at("nbf")), (at("iat") + 3_600, at("iat")));
            assert_eq!(
                (&claims["sub"], &claims["cid"], &claims["scope"]),
                (&sub, &"test client".into(), &SCOPE.into())
            );
            assert_eq!(classic.judged(&tokens.access, None).unwrap(), claims);

            let (header, refresh) = jwt::parts(&tokens.refresh);
            assert_eq!(names(&header), ["alg", "kid", "typ"]);
            assert_eq!(
                (&header["alg"], &header["typ"]),
                (&"HS256".into(), &"JWT".into())
            );
            let expected = [
                "access_token_id",
                "client_id",
                "expire_time",
                "iat",
                "refresh_token_id",
                "scope",
                "user_id",
            ];
            assert_eq!(names(&refresh), expected);
            assert_eq!(
                (
                    &refresh["client_id"],
                    &refresh["user_id"],
                    &refresh["scope"]
                ),
                (&(*client.id).into(), &sub, &SCOPE.into())
            );
            assert_eq!(refresh["access_token_id"], claims["jti"]);
            assert!(refresh["expire_time"].as_i64() > claims["exp"].as_i64());
        }
    }
}
