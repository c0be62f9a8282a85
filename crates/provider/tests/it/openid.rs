//! ID tokens, claims and sessions: OpenID Connect Core §2, §3.2, §3.3, §5, §8, §11 and §12.

use std::collections::BTreeMap;

use countersign_core::{
    ClientSettings, GrantType, IdTokenAlgorithm, ResponseType, ScopeDefinition, Secret,
    SigningAlgorithm, SubjectType, UserProfile,
};
use countersign_jose::{VerifyingKeys, id_token};
use countersign_protocol::ErrorCode;
use countersign_provider::{ChangeClientError, KeepSecret, Provider, SecretSource, Show};
use serde_json::json;

use crate::browser::{
    End, REDIRECT_URI, TestBrowser, claims_of, half_sha256, request, userinfo, web_settings,
};
use crate::common::{PASSWORD, Service, TestClient, USER, add_user, on_both_backends};

on_both_backends! {
    rule_r8_what_is_taken_from_a_client_is_told_no_more
    rule_r11_without_offline_access_a_grant_ends_with_its_session
    oidc_core_55_a_refreshed_id_token_keeps_what_it_must
}

async fn add_full_user(node: &Provider) {
    let profile = UserProfile {
        name: Some("Alice A.".into()),
        email: Some("alice@example.com".into()),
        email_verified: true,
        claims: BTreeMap::from([
            ("given_name".into(), json!("Alice")),
            ("address".into(), json!({"locality": "Bern"})),
            ("phone_number".into(), json!("+41 31 000 00 00")),
            ("tenant".into(), json!(7)),
        ]),
        ..UserProfile::default()
    };
    let password = Some(Secret::new(PASSWORD.to_owned()));
    node.add_user(USER.parse().unwrap(), password, profile)
        .await
        .unwrap();
}

#[tokio::test]
async fn oidc_core_37_scopes_release_their_claims_and_no_others() {
    let service = Service::new();
    let node = service.node().await;
    add_full_user(&node).await;
    node.define_scope(ScopeDefinition {
        name: "read".parse().unwrap(),
        description: "Read your accounts".into(),
        claims: vec!["tenant".into()],
        created_at: service.clock(),
    })
    .await
    .unwrap();
    service.pass(&node, 1).await;
    let client = TestClient::add(&node, "web", web_settings()).await;
    let mut browser = TestBrowser::default();
    for (asked, expected) in [
        ("&scope=openid", "sub"),
        ("&scope=openid+email", "email email_verified sub"),
        ("&scope=openid+address", "address sub"),
        ("&scope=openid+phone", "phone_number sub"),
        (
            "&scope=openid+profile",
            "given_name name preferred_username sub",
        ),
        ("&scope=openid+read", "sub tenant"),
        (
            "&scope=openid&claims={\"userinfo\":{\"name\":{\"essential\":true},\"foo\":null}}",
            "name sub",
        ),
        (
            "&scope=openid&claims={\"id_token\":{\"email\":null}}",
            "sub",
        ),
    ] {
        let code = browser.go(&node, &request("web", asked)).await.code();
        let tokens = client.redeem(&node, &code).await.unwrap();
        let claims = userinfo(&node, &tokens.access_token).await.unwrap();
        let mut names: Vec<_> = claims.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), expected, "{asked}");
        let id_token = claims_of(&tokens.id_token.unwrap());
        let tells_email = asked.contains("id_token");
        assert_eq!(id_token.contains_key("email"), tells_email, "{asked}");
    }
    // Without openid there is no userinfo.
    let code = browser
        .go(&node, &request("web", "&scope=read"))
        .await
        .code();
    let tokens = client.redeem(&node, &code).await.unwrap();
    let refused = userinfo(&node, &tokens.access_token).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InsufficientScope);
}

#[tokio::test]
async fn oidc_core_30_a_claim_of_another_type_is_refused_when_it_is_set() {
    let service = Service::new();
    let node = service.node().await;
    for (name, value, expected) in [
        ("updated_at", json!("yesterday"), "a number"),
        ("nickname", json!(""), "a text"),
        ("address", json!("Bern"), "a JSON object"),
        ("phone_number_verified", json!("yes"), "true or false"),
    ] {
        let profile = UserProfile {
            claims: BTreeMap::from([(name.to_owned(), value)]),
            ..UserProfile::default()
        };
        let refused = node.add_user("zoe".parse().unwrap(), None, profile).await;
        let told = refused.unwrap_err().to_string();
        assert!(told.contains(name) && told.contains(expected), "{told}");
    }
}

