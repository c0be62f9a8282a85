//! The classic profile: RULES D1, T1.

use countersign_core::{ClientSettings, IntrospectionReach, Timestamp, TokenProfile};
use countersign_core::{KeyId, KeyPurpose, ResourceUri, Secret};
use countersign_jose::classic::{self, AccessTokenClaims, AccessTokenKey};
use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey};
use countersign_jose::{base64url, json};
use countersign_protocol::{ErrorCode, IntrospectionResponse, UserinfoRequest};
use countersign_provider::{ClassicCid, Door, KeyPhase, Provider, UserChange};
use serde_json::{Value, json};

use crate::common::{Service, TestClient, USER, add_user, password_settings, settings};

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    Value::Object(json::parse_object(&base64url::decode(part).unwrap()).unwrap())
}

fn names(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

async fn set_up(service: &Service) -> (Provider, TestClient) {
    let node = service.node().await;
    add_user(&node).await;
    let client = TestClient::add(&node, "app", password_settings()).await;
    (node, client)
}

fn classic_service() -> Service {
    Service::new().with_profile(TokenProfile::Classic)
}

/// Signs what it likes with the secret of the API that it is.
fn forge(
    node: &Provider,
    like: &str,
    audience: Option<&ResourceUri>,
    change: impl Fn(&mut Value),
) -> String {
    let secret = node.classic_secret(None, audience).unwrap();
    let mut claims = part(like, 1);
    change(&mut claims);
    let kid = part(like, 0)["kid"].as_str().unwrap().to_owned();
    let secret = Secret::new(secret.expose().clone().into_bytes());
    let key = HmacKey::new(HmacAlgorithm::Hs256, &kid, &secret).unwrap();
    hmac_jws::sign(&key, Some("JWT"), claims.to_string().as_bytes()).unwrap()
}

async fn told(node: &Provider, client: &TestClient, token: &str) -> Option<Value> {
    match client.introspect(node, token).await.unwrap() {
        IntrospectionResponse::Inactive => None,
        active @ IntrospectionResponse::Active(_) => Some(serde_json::to_value(active).unwrap()),
    }
}

#[tokio::test]
async fn row_3_3_the_claims_are_those_of_the_seed() {
    let service = classic_service();
    let (node, client) = set_up(&service).await;
    let tokens = client.sign_in(&node).await;
    let (header, claims) = (part(&tokens.access, 0), part(&tokens.access, 1));
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("HS256"), &json!("JWT"))
    );
    assert_eq!(
        names(&claims),
        ["cid", "exp", "iat", "jti", "nbf", "scope", "sub"]
    );
    assert_eq!(claims["cid"], "app");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3_600
    );
    assert_eq!(claims["nbf"], claims["iat"]);
    let refresh = part(&tokens.refresh, 1);
    assert_eq!(
        names(&refresh),
        [
            "access_token_id",
            "client_id",
            "expire_time",
            "iat",
            "refresh_token_id",
            "scope",
            "user_id"
        ]
    );
    assert_eq!(refresh["access_token_id"], claims["jti"]);
    assert_eq!(refresh["user_id"], claims["sub"]);
    assert_eq!(refresh["client_id"], "app");
    let next = client.refresh(&node, &tokens.refresh).await.unwrap();
    assert_eq!(
        part(&next.refresh, 1)["access_token_id"],
        part(&next.access, 1)["jti"]
    );
    // For itself: no user, no refresh token.
    let own = TestClient::add(&node, "own", settings()).await;
    let own = own.token(&node).await.unwrap();
    assert_eq!(own.refresh_token, None);
    let own = part(&own.access_token, 1);
    assert_eq!(names(&own), ["cid", "exp", "iat", "jti", "nbf", "scope"]);
}

#[tokio::test]
async fn row_3_1_what_is_said_of_client_and_issuer_is_configured() {
    let mut service = classic_service();
    service.settings.classic.cid = ClassicCid::Name;
    service.settings.classic.iss = true;
    service.settings.classic.access_token_lifetime = 60;
    let node = service.node().await;
    let named = ClientSettings {
        client_name: Some("test client".into()),
        ..settings()
    };
    let client = TestClient::add(&node, "named", named).await;
    let token = client.token(&node).await.unwrap();
    assert_eq!(token.expires_in, 60);
    let claims = part(&token.access_token, 1);
    assert_eq!(claims["cid"], "test client");
    assert_eq!(claims["iss"], "https://as.example");
    let told = told(&node, &client, &token.access_token).await.unwrap();
    assert_eq!(told["client_id"], "named", "read again, not believed");
}

