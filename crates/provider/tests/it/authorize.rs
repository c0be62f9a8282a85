//! The authorization endpoint: RFC 6749 §4.1, OpenID Connect Core §3.1, attack classes A.

use countersign_core::{AuthMethod, ClientSettings, GrantType, ResponseType};
use countersign_provider::{SecretSource, Show};

use crate::browser::{
    REDIRECT_URI, TestBrowser, add_bob, claims_of, end, half_sha256, kind, request, set_up,
    userinfo, web_settings,
};
use crate::common::{PASSWORD, Service, TestClient, USER, add_user, on_both_backends};

on_both_backends! {
    oidc_core_23_a_user_signs_in_agrees_and_comes_back_with_a_code
    consent_is_remembered_and_asked_again_when_more_is_asked
}

async fn oidc_core_23_a_user_signs_in_agrees_and_comes_back_with_a_code(service: Service) {
    let node = service.node().await;
    let user = add_user(&node).await;
    let client = TestClient::add(&node, "web", web_settings()).await;
    let mut browser = TestBrowser::default();
    let request = request("web", "&scope=openid+read&state=s&nonce=n");
    let first = browser.authorize(&node, &request).await;
    assert_eq!(kind(&first), "sign in");
    let mut response = browser.go(&node, &request).await.response();
    assert_eq!(response["state"], "s");
    assert_eq!(response["iss"], "https://as.example");
    let tokens = client
        .redeem(&node, &response.remove("code").unwrap())
        .await
        .unwrap();
    assert_eq!(tokens.scope.to_string(), "openid read");
    assert_eq!(tokens.refresh_token, None, "openid without offline_access");
    let id_token = claims_of(&tokens.id_token.unwrap());
    assert_eq!(id_token["sub"], user.id.to_string());
    assert_eq!(id_token["nonce"], "n");
    assert_eq!(id_token["at_hash"], half_sha256(&tokens.access_token));
    let claims = userinfo(&node, &tokens.access_token).await.unwrap();
    assert_eq!(claims["sub"], id_token["sub"]);

    let again = browser.authorize(&node, &request).await;
    assert_eq!(kind(&again), "response", "single sign-on");
}

async fn consent_is_remembered_and_asked_again_when_more_is_asked(service: Service) {
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    browser
        .go(&node, &request("web", "&scope=openid+email"))
        .await
        .code();
    for (more, expected) in [
        ("&scope=openid", "response"),
        ("&scope=openid+email", "response"),
        ("&scope=openid+profile", "consent"),
        ("&scope=openid+email&prompt=consent", "consent"),
        // OpenID Connect Core §5.5: what is asked for one by one is asked for all the same.
        (
            "&scope=openid&claims={\"userinfo\":{\"name\":null}}",
            "consent",
        ),
        (
            "&scope=openid&claims={\"userinfo\":{\"email\":null}}",
            "response",
        ),
        (
            "&scope=openid&claims={\"userinfo\":{\"unknown\":null}}",
            "response",
        ),
    ] {
        let show = browser.authorize(&node, &request("web", more)).await;
        assert_eq!(kind(&show), expected, "{more}");
    }
    let show = browser
        .authorize(&node, &request("web", "&scope=openid+profile"))
        .await;
    let Show::Consent(page) = show else { panic!() };
    let names: Vec<_> = page
        .scopes
        .iter()
        .map(|scope| scope.name.as_str())
        .collect();
    assert_eq!(names, ["openid", "profile"]);
    assert!(page.scopes.iter().all(|scope| !scope.words.is_empty()));
    assert_eq!(page.username, USER);
    assert_eq!(page.client.host.as_deref(), Some("app.example"));
    let denied = end(browser.decide(&node, &page, "deny").await);
    assert_eq!(denied.error(), "access_denied");
    let show = browser
        .authorize(&node, &request("web", "&scope=openid+profile"))
        .await;
    assert_eq!(kind(&show), "consent", "a refusal is not remembered");
    browser
        .go(&node, &request("web", "&scope=openid+profile"))
        .await
        .code();
    let show = browser
        .authorize(&node, &request("web", "&scope=openid+profile+email"))
        .await;
    assert_eq!(kind(&show), "response", "both together");
}