#[tokio::test]
async fn claims_that_no_scope_of_the_client_releases_are_not_released() {
    let service = Service::new();
    let node = service.node().await;
    add_full_user(&node).await;
    let settings = ClientSettings {
        scope: "openid".parse().unwrap(),
        ..web_settings()
    };
    let client = TestClient::add(&node, "web", settings).await;
    let mut browser = TestBrowser::default();
    let asked = "&scope=openid&claims={\"userinfo\":{\"email\":{\"essential\":true}},\"id_token\":{\"email\":null}}";
    let code = browser.go(&node, &request("web", asked)).await.code();
    let tokens = client.redeem(&node, &code).await.unwrap();
    let claims = userinfo(&node, &tokens.access_token).await.unwrap();
    assert_eq!(claims.len(), 1, "{claims:?}");
    assert!(!claims_of(&tokens.id_token.unwrap()).contains_key("email"));
}

/// RULES R8: what a client may have now.
async fn rule_r8_what_is_taken_from_a_client_is_told_no_more(service: Service) {
    let node = service.node().await;
    add_full_user(&node).await;
    let client = TestClient::add(&node, "web", web_settings()).await;
    let mut browser = TestBrowser::default();
    let claims = "&claims={\"userinfo\":{\"email\":null},\"id_token\":{\"email\":null}}";
    let request = request("web", &format!("&scope=openid+offline_access{claims}"));
    let code = browser.go(&node, &request).await.code();
    let first = client.redeem(&node, &code).await.unwrap();
    assert!(claims_of(&first.id_token.unwrap()).contains_key("email"));
    let late = browser.go(&node, &request).await.code();
    let without_offline = browser.go(&node, &request).await.code();
    let web = "web".parse().unwrap();
    let now = |scope: &'static str| {
        node.change_client(&web, move |settings| {
            settings.scope = scope.parse().unwrap();
        })
    };
    now("openid offline_access").await.unwrap();
    service.pass(&node, 2).await;
    let body = format!(
        "grant_type=refresh_token&refresh_token={}",
        first.refresh_token.unwrap()
    );
    for tokens in [
        client.ask(&node, &body).await.unwrap(),
        client.redeem(&node, &late).await.unwrap(),
    ] {
        assert!(!claims_of(&tokens.id_token.unwrap()).contains_key("email"));
        let told = userinfo(&node, &tokens.access_token).await.unwrap();
        assert!(!told.contains_key("email"));
    }
    let refresh = client
        .ask(&node, &body)
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    now("openid").await.unwrap();
    service.pass(&node, 2).await;
    let tokens = client.redeem(&node, &without_offline).await.unwrap();
    assert_eq!(tokens.refresh_token, None, "OpenID Connect Core §11");
    assert!(client.refresh(&node, &refresh).await.is_err());
}