#[tokio::test]
async fn a_client_says_for_itself_which_profile_it_has() {
    let service = classic_service();
    let node = service.node().await;
    let standard = ClientSettings {
        token_profile: Some(TokenProfile::Standard),
        ..settings()
    };
    let client = TestClient::add(&node, "standard", standard).await;
    let token = client.token(&node).await.unwrap().access_token;
    assert_eq!(part(&token, 0)["typ"], "at+jwt");
    let service = Service::new();
    let node = service.node().await;
    let classic = ClientSettings {
        token_profile: Some(TokenProfile::Classic),
        ..settings()
    };
    let client = TestClient::add(&node, "classic", classic).await;
    let token = client.token(&node).await.unwrap().access_token;
    assert_eq!(part(&token, 0)["alg"], "HS256");
}

#[tokio::test]
async fn rule_d1_a_classic_access_token_is_accepted_at_the_classic_door_only() {
    let service = classic_service();
    let (node, client) = set_up(&service).await;
    let tokens = client.sign_in(&node).await;
    assert!(client.is_active(&node, &tokens.access).await);
    for door in [Door::Standard, Door::Moov] {
        let client = client.at(door);
        assert!(!client.is_active(&node, &tokens.access).await, "{door:?}");
        let refused = client.revoke(&node, &tokens.access).await.unwrap_err();
        assert_eq!(
            refused.error,
            ErrorCode::UnsupportedTokenType,
            "never a false success"
        );
    }
    let bearer = format!("Bearer {}", tokens.access);
    let request = UserinfoRequest::read(&[&bearer], None).unwrap();
    let refused = node.userinfo(&request).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidToken);
    assert!(client.is_active(&node, &tokens.access).await);
    client.revoke(&node, &tokens.access).await.unwrap();
    assert!(!client.is_active(&node, &tokens.access).await);
    // The refresh token has a key that never leaves: it is good at every door.
    let standard = client.at(Door::Standard);
    assert!(standard.is_active(&node, &tokens.refresh).await);
    let next = standard.refresh(&node, &tokens.refresh).await.unwrap();
    standard.revoke(&node, &next.refresh).await.unwrap();
    assert!(!client.is_active(&node, &next.access).await);
}

#[tokio::test]
async fn rule_d1_of_a_forged_token_only_the_id_is_believed() {
    let service = classic_service();
    let (node, client) = set_up(&service).await;
    let tokens = client.sign_in(&node).await;
    let honest = told(&node, &client, &tokens.access).await.unwrap();
    let forged = forge(&node, &tokens.access, None, |claims| {
        claims["sub"] = "somebody-else".into();
        claims["cid"] = "another-client".into();
        claims["scope"] = "read write admin openid".into();
        claims["roles"] = json!(["admin"]);
    });
    let told = told(&node, &client, &forged).await.unwrap();
    for name in ["sub", "client_id"] {
        assert_eq!(told[name], honest[name], "{name}");
    }
    assert_eq!(
        told["scope"], "read write",
        "what the grant does not have, nobody can add"
    );
    assert_eq!(told.get("roles"), None);
    // Without a grant there is nothing.
    let made_up = forge(&node, &tokens.access, None, |claims| {
        claims["jti"] = "A".repeat(48).into();
    });
    assert!(!client.is_active(&node, &made_up).await);
    // A forger cannot bring back what was ended.
    node.change_user(&USER.parse().unwrap(), UserChange::EndIssued)
        .await
        .unwrap();
    assert!(!client.is_active(&node, &forged).await);
}

#[tokio::test]
async fn rule_d1_a_forged_token_stands_on_no_grant_of_another_profile_and_ends_with_its_kind() {
    let service = classic_service();
    let (node, client) = set_up(&service).await;
    let like = client.sign_in(&node).await.access;
    let standard = ClientSettings {
        token_profile: Some(TokenProfile::Standard),
        ..password_settings()
    };
    let other = TestClient::add(&node, "standard", standard).await;
    let standard = other.sign_in(&node).await;
    let jti = part(&standard.access, 1)["jti"].clone();
    let forged = forge(&node, &like, None, |claims| claims["jti"] = jti.clone());
    assert!(!other.is_active(&node, &forged).await);
    // Nor does it live longer than any token, and so does what is kept of its end.
    let long = forge(&node, &like, None, |claims| {
        claims["exp"] = 253_402_300_799_i64.into();
    });
    assert!(!client.is_active(&node, &long).await);
    client.revoke(&node, &long).await.unwrap();
    assert!(client.is_active(&node, &like).await);
}