#[tokio::test]
async fn a_first_party_client_does_not_ask() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let settings = ClientSettings {
        skip_consent: true,
        ..web_settings()
    };
    TestClient::add(&node, "web", settings).await;
    let mut browser = TestBrowser::default();
    let show = browser
        .authorize(&node, &request("web", "&scope=openid"))
        .await;
    let Show::SignIn(page) = show else { panic!() };
    let show = browser.type_in(&node, &page, USER, PASSWORD).await;
    assert_eq!(kind(&show), "response");
    let show = browser
        .authorize(&node, &request("web", "&prompt=consent"))
        .await;
    assert_eq!(kind(&show), "consent", "unless it wants to");
}

#[tokio::test]
async fn oidc_core_10_to_16_what_the_user_has_to_do() {
    let service = Service::new();
    let (node, client) = set_up(&service).await;
    add_bob(&node).await;
    let mut browser = TestBrowser::default();
    let nobody = browser
        .authorize(&node, &request("web", "&scope=openid&prompt=none"))
        .await;
    assert_eq!(end(nobody).error(), "login_required");
    let code = browser
        .go(&node, &request("web", "&scope=openid"))
        .await
        .code();
    let tokens = client.redeem(&node, &code).await.unwrap();
    let hint = tokens.id_token.unwrap();
    let mut bob = TestBrowser::default();
    let Show::SignIn(page) = bob.authorize(&node, &request("web", "&scope=openid")).await else {
        panic!()
    };
    let Show::Consent(page) = bob.type_in(&node, &page, "bob", PASSWORD).await else {
        panic!()
    };
    let code = end(bob.decide(&node, &page, "allow").await).code();
    let bobs = client.redeem(&node, &code).await.unwrap().id_token.unwrap();
    let bobs_sub = claims_of(&bobs)["sub"].as_str().unwrap().to_owned();

    service.clock.advance(10);
    let claims =
        |sub: &str| format!("&claims={{\"id_token\":{{\"sub\":{{\"value\":\"{sub}\"}}}}}}");
    let own_sub = claims_of(&hint)["sub"].as_str().unwrap().to_owned();
    for (more, expected) in [
        (String::new(), "response"),
        ("&prompt=none".into(), "response"),
        ("&prompt=login".into(), "sign in"),
        ("&prompt=select_account".into(), "select account"),
        ("&prompt=login+select_account".into(), "select account"),
        ("&prompt=consent".into(), "consent"),
        ("&max_age=10".into(), "response"),
        ("&max_age=9".into(), "sign in"),
        ("&max_age=0".into(), "sign in"),
        (format!("&id_token_hint={hint}"), "response"),
        (format!("&id_token_hint={bobs}"), "sign in"),
        (claims(&own_sub), "response"),
        (claims(&bobs_sub), "sign in"),
        (
            "&login_hint=x&display=popup&ui_locales=de&claims_locales=de&acr_values=9".into(),
            "response",
        ),
    ] {
        let show = browser
            .authorize(&node, &request("web", &format!("&scope=openid{more}")))
            .await;
        assert_eq!(kind(&show), expected, "{more}");
    }
    for (more, expected) in [
        ("&prompt=none&max_age=9".into(), "login_required"),
        (
            format!("&prompt=none&id_token_hint={bobs}"),
            "login_required",
        ),
        (
            format!("&prompt=none{}", claims(&bobs_sub)),
            "login_required",
        ),
        ("&prompt=none+login".into(), "invalid_request"),
        ("&prompt=create".into(), "invalid_request"),
        ("&id_token_hint=x".into(), "invalid_request"),
        (
            format!("&id_token_hint={}", tokens.access_token),
            "invalid_request",
        ),
        ("&request=x".into(), "request_not_supported"),
        (
            "&request_uri=https://app.example/r".into(),
            "request_uri_not_supported",
        ),
        (
            "&claims={\"id_token\":{\"acr\":{\"essential\":true,\"value\":\"9\"}}}".into(),
            "unmet_authentication_requirements",
        ),
        ("&claims=x".into(), "invalid_request"),
        ("&scope=openid".into(), "invalid_request"),
    ] {
        let more = format!("&scope=openid{more}");
        let show = browser.authorize(&node, &request("web", &more)).await;
        assert_eq!(end(show).error(), expected, "{more}");
    }
    let new = browser
        .authorize(&node, &request("web", "&scope=openid+email&prompt=none"))
        .await;
    assert_eq!(end(new).error(), "consent_required");
    // Whoever signs in as somebody else than was meant gets nothing.
    let more = format!("&scope=openid&id_token_hint={bobs}");
    let Show::SignIn(page) = browser.authorize(&node, &request("web", &more)).await else {
        panic!()
    };
    let wrong_one = end(browser.type_in(&node, &page, USER, PASSWORD).await);
    assert_eq!(wrong_one.error(), "login_required");
    let Show::SignIn(page) = browser.authorize(&node, &request("web", &more)).await else {
        panic!()
    };
    let right_one = browser.type_in(&node, &page, "bob", PASSWORD).await;
    assert_eq!(kind(&right_one), "response");
}