async fn rule_r11_without_offline_access_a_grant_ends_with_its_session(service: Service) {
    let node = service.node().await;
    add_user(&node).await;
    let client = TestClient::add(&node, "web", web_settings()).await;
    let mut browser = TestBrowser::default();
    let mut tokens = async |scope: &str| {
        let request = request("web", &format!("&scope={scope}"));
        let code = browser.go(&node, &request).await.code();
        client.redeem(&node, &code).await.unwrap()
    };
    let bound = tokens("read").await;
    let bound_openid = tokens("openid").await;
    let offline = tokens("read+offline_access").await;
    let offline_openid = tokens("openid+offline_access").await;
    for session in node.list_sessions(None, None, 10).await.unwrap() {
        node.end_session(session.id).await.unwrap();
    }
    assert!(!client.is_active(&node, &bound.access_token).await);
    assert!(
        client
            .refresh(&node, &bound.refresh_token.unwrap())
            .await
            .is_err()
    );
    assert!(userinfo(&node, &bound_openid.access_token).await.is_err());
    assert!(client.is_active(&node, &offline.access_token).await);
    client
        .refresh(&node, &offline.refresh_token.unwrap())
        .await
        .unwrap();
    assert!(userinfo(&node, &offline_openid.access_token).await.is_ok());
    client
        .refresh(&node, &offline_openid.refresh_token.unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn rule_r11_a_grant_that_ends_with_its_session_is_no_older_than_it() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let client = TestClient::add(&node, "web", web_settings()).await;
    let mut browser = TestBrowser::default();
    let code = browser
        .go(&node, &request("web", "&scope=read"))
        .await
        .code();
    let mut refresh = client
        .redeem(&node, &code)
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    let day = 86_400;
    service.pass(&node, 14 * day - 10).await;
    let body = format!("grant_type=refresh_token&refresh_token={refresh}");
    let last = client.ask(&node, &body).await.unwrap();
    assert_eq!(
        last.expires_in, 10,
        "no token is good for longer than the session"
    );
    refresh = last.refresh_token.unwrap();
    service.pass(&node, 10).await;
    assert!(client.refresh(&node, &refresh).await.is_err());
}

async fn oidc_core_55_a_refreshed_id_token_keeps_what_it_must(service: Service) {
    let node = service.node().await;
    add_user(&node).await;
    let client = TestClient::add(&node, "web", web_settings()).await;
    let mut browser = TestBrowser::default();
    let request = request("web", "&scope=openid+offline_access&nonce=n&acr_values=1");
    let code = browser.go(&node, &request).await.code();
    let first = client.redeem(&node, &code).await.unwrap();
    service.pass(&node, 100).await;
    let body = format!(
        "grant_type=refresh_token&refresh_token={}",
        first.refresh_token.unwrap()
    );
    let second = client.ask(&node, &body).await.unwrap();
    let (before, after) = (
        claims_of(&first.id_token.unwrap()),
        claims_of(&second.id_token.unwrap()),
    );
    for same in ["iss", "sub", "aud", "auth_time", "azp", "sid", "acr", "amr"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(before["acr"], "1");
    assert!(after["iat"].as_i64() > before["iat"].as_i64());
    assert_eq!(before["nonce"], "n");
    assert!(!after.contains_key("nonce"));
    assert_eq!(after["at_hash"], half_sha256(&second.access_token));
}

#[tokio::test]
async fn oidc_core_26_to_29_what_the_authorization_endpoint_itself_gives() {
    let service = Service::new();
    let node = service.node().await;
    add_full_user(&node).await;
    let settings = ClientSettings {
        grant_types: vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::Implicit,
        ],
        response_types: ResponseType::ALL.to_vec(),
        ..web_settings()
    };
    let client = TestClient::add(&node, "web", settings).await;
    let mut browser = TestBrowser::default();
    for response_type in ResponseType::ALL {
        let more = "&scope=openid+email+offline_access&nonce=n&state=s";
        let request = request("web", more).replace(
            "response_type=code",
            &format!("response_type={}", response_type.name().replace(' ', "+")),
        );
        let mut response = browser.go(&node, &request).await.response();
        assert_eq!(
            response.remove("iss").unwrap(),
            "https://as.example",
            "{response_type}"
        );
        assert_eq!(response.remove("state").unwrap(), "s");
        let code = response.remove("code");
        let access_token = response.remove("access_token");
        let id_token = response.remove("id_token").map(|token| claims_of(&token));
        assert_eq!(code.is_some(), response_type.has_code(), "{response_type}");
        assert_eq!(
            access_token.is_some(),
            response_type.has_token(),
            "{response_type}"
        );
        assert_eq!(
            id_token.is_some(),
            response_type.has_id_token(),
            "{response_type}"
        );
        if access_token.is_some() {
            assert_eq!(response.remove("token_type").unwrap(), "Bearer");
            assert_eq!(response.remove("expires_in").unwrap(), "600");
            let scope = response.remove("scope").unwrap();
            assert_eq!(scope.contains("offline_access"), response_type.has_code());
        }
        assert!(response.is_empty(), "{response_type}: {response:?}");
        if let Some(id_token) = &id_token {
            assert_eq!(id_token["nonce"], "n");
            let hash = |value: &Option<String>| value.as_deref().map(half_sha256);
            let told = |name: &str| {
                id_token
                    .get(name)
                    .and_then(|it| it.as_str())
                    .map(str::to_owned)
            };
            assert_eq!(told("at_hash"), hash(&access_token), "{response_type}");
            assert_eq!(told("c_hash"), hash(&code), "{response_type}");
            let alone = response_type == ResponseType::IdToken;
            assert_eq!(id_token.contains_key("email"), alone, "§5.4");
        }
        if let Some(access_token) = &access_token {
            assert!(userinfo(&node, access_token).await.is_ok());
        }
        if let Some(code) = &code {
            let tokens = client.redeem(&node, code).await.unwrap();
            let back = claims_of(&tokens.id_token.unwrap());
            if let Some(front) = &id_token {
                assert_eq!(front["sub"], back["sub"]);
            }
            assert!(tokens.refresh_token.is_some());
        }
    }
}

#[tokio::test]
async fn oidc_core_46_a_pairwise_subject_is_of_a_sector() {
    let service = Service::new();
    let node = service.node().await;
    let user = add_user(&node).await;
    let mut subjects = Vec::new();
    for (id, host) in [
        ("a", "one.example"),
        ("b", "one.example"),
        ("c", "two.example"),
    ] {
        let settings = ClientSettings {
            subject_type: SubjectType::Pairwise,
            redirect_uris: vec![format!("https://{host}/{id}").parse().unwrap()],
            ..web_settings()
        };
        let client = TestClient::add(&node, id, settings).await;
        let request = request(id, "&scope=openid+offline_access+read")
            .replace(REDIRECT_URI, &format!("https://{host}/{id}"));
        let code = TestBrowser::default().go(&node, &request).await.code();
        let more = format!(
            "&redirect_uri=https://{host}/{id}&code_verifier={}",
            crate::browser::VERIFIER
        );
        let tokens = client.redeem_with(&node, &code, &more).await.unwrap();
        let id_token = claims_of(&tokens.id_token.unwrap());
        let told = userinfo(&node, &tokens.access_token).await.unwrap();
        assert_eq!(told["sub"], id_token["sub"]);
        assert_eq!(claims_of(&tokens.access_token)["sub"], id_token["sub"]);
        let refreshed = client
            .refresh(&node, &tokens.refresh_token.unwrap())
            .await
            .unwrap();
        assert_eq!(claims_of(&refreshed.access)["sub"], id_token["sub"]);
        let text = serde_json::to_string(&id_token).unwrap();
        assert!(
            !text.contains(&user.id.to_string()),
            "the one name is told nowhere"
        );
        for session in node.list_sessions(None, None, 10).await.unwrap() {
            assert!(
                !text.contains(&session.id.to_string()),
                "nor that of the session"
            );
        }
        subjects.push(id_token["sub"].clone());
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_ne!(subjects[0], subjects[2]);
}

#[tokio::test]
async fn oidc_core_51_each_client_gets_its_algorithm() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let (keys, _) = VerifyingKeys::from_jwk_set(&node.jwks());
    for algorithm in SigningAlgorithm::ALL {
        let id = algorithm.name();
        let settings = ClientSettings {
            id_token_signed_response_alg: Some(IdTokenAlgorithm::Signed(algorithm)),
            userinfo_signed_response_alg: Some(algorithm),
            ..web_settings()
        };
        let client = TestClient::add(&node, id, settings).await;
        let code = TestBrowser::default()
            .go(&node, &request(id, "&scope=openid"))
            .await
            .code();
        let tokens = client.redeem(&node, &code).await.unwrap();
        let id_token = tokens.id_token.unwrap();
        let issuer = "https://as.example";
        id_token::read_hint(&id_token, &keys, issuer, service.clock(), 5).unwrap();
        let claims = userinfo(&node, &tokens.access_token).await.unwrap();
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!(issuer), &json!(id))
        );
    }
}

