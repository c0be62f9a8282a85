//! Authorization codes: RFC 6749 §4.1.3, RFC 7636, RULES C, attack classes B.

use std::sync::Arc;

use countersign_core::{AuthMethod, ClientSettings};
use countersign_protocol::ErrorCode;
use countersign_provider::{Provider, SecretSource, UserChange};
use countersign_storage::GrantFilter;

use crate::browser::{
    CHALLENGE, REDIRECT_URI, TestBrowser, VERIFIER, request, userinfo, web_settings,
};
use crate::common::{Service, TestClient, USER, add_user, on_both_backends};

on_both_backends! {
    rule_c2_a_failed_attempt_does_not_consume_a_code
    rule_c2_a_replay_ends_the_grant
    rule_c2_a_replay_that_would_have_failed_ends_nothing
    cve_2026_4282_attack_21_of_parallel_redemptions_one_wins_and_the_chain_ends
    rule_c1_what_ended_meanwhile_is_not_redeemed
    rule_c3_unredeemed_codes_of_a_session_are_few
    attack_28_a_replay_after_a_restart_is_found
}

async fn set_up(service: &Service) -> (Provider, TestClient, TestBrowser) {
    let node = service.node().await;
    add_user(&node).await;
    let client = TestClient::add(&node, "web", web_settings()).await;
    (node, client, TestBrowser::default())
}

const OFFLINE: &str = "&scope=openid+offline_access+read";

async fn rule_c2_a_failed_attempt_does_not_consume_a_code(service: Service) {
    let (node, client, mut browser) = set_up(&service).await;
    let other = TestClient::add(&node, "other", web_settings()).await;
    let code = browser.go(&node, &request("web", OFFLINE)).await.code();
    let uri = format!("&redirect_uri={REDIRECT_URI}");
    let verifier = format!("&code_verifier={VERIFIER}");
    for (more, expected) in [
        (String::new(), ErrorCode::InvalidGrant),
        (uri.clone(), ErrorCode::InvalidGrant),
        (verifier.clone(), ErrorCode::InvalidGrant),
        (format!("{uri}x{verifier}"), ErrorCode::InvalidGrant),
        (
            format!("{uri}&code_verifier={}", "a".repeat(43)),
            ErrorCode::InvalidGrant,
        ),
        (
            format!("{uri}&code_verifier={CHALLENGE}"),
            ErrorCode::InvalidGrant,
        ),
        (
            format!("{uri}&code_verifier=short"),
            ErrorCode::InvalidRequest,
        ),
        (
            format!("{uri}{verifier}&resource=https://api.example"),
            ErrorCode::InvalidTarget,
        ),
    ] {
        let refused = client.redeem_with(&node, &code, &more).await.unwrap_err();
        assert_eq!(refused.error, expected, "{more}");
    }
    // Attack class 20: the code of another client.
    let refused = other.redeem(&node, &code).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant);
    let tokens = client.redeem(&node, &code).await.unwrap();
    assert!(tokens.refresh_token.is_some());
}

async fn rule_c2_a_replay_ends_the_grant(service: Service) {
    let (node, client, mut browser) = set_up(&service).await;
    for refreshed in [false, true] {
        let code = browser.go(&node, &request("web", OFFLINE)).await.code();
        let first = client.redeem(&node, &code).await.unwrap();
        let mut refresh = first.refresh_token.unwrap();
        if refreshed {
            refresh = client.refresh(&node, &refresh).await.unwrap().refresh;
        }
        service.pass(&node, 599).await;
        let replayed = client.redeem(&node, &code).await.unwrap_err();
        assert_eq!(replayed.error, ErrorCode::InvalidGrant);
        let ended = userinfo(&node, &first.access_token).await.unwrap_err();
        assert_eq!(ended.error, ErrorCode::InvalidToken, "RFC 6749 §4.1.2");
        assert!(
            client.refresh(&node, &refresh).await.is_err(),
            "whatever its generation"
        );
    }
}

async fn rule_c2_a_replay_that_would_have_failed_ends_nothing(service: Service) {
    let (node, client, mut browser) = set_up(&service).await;
    let other = TestClient::add(&node, "other", web_settings()).await;
    let code = browser.go(&node, &request("web", OFFLINE)).await.code();
    let refresh = client
        .redeem(&node, &code)
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    // Whoever has found the code has neither the verifier nor the secret of the client.
    let wrong = format!(
        "&redirect_uri={REDIRECT_URI}&code_verifier={}",
        "a".repeat(43)
    );
    assert!(client.redeem_with(&node, &code, &wrong).await.is_err());
    assert!(other.redeem(&node, &code).await.is_err());
    let unknown =
        format!("&redirect_uri={REDIRECT_URI}&code_verifier={VERIFIER}&resource=urn:unknown");
    let refused = client
        .redeem_with(&node, &code, &unknown)
        .await
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidTarget);
    let refresh = client.refresh(&node, &refresh).await.unwrap().refresh;
    service.pass(&node, 601).await;
    assert!(client.redeem(&node, &code).await.is_err(), "long after");
    client.refresh(&node, &refresh).await.unwrap();
}