#[tokio::test]
async fn oidc_core_12_signing_in_again_ends_the_question() {
    let service = Service::new();
    let (node, client) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    browser
        .go(&node, &request("web", "&scope=openid"))
        .await
        .code();
    service.clock.advance(100);
    for more in [
        "&prompt=login",
        "&max_age=0",
        "&prompt=login+consent+select_account",
    ] {
        let request = request("web", &format!("&scope=openid{more}"));
        let code = browser.go(&node, &request).await.code();
        let tokens = client.redeem(&node, &code).await.unwrap();
        let id_token = claims_of(&tokens.id_token.unwrap());
        assert_eq!(id_token["auth_time"], id_token["iat"], "{more}");
    }
}

#[tokio::test]
async fn rfc6749_38_no_redirect_unless_client_and_uri_are_sure() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let mut two = web_settings();
    two.redirect_uris
        .push("https://app.example/cb2".parse().unwrap());
    TestClient::add(&node, "two", two).await;
    let mut browser = TestBrowser::default();
    let rest = "&response_type=code&code_challenge_method=S256\
                &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let uri = format!("&redirect_uri={REDIRECT_URI}");
    for request in [
        String::new(),
        format!("client_id=nobody{uri}{rest}"),
        format!("client_id=%00{uri}{rest}"),
        format!("{}{rest}", &uri[1..]),
        format!("client_id=web&client_id=web{uri}{rest}"),
        format!("client_id=web{uri}{uri}{rest}"),
        format!("client_id=web{uri}x{rest}"),
        format!("client_id=web&redirect_uri=https://evil.example/cb{rest}"),
        format!("client_id=web&redirect_uri=javascript:alert(1){rest}"),
        format!("client_id=web&redirect_uri=https://app.example/cb%23x{rest}"),
        format!("client_id=two{rest}"),
        format!("client_id=web&scope=openid{rest}"),
    ] {
        let show = browser.authorize(&node, &request).await;
        let Show::Error(page) = show else {
            panic!("{request}: {show:?}")
        };
        assert_eq!(page.status, 400, "{request}");
    }
    // One is registered, and this is not OpenID Connect.
    let show = browser
        .authorize(&node, &format!("client_id=web&scope=read{rest}"))
        .await;
    assert_eq!(kind(&show), "sign in");
    // Everything else goes back.
    for (request, expected) in [
        (format!("client_id=web{uri}"), "invalid_request"),
        (
            format!("client_id=web{uri}&response_type=code"),
            "invalid_request",
        ),
        (
            format!("client_id=web{uri}&response_type=magic"),
            "unsupported_response_type",
        ),
        (
            format!("client_id=web{uri}{rest}&state=a&state=b"),
            "invalid_request",
        ),
        (
            format!("client_id=web{uri}{rest}&scope=admin"),
            "invalid_scope",
        ),
        (
            format!("client_id=web{uri}{rest}&resource=https://api.example"),
            "invalid_target",
        ),
    ] {
        let show = browser.authorize(&node, &request).await;
        assert_eq!(end(show).error(), expected, "{request}");
    }
}

