//! ID tokens, claims and sessions: OpenID Connect Core §2, §3.2, §3.3, §5, §8, §11 and §12.

use std::collections::BTreeMap;

use countersign_core::{
    ClientSettings, GrantType, ResponseType, ScopeDefinition, Secret, UserProfile,
};
use countersign_protocol::ErrorCode;
use countersign_provider::Provider;
use serde_json::json;

use crate::browser::{TestBrowser, claims_of, half_sha256, request, userinfo, web_settings};
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