#[tokio::test]
async fn rule_d1_each_audience_has_a_secret_of_its_own() {
    let service = classic_service();
    let node = service.node().await;
    let (one, other): (ResourceUri, ResourceUri) = (
        "https://one.example".parse().unwrap(),
        "https://other.example".parse().unwrap(),
    );
    let both = ClientSettings {
        resources: vec![one.clone(), other.clone()],
        introspect: IntrospectionReach::Any,
        ..settings()
    };
    let client = TestClient::add(&node, "both", both).await;
    let ask = |resources: &str| format!("grant_type=client_credentials{resources}");
    let token = client
        .ask(&node, &ask("&resource=https://one.example"))
        .await
        .unwrap()
        .access_token;
    assert_eq!(part(&token, 1)["aud"], "https://one.example");
    let two = "&resource=https://one.example&resource=https://other.example";
    let refused = client.ask(&node, &ask(two)).await.unwrap_err();
    assert_eq!(
        refused.error,
        ErrorCode::InvalidTarget,
        "one key, one audience"
    );
    assert!(client.is_active(&node, &token).await);
    let secrets: Vec<String> = [None, Some(&one), Some(&other)]
        .map(|audience| {
            node.classic_secret(None, audience)
                .unwrap()
                .expose()
                .clone()
        })
        .into();
    assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2] && secrets[0] != secrets[2]);
    // Whoever has the secret of one API makes no token for another one.
    let foreign = forge(&node, &token, Some(&one), |claims| {
        claims["aud"] = "https://other.example".into();
    });
    assert!(!client.is_active(&node, &foreign).await);
    let mount = forge(&node, &token, Some(&one), |claims| {
        claims.as_object_mut().unwrap().remove("aud");
    });
    assert!(!client.is_active(&node, &mount).await);
}

#[tokio::test]
async fn rule_t1_a_classic_refresh_token_is_no_access_token_and_the_reverse() {
    let service = classic_service();
    let (node, client) = set_up(&service).await;
    let tokens = client.sign_in(&node).await;
    let refused = client.refresh(&node, &tokens.access).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant);
    // What an API can sign is no refresh token, whatever it says.
    let forged = forge(&node, &tokens.access, None, |claims| {
        *claims = part(&tokens.refresh, 1);
    });
    let refused = client.refresh(&node, &forged).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant);
    assert!(
        client.refresh(&node, &tokens.refresh).await.is_ok(),
        "and nothing was ended"
    );
    let another_issuer = AccessTokenKey::new(
        part(&tokens.access, 0)["kid"]
            .as_str()
            .unwrap()
            .parse::<KeyId>()
            .unwrap(),
        Secret::new([9; 32]),
        "https://as.example",
    );
    let claims = AccessTokenClaims {
        cid: "app".into(),
        scope: "read".parse().unwrap(),
        sub: None,
        aud: None,
        iss: None,
        exp: Timestamp::from_seconds(1_800_000_100),
        nbf: service.clock(),
        iat: service.clock(),
        jti: part(&tokens.access, 1)["jti"].as_str().unwrap().into(),
        further: serde_json::Map::new(),
    };
    let text = classic::sign_access_token(&another_issuer, &claims).unwrap();
    assert!(!client.is_active(&node, &text).await);
}

#[tokio::test]
async fn the_key_of_classic_tokens_is_rotated_on_demand_only() {
    let service = classic_service();
    let (node, client) = set_up(&service).await;
    service.pass(&node, 100 * 86_400).await;
    node.sweep(1_000).await.unwrap();
    let of_phase = |phase| {
        let status = node.key_status().into_iter();
        status
            .filter(|key| key.purpose == KeyPurpose::ClassicTokens && key.phase == phase)
            .count()
    };
    assert_eq!(
        (of_phase(KeyPhase::Active), of_phase(KeyPhase::Announced)),
        (1, 0)
    );
    let secret = node.classic_secret(None, None).unwrap();
    node.rotate_key(KeyPurpose::ClassicTokens).await.unwrap();
    assert_eq!(of_phase(KeyPhase::Announced), 1);
    let coming = node
        .key_status()
        .into_iter()
        .find(|key| key.phase == KeyPhase::Announced && key.purpose == KeyPurpose::ClassicTokens);
    let coming = node
        .classic_secret(Some(&coming.unwrap().id), None)
        .unwrap();
    assert_ne!(
        coming.expose(),
        secret.expose(),
        "it can be handed out before it is used"
    );
    service.pass(&node, 86_399).await;
    let before = client.sign_in(&node).await;
    assert_eq!(
        node.classic_secret(None, None).unwrap().expose(),
        secret.expose(),
        "people have a day for it"
    );
    service.pass(&node, 2).await;
    assert_eq!(
        node.classic_secret(None, None).unwrap().expose(),
        coming.expose()
    );
    let after = client.sign_in(&node).await;
    assert_ne!(
        part(&before.access, 0)["kid"],
        part(&after.access, 0)["kid"]
    );
    assert!(
        client.is_active(&node, &before.access).await,
        "until it expires"
    );
    assert!(client.is_active(&node, &after.access).await);
}
