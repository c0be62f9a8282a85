//! What the tokens say (rows 3.1 and 3.3), and who can tell whether it is true (RULES D1).

use countersign_tests::{Home, jwt};
use serde_json::json;

use super::{Classic, SCOPE, forge, judge, names};

const API: &str = "https://api.example";
const OTHER: &str = "https://other.example";

#[test]
fn row_3_1_cid_is_the_id_or_the_name() {
    let named = ["--name", "The app"];
    for (arguments, cid, expected) in [
        (&named[..], "id", "app"),
        (&named, "name", "The app"),
        // Without a name there is the id.
        (&[], "name", "app"),
    ] {
        let classic = Classic::with(arguments, &[("COUNTERSIGN_CLASSIC__CID", cid)]);
        for answer in [classic.own(&[]), classic.sign_in(&[])] {
            let claims = jwt::claims(&answer.access_token());
            assert_eq!(claims["cid"], expected, "{arguments:?} {cid}");
            assert_eq!(claims.get("client_id"), None);
        }
        // The refresh token has the id whatever `cid` is.
        let refresh = jwt::claims(&classic.sign_in(&[]).tokens().refresh);
        assert_eq!(refresh["client_id"], "app");
    }
}

#[test]
fn row_3_1_the_issuer_is_named_when_that_is_set() {
    for (iss, expected) in [("true", Some("http://localhost")), ("false", None)] {
        let classic = Classic::with(&[], &[("COUNTERSIGN_CLASSIC__ISS", iss)]);
        let token = classic.own(&[]).access_token();
        let claims = jwt::claims(&token);
        let named = claims.get("iss").map(|iss| iss.as_str().unwrap());
        assert_eq!(named, expected, "{iss}");
        assert!(classic.is_active(&token), "{iss}");
    }
}

#[test]
fn row_3_1_tokens_live_for_an_hour_unless_that_is_set() {
    let lifetime = [("COUNTERSIGN_CLASSIC__ACCESS_TOKEN_LIFETIME", "77")];
    for (arguments, variables, seconds) in [
        (&[][..], &[][..], 3_600),
        (&[], &lifetime, 77),
        (&["--access-token-lifetime", "99"], &lifetime, 99),
    ] {
        let classic = Classic::with(arguments, variables);
        for answer in [classic.own(&[]), classic.sign_in(&[])] {
            // Row 3.3: "3599 is legal for 1 h"; ours never is.
            assert_eq!(answer.json()["expires_in"], json!(seconds));
            let claims = jwt::claims(&answer.access_token());
            let at = |name: &str| claims[name].as_i64().unwrap();
            assert_eq!((at("exp"), at("nbf")), (at("iat") + seconds, at("iat")));
        }
    }
}

#[test]
fn row_3_3_the_claims_of_a_token_without_a_user() {
    let classic = Classic::new();
    let answer = classic.own(&[("scope", "contacts.write contacts.read")]);
    // Row 3.8: "scopes echoed in order".
    assert_eq!(answer.json()["scope"], "contacts.write contacts.read");
    let token = answer.access_token();
    let claims = jwt::claims(&token);
    assert_eq!(names(&claims), ["cid", "exp", "iat", "jti", "nbf", "scope"]);
    assert_eq!(claims["scope"], "contacts.write contacts.read");
    assert_eq!(classic.judged(&token, None).unwrap(), claims);
    // Without any scope there is an empty text, in both places.
    let none = ["--token-profile", "classic"];
    let client = classic.home.add_client("nothing", &none);
    let form = [("grant_type", "client_credentials")];
    let answer = classic.ask(&client, super::TOKEN, &form);
    assert_eq!(answer.json()["scope"], "");
    assert_eq!(jwt::claims(&answer.access_token())["scope"], "");
}