async fn cve_2026_4282_attack_21_of_parallel_redemptions_one_wins_and_the_chain_ends(
    service: Service,
) {
    let (node, client, mut browser) = set_up(&service).await;
    let (node, client) = (Arc::new(node), Arc::new(client));
    let code = browser.go(&node, &request("web", OFFLINE)).await.code();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (node, client, code) = (Arc::clone(&node), Arc::clone(&client), code.clone());
            tokio::spawn(async move { client.redeem(&node, &code).await })
        })
        .collect();
    let mut won = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(tokens) => won.push(tokens),
            Err(error) => assert_eq!(error.error, ErrorCode::InvalidGrant),
        }
    }
    assert_eq!(won.len(), 1);
    let tokens = won.remove(0);
    assert!(userinfo(&node, &tokens.access_token).await.is_err());
    assert!(
        client
            .refresh(&node, &tokens.refresh_token.unwrap())
            .await
            .is_err()
    );
}

async fn attack_28_a_replay_after_a_restart_is_found(service: Service) {
    let (node, client, mut browser) = set_up(&service).await;
    let code = browser.go(&node, &request("web", OFFLINE)).await.code();
    let tokens = client.redeem(&node, &code).await.unwrap();
    drop(node);
    let node = service.node().await;
    assert!(client.redeem(&node, &code).await.is_err());
    assert!(userinfo(&node, &tokens.access_token).await.is_err());
}

async fn rule_c1_what_ended_meanwhile_is_not_redeemed(service: Service) {
    let (node, client, mut browser) = set_up(&service).await;
    let request = request("web", OFFLINE);
    // The session, though the grant would outlive it.
    let code = browser.go(&node, &request).await.code();
    for session in node.list_sessions(None, None, 10).await.unwrap() {
        assert!(node.end_session(session.id).await.unwrap());
    }
    let refused = client.redeem(&node, &code).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant, "session");
    // The user.
    let code = browser.go(&node, &request).await.code();
    for enabled in [false, true] {
        let change = UserChange::Enabled(enabled);
        node.change_user(&USER.parse().unwrap(), change)
            .await
            .unwrap();
        let refused = client.redeem(&node, &code).await.unwrap_err();
        assert_eq!(refused.error, ErrorCode::InvalidGrant, "user");
    }
    // The client.
    let code = browser.go(&node, &request).await.code();
    node.end_client(&"web".parse().unwrap()).await.unwrap();
    let refused = client.redeem(&node, &code).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant, "client");
    // What the client may no longer have.
    let code = browser.go(&node, &request).await.code();
    node.change_client(&"web".parse().unwrap(), |settings| {
        settings.scope = "openid offline_access".parse().unwrap();
    })
    .await
    .unwrap();
    let tokens = client.redeem(&node, &code).await.unwrap();
    assert_eq!(tokens.scope.to_string(), "openid offline_access");
    // And time.
    let code = browser
        .go(&node, &request.replace("+read", ""))
        .await
        .code();
    service.pass(&node, 60).await;
    let refused = client.redeem(&node, &code).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant, "60 s");
}

async fn rule_c3_unredeemed_codes_of_a_session_are_few(service: Service) {
    let (node, client, mut browser) = set_up(&service).await;
    let request = request("web", OFFLINE);
    let kept = browser.go(&node, &request).await.code();
    let refresh = client
        .redeem(&node, &kept)
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    let mut codes = Vec::new();
    for _ in 0..21 {
        codes.push(browser.go(&node, &request).await.code());
    }
    let grants = node
        .list_grants(GrantFilter::default(), None, 100)
        .await
        .unwrap();
    assert_eq!(
        grants.len(),
        21,
        "20 codes, and the grant that was redeemed"
    );
    assert!(
        client.redeem(&node, &codes[0]).await.is_err(),
        "the oldest is void"
    );
    client.redeem(&node, &codes[1]).await.unwrap();
    client.refresh(&node, &refresh).await.unwrap();
}