fn secret_text(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn rule_s2_hs256_needs_a_secret_that_is_kept_for_it() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let mut client = TestClient::add(&node, "web", web_settings()).await;
    let id = "web".parse().unwrap();
    let to_hs256 = |settings: &mut ClientSettings| {
        settings.id_token_signed_response_alg = Some(IdTokenAlgorithm::Hs256);
    };
    let refused = node.change_client(&id, to_hs256).await.unwrap_err();
    assert!(
        matches!(refused, ChangeClientError::Refused(_)),
        "only its hash is kept"
    );
    assert!(
        refused.to_string().contains("rotate-secret --sealed"),
        "{refused}"
    );
    let short = SecretSource::Given(Secret::new("x".repeat(31)));
    let refused = node
        .rotate_client_secret(&id, short, 0, KeepSecret::Sealed)
        .await;
    assert!(refused.unwrap_err().to_string().contains("32 bytes"));
    let rotated = node
        .rotate_client_secret(&id, SecretSource::Generated, 0, KeepSecret::Sealed)
        .await
        .unwrap();
    client.secret = rotated.secret.unwrap().expose().clone();
    node.change_client(&id, to_hs256).await.unwrap();

    let mut browser = TestBrowser::default();
    let code = browser
        .go(&node, &request("web", "&scope=openid"))
        .await
        .code();
    let hint = client.redeem(&node, &code).await.unwrap().id_token.unwrap();
    let secret = Secret::new(client.secret.clone().into_bytes());
    let issuer = "https://as.example";
    id_token::read_hint_hs256(&hint, &secret, issuer, service.clock(), 5).unwrap();
    // The newest secret is the key, so it has to be kept.
    let back = |settings: &mut ClientSettings| settings.id_token_signed_response_alg = None;
    node.change_client(&id, back).await.unwrap();
    let newer = SecretSource::Generated;
    let rotated = node
        .rotate_client_secret(&id, newer, 600, KeepSecret::AsNeeded)
        .await;
    rotated.unwrap();
    assert!(
        node.change_client(&id, to_hs256).await.is_err(),
        "an older one is"
    );
    let newest = SecretSource::Given(secret_text(&client.secret));
    let rotated = node
        .rotate_client_secret(&id, newest, 0, KeepSecret::Sealed)
        .await;
    rotated.unwrap();
    node.change_client(&id, to_hs256).await.unwrap();
    // It is a hint like every other.
    let show = browser
        .authorize(
            &node,
            &request("web", &format!("&scope=openid&id_token_hint={hint}")),
        )
        .await;
    assert!(matches!(show, Show::Response(_)));
    // A later secret is kept as well, without being told to.
    let rotated = node
        .rotate_client_secret(&id, SecretSource::Generated, 0, KeepSecret::AsNeeded)
        .await
        .unwrap();
    client.secret = rotated.secret.unwrap().expose().clone();
    let code = browser
        .go(&node, &request("web", "&scope=openid"))
        .await
        .code();
    assert!(
        client
            .redeem(&node, &code)
            .await
            .unwrap()
            .id_token
            .is_some()
    );
}