#[tokio::test]
async fn cve_2026_7571_attack_10_what_is_off_is_off() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    TestClient::add(&node, "code", web_settings()).await;
    let implicit = ClientSettings {
        grant_types: vec![GrantType::Implicit],
        response_types: vec![ResponseType::IdToken],
        ..web_settings()
    };
    TestClient::add(&node, "implicit", implicit).await;
    let mut browser = TestBrowser::default();
    for (client, on) in [("code", "code"), ("implicit", "id_token")] {
        for response_type in ResponseType::ALL {
            let request = request(client, "&scope=openid&nonce=n").replace(
                "response_type=code",
                &format!("response_type={}", response_type.name().replace(' ', "+")),
            );
            let show = browser.authorize(&node, &request).await;
            if response_type.name() == on {
                assert_eq!(kind(&show), "sign in", "{client} {response_type}");
            } else {
                assert_eq!(
                    end(show).error(),
                    "unauthorized_client",
                    "{client} {response_type}"
                );
            }
        }
    }
}

#[tokio::test]
async fn rfc7636_05_a_challenge_is_required_unless_the_client_may_do_without() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let optional = ClientSettings {
        require_pkce: false,
        ..web_settings()
    };
    TestClient::add(&node, "optional", optional).await;
    TestClient::add(&node, "required", web_settings()).await;
    let public = ClientSettings {
        token_endpoint_auth_method: Some(AuthMethod::None),
        ..web_settings()
    };
    let source = SecretSource::Generated;
    node.add_client("public".parse().unwrap(), public, source)
        .await
        .unwrap();
    let mut browser = TestBrowser::default();
    for (client, expected) in [
        ("optional", "sign in"),
        ("required", "response"),
        ("public", "response"),
    ] {
        let request =
            format!("client_id={client}&redirect_uri={REDIRECT_URI}&response_type=code&scope=read");
        let show = browser.authorize(&node, &request).await;
        assert_eq!(kind(&show), expected, "{client}");
        if expected == "response" {
            assert_eq!(end(show).error(), "invalid_request", "{client}");
        }
    }
}

#[tokio::test]
async fn rfc9700_10_a_strict_service_offers_what_is_recommended_and_nothing_else() {
    let mut service = Service::new();
    service.settings.strict = true;
    let node = service.node().await;
    add_user(&node).await;
    let everything = ClientSettings {
        grant_types: GrantType::ALL.to_vec(),
        response_types: ResponseType::ALL.to_vec(),
        require_pkce: false,
        ..web_settings()
    };
    let client = TestClient::add(&node, "web", everything).await;
    let metadata = node.metadata();
    assert_eq!(metadata.response_types_supported, ["code"]);
    assert!(!metadata.grant_types_supported.contains(&"password"));
    assert!(!metadata.grant_types_supported.contains(&"implicit"));
    let mut browser = TestBrowser::default();
    for response_type in ResponseType::ALL {
        let request = request("web", "&scope=openid&nonce=n").replace(
            "response_type=code",
            &format!("response_type={}", response_type.name().replace(' ', "+")),
        );
        let show = browser.authorize(&node, &request).await;
        if response_type == ResponseType::Code {
            assert_eq!(kind(&show), "sign in");
        } else {
            assert_eq!(
                end(show).error(),
                "unsupported_response_type",
                "{response_type}"
            );
        }
    }
    let plain = format!("client_id=web&redirect_uri={REDIRECT_URI}&response_type=code");
    let show = browser.authorize(&node, &plain).await;
    assert_eq!(end(show).error(), "invalid_request", "without a challenge");
    let password = format!("grant_type=password&username={USER}&password={PASSWORD}");
    let refused = client.ask(&node, &password).await.unwrap_err();
    assert_eq!(refused.error.name(), "unsupported_grant_type");
}