#[tokio::test]
async fn rule_c3_a_code_is_no_refresh_token_and_no_access_token() {
    let service = Service::new();
    let (node, client, mut browser) = set_up(&service).await;
    let code = browser.go(&node, &request("web", OFFLINE)).await.code();
    assert!(code.starts_with("cs_ac_"));
    assert!(client.refresh(&node, &code).await.is_err());
    assert!(!client.is_active(&node, &code).await);
    let tokens = client.redeem(&node, &code).await.unwrap();
    let refresh = tokens.refresh_token.unwrap();
    for other in [&refresh, &tokens.access_token, &tokens.id_token.unwrap()] {
        let refused = client.redeem(&node, other).await.unwrap_err();
        assert_eq!(refused.error, ErrorCode::InvalidGrant);
    }
    for mutated in [
        &code[1..],
        &format!("{code}A"),
        &code.replace("cs_ac_", "cs_rt_"),
    ] {
        assert!(client.redeem(&node, mutated).await.is_err());
    }
    client.refresh(&node, &refresh).await.unwrap();
}

/// With challenge or without, with verifier or without, and the method taken away.
#[tokio::test]
async fn cve_2024_22258_attack_19_pkce_cannot_be_downgraded() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let optional = ClientSettings {
        require_pkce: false,
        ..web_settings()
    };
    let client = TestClient::add(&node, "web", optional).await;
    let mut browser = TestBrowser::default();
    let base = format!("client_id=web&redirect_uri={REDIRECT_URI}&response_type=code&scope=read");
    let s256 = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let right = format!("&code_verifier={VERIFIER}");
    let wrong = format!("&code_verifier={}", "a".repeat(43));
    for (challenge, verifier, good) in [
        ("", "", true),
        ("", &right[..], false),
        ("", &wrong[..], false),
        (&s256[..], "", false),
        (&s256[..], &right[..], true),
        (&s256[..], &wrong[..], false),
    ] {
        let code = browser
            .go(&node, &format!("{base}{challenge}"))
            .await
            .code();
        let more = format!("&redirect_uri={REDIRECT_URI}{verifier}");
        let redeemed = client.redeem_with(&node, &code, &more).await;
        assert_eq!(redeemed.is_ok(), good, "{challenge:?} {verifier:?}");
    }
    for challenge in [
        format!("&code_challenge={CHALLENGE}"),
        format!("&code_challenge={CHALLENGE}&code_challenge_method=plain"),
        format!("&code_challenge={CHALLENGE}&code_challenge_method=s256"),
        "&code_challenge_method=S256".to_owned(),
        "&code_challenge=&code_challenge_method=S256".to_owned(),
        "&code_challenge=short&code_challenge_method=S256".to_owned(),
    ] {
        let refused = browser.go(&node, &format!("{base}{challenge}")).await;
        assert_eq!(refused.error(), "invalid_request", "{challenge}");
    }
}

#[tokio::test]
async fn rfc6749_28_a_public_client_redeems_by_naming_itself_and_proving_its_verifier() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let public = |id: &'static str| {
        let settings = ClientSettings {
            token_endpoint_auth_method: Some(AuthMethod::None),
            ..web_settings()
        };
        node.add_client(id.parse().unwrap(), settings, SecretSource::Generated)
    };
    public("spa").await.unwrap();
    public("evil").await.unwrap();
    let mut browser = TestBrowser::default();
    let code = browser
        .go(&node, &request("spa", "&scope=read"))
        .await
        .code();
    let ask = async |id: &str| {
        let body = format!(
            "client_id={id}&grant_type=authorization_code&code={code}&redirect_uri={REDIRECT_URI}&\
             code_verifier={VERIFIER}"
        );
        let form = countersign_protocol::Form::parse(body.as_bytes(), &[]).unwrap();
        let request = countersign_protocol::TokenRequest::read(&[], &form).unwrap();
        node.token(request, countersign_provider::Origin::default())
            .await
    };
    assert_eq!(
        ask("evil").await.unwrap_err().error,
        ErrorCode::InvalidGrant
    );
    let tokens = ask("spa").await.unwrap();
    assert!(
        tokens.refresh_token.is_some(),
        "without openid, whenever the client holds the grant"
    );
    assert!(tokens.id_token.is_none());
}

#[tokio::test]
async fn rfc6749_43_the_redirect_uri_is_bound_and_so_is_its_absence() {
    let service = Service::new();
    let (node, client, mut browser) = set_up(&service).await;
    let unnamed =
        request("web", "&scope=read").replace(&format!("&redirect_uri={REDIRECT_URI}"), "");
    let verifier = format!("&code_verifier={VERIFIER}");
    let code = browser.go(&node, &unnamed).await.code();
    assert!(client.redeem(&node, &code).await.is_err());
    client.redeem_with(&node, &code, &verifier).await.unwrap();
}