/// Row 3.3: "the library's own claims win over extra fields". Ours cannot be given another value in the first place.
#[test]
fn row_3_3_extra_claims_and_own_claims_win() {
    let home = Home::with_keys();
    let plan = ["scope", "add", "plan", "--description", "Your plan"];
    let _ = home.json(&[&plan[..], &["--claim", "plan"]].concat());
    let classic = Classic::at(home, &["--scope", "contacts.read plan"], &[]);
    let update = ["user", "update", "alice", "--claim"];
    let _ = classic
        .home
        .json(&[&update[..], &[r#"plan={"name":"gold"}"#]].concat());
    for (scope, expected) in [
        ("plan contacts.read", Some(json!({"name": "gold"}))),
        ("contacts.read", None),
    ] {
        let tokens = classic.sign_in(&[("scope", scope)]).tokens();
        for token in [&tokens.access, &classic.renewed(&tokens.refresh).access] {
            let claims = jwt::claims(token);
            assert_eq!(claims.get("plan"), expected.as_ref(), "{scope}");
            assert_eq!(
                (&claims["cid"], &claims["scope"]),
                (&"app".into(), &scope.into())
            );
            assert_eq!(classic.judged(token, None).unwrap(), claims);
        }
    }
    // Without a user, nothing is said of one.
    let own = jwt::claims(&classic.own(&[("scope", "plan")]).access_token());
    assert_eq!(own.get("plan"), None);

    let before = classic.home.json(&["user", "show", "alice"]);
    for name in [
        "cid", "scope", "sub", "aud", "iss", "exp", "nbf", "iat", "jti",
    ] {
        let claim = format!(r#"{name}="x""#);
        let define = ["scope", "add", "mine", "--description", "x", "--claim"];
        for command in [
            &["user", "add", "bob", "--no-password", "--claim", &claim][..],
            &[&update[..], &[&claim]].concat(),
            &[&define[..], &[name]].concat(),
        ] {
            let refused = classic.home.run(&[&["--json"], command].concat());
            let (_, message) = refused.refusal(1);
            let quoted = format!("'{name}'");
            assert!(message.contains(&quoted), "{command:?}: {message}");
        }
    }
    assert_eq!(classic.home.json(&["user", "show", "alice"]), before);
}

#[test]
fn row_3_3_every_token_has_an_id_of_its_own() {
    let classic = Classic::new();
    let first = jwt::claims(&classic.own(&[]).access_token());
    let second = jwt::claims(&classic.own(&[]).access_token());
    assert_ne!(first["jti"], second["jti"]);
    let tokens = classic.sign_in(&[]).tokens();
    let (access, refresh) = (jwt::claims(&tokens.access), jwt::claims(&tokens.refresh));
    assert_eq!(refresh["access_token_id"], access["jti"]);
    assert_ne!(refresh["refresh_token_id"], access["jti"]);
}

/// Row 3.2: `aud` or `audience`, of which we take one, and one that the client may ask for.
#[test]
fn row_3_3_audience_and_aud_go_into_the_claim() {
    let classic = Classic::with(&["--resource", API, "--resource", OTHER], &[]);
    for (form, expected) in [
        (&[("audience", API)][..], API),
        (&[("aud", OTHER)], OTHER),
        (
            &[("audience", OTHER), ("aud", OTHER), ("resource", OTHER)],
            OTHER,
        ),
        (&[("resource", API)], API),
        // Without any, it is the first one of the client.
        (&[], API),
    ] {
        for answer in [classic.own(form), classic.sign_in(form)] {
            let token = answer.access_token();
            assert_eq!(jwt::claims(&token)["aud"], expected, "{form:?}");
            assert!(classic.judged(&token, Some(expected)).is_ok());
        }
    }
    let refresh = classic.sign_in(&[("audience", OTHER)]).tokens().refresh;
    let again = classic.refresh(&classic.client, &refresh, &[("audience", OTHER)]);
    assert_eq!(jwt::claims(&again.access_token())["aud"], OTHER);
    for form in [
        &[("audience", API), ("aud", OTHER)][..],
        &[("audience", API), ("resource", OTHER)],
        &[("audience", "https://unknown.example")],
        &[("audience", "my-api")],
        // Two of them would need two secrets.
        &[("resource", API), ("resource", OTHER)],
    ] {
        let (status, error, _) = super::refusal(&classic.own(form));
        assert_eq!((status, &*error), (400, "invalid_target"), "{form:?}");
    }
}

#[test]
fn rule_d1_each_audience_has_a_secret_of_its_own() {
    let classic = Classic::with(&["--resource", API, "--resource", OTHER], &[]);
    let secrets = [None, Some(API), Some(OTHER)].map(|resource| classic.secret(resource));
    let tokens = [API, OTHER].map(|api| classic.own(&[("audience", api)]).access_token());
    for (token, (own, aud)) in tokens.iter().zip([(1, API), (2, OTHER)]) {
        for (number, secret) in secrets.iter().enumerate() {
            let judged = judge(token, secret, Some(aud));
            assert_eq!(judged.is_ok(), number == own, "{aud} {number}");
        }
    }
    // The refresh token is signed with what nobody is given.
    let tokens = classic.sign_in(&[]).tokens();
    assert_ne!(jwt::kid(&tokens.access), jwt::kid(&tokens.refresh));
    for secret in &secrets {
        assert!(judge(&tokens.refresh, secret, None).is_err());
    }
}

/// Whoever checks tokens can make them. What such a token says of client, user and scope counts for nothing.
#[test]
fn rule_d1_client_user_and_scope_are_those_of_the_grant() {
    let classic = Classic::new();
    let secret = classic.secret(None);
    let bob = classic.home.add_user("bob");
    let bob = classic.home.json(&["user", "show", &bob.name])["sub"].clone();
    let token = classic
        .sign_in(&[("scope", "contacts.read")])
        .access_token();
    let honest = classic
        .introspect(&classic.client, &[("token", &token)])
        .json();
    assert_eq!(
        (&honest["active"], &honest["scope"]),
        (&json!(true), &json!("contacts.read"))
    );
    let mut claims = jwt::claims(&token);
    claims["sub"] = bob;
    claims["cid"] = "somebody else".into();
    claims["scope"] = format!("{SCOPE} admin").into();
    claims["roles"] = json!(["admin"]);
    let forged = forge(&token, &claims, &secret);
    assert_eq!(
        judge(&forged, &secret, None).unwrap(),
        claims,
        "it is well made"
    );
    let told = classic
        .introspect(&classic.client, &[("token", &forged)])
        .json();
    assert_eq!(told, honest);
    // What stands on no grant is nothing.
    claims["jti"] = jwt::encode([7; 36]).into();
    assert!(!classic.is_active(&forge(&token, &claims, &secret)));
    claims["jti"] = "made up".into();
    assert!(!classic.is_active(&forge(&token, &claims, &secret)));
}