#[tokio::test]
async fn oidc_rplogout_the_user_signs_out() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let settings = ClientSettings {
        post_logout_redirect_uris: vec!["https://app.example/bye".parse().unwrap()],
        ..web_settings()
    };
    let client = TestClient::add(&node, "web", settings).await;
    TestClient::add(&node, "other", web_settings()).await;
    let mut browser = TestBrowser::default();
    let silent = request("web", "&scope=openid&prompt=none");
    let sign_in = async |browser: &mut TestBrowser| {
        let code = browser
            .go(&node, &request("web", "&scope=openid"))
            .await
            .code();
        client.redeem(&node, &code).await.unwrap().id_token.unwrap()
    };
    let hint = sign_in(&mut browser).await;
    let then = "&post_logout_redirect_uri=https://app.example/bye&state=a%20b";
    // What does not fit together is told to the user, and changes nothing.
    for request in [
        "id_token_hint=x".to_owned(),
        format!("id_token_hint={hint}A"),
        format!("id_token_hint={hint}&client_id=other"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://evil.example/bye"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://app.example/bye?x"),
        format!("client_id=other{then}"),
        "state=a&state=b".to_owned(),
    ] {
        let show = browser.sign_out(&node, &request).await;
        assert!(matches!(show, Show::Error(_)), "{request}: {show:?}");
    }
    // Without a hint the user is asked.
    for (request, leads) in [
        (String::new(), false),
        (then[1..].to_owned(), false),
        (format!("client_id=web{then}"), true),
    ] {
        let Show::ConfirmSignOut(page) = browser.sign_out(&node, &request).await else {
            panic!()
        };
        let stays = browser.confirm(&node, &page.ticket, "stay").await;
        assert!(matches!(stays, Show::SignedOut(page) if page.stays));
        assert!(matches!(
            browser.authorize(&node, &silent).await,
            Show::Response(_)
        ));
        let show = browser.confirm(&node, &page.ticket, "sign_out").await;
        assert_eq!(
            matches!(show, Show::Redirect(_)),
            leads,
            "{request}: {show:?}"
        );
        assert_eq!(browser.session_cookie(), None);
        let refused = crate::browser::end(browser.authorize(&node, &silent).await);
        assert_eq!(refused.error(), "login_required");
        sign_in(&mut browser).await;
    }
    // The hint of an earlier session is none of this one.
    let show = browser
        .sign_out(&node, &format!("id_token_hint={hint}{then}"))
        .await;
    assert!(matches!(show, Show::ConfirmSignOut(_)), "{show:?}");
    // An old hint of this one is good.
    let hint = sign_in(&mut browser).await;
    service.pass(&node, 10_000).await;
    let show = browser
        .sign_out(&node, &format!("id_token_hint={hint}{then}"))
        .await;
    let Show::Redirect(location) = show else {
        panic!("{show:?}")
    };
    assert_eq!(location, "https://app.example/bye?state=a%20b");
    let end = crate::browser::end(browser.authorize(&node, &silent).await);
    assert!(matches!(end, End::Response(ref response) if response["error"] == "login_required"));
    // Nobody is signed in: nothing to ask.
    let show = browser
        .sign_out(&node, &format!("id_token_hint={hint}{then}"))
        .await;
    assert!(matches!(show, Show::Redirect(_)));
}
