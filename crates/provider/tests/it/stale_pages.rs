//! What was seen or done a while ago, by somebody else, or for another client, does not count for what comes now.

use countersign_core::{
    ApplicationType, AuthMethod, ClientSettings, GrantType, ResponseType, SettingsError,
};
use countersign_provider::pages::Notice;
use countersign_provider::{SecretSource, Show};

use crate::browser::{
    CHALLENGE, TestBrowser, add_bob, claims_of, end, kind, request, set_up, web_settings,
};
use crate::common::{PASSWORD, Service, TestClient, USER, add_user, on_both_backends};

on_both_backends! {
    rule_r11_signing_out_ends_a_session_that_lay_idle
    rule_r11_signing_in_again_goes_on_with_a_session_that_lay_idle
    rule_r10_a_page_agreed_to_for_one_client_is_none_for_its_successor
    revoking_everything_signs_everybody_out
    two_tabs_that_sign_in_at_once_keep_what_stands_on_the_session
}

#[tokio::test]
async fn a_sign_in_counts_for_the_request_for_an_hour_at_most() {
    let service = Service::new();
    let (node, client) = set_up(&service).await;
    for more in [
        "&scope=openid&prompt=login+consent",
        "&scope=openid&max_age=60&prompt=consent",
    ] {
        let mut browser = TestBrowser::default();
        let show = browser.authorize(&node, &request("web", more)).await;
        let Show::SignIn(page) = show else { panic!() };
        let Show::Consent(mut page) = browser.type_in(&node, &page, USER, PASSWORD).await else {
            panic!()
        };
        // Not so long that the page is too old, but longer than `max_age`: the user is still at it.
        service.pass(&node, 3_600).await;
        let code = end(browser.decide(&node, &page, "allow").await).code();
        client.redeem(&node, &code).await.unwrap();
        service.pass(&node, 1).await;
        let again = browser.decide(&node, &page, "allow").await;
        let Show::SignIn(sign_in) = again else {
            panic!("{again:?}")
        };
        let Show::Consent(new) = browser.type_in(&node, &sign_in, USER, PASSWORD).await else {
            panic!()
        };
        page = new;
        let code = end(browser.decide(&node, &page, "allow").await).code();
        let id_token = client.redeem(&node, &code).await.unwrap().id_token.unwrap();
        let claims = claims_of(&id_token);
        assert_eq!(claims["auth_time"], claims["iat"], "{more}");
    }
}

#[tokio::test]
async fn a_sign_in_in_another_tab_does_not_count_for_this_request() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let login = request("web", "&scope=openid&prompt=login+consent");
    let Show::SignIn(page) = browser.authorize(&node, &login).await else {
        panic!()
    };
    let Show::Consent(consent) = browser.type_in(&node, &page, USER, PASSWORD).await else {
        panic!()
    };
    service.pass(&node, 10).await;
    browser.type_in(&node, &page, USER, PASSWORD).await;
    let show = browser.decide(&node, &consent, "allow").await;
    assert_eq!(kind(&show), "sign in");
}

#[tokio::test]
async fn attack_14_a_refusal_counts_on_every_page_and_nothing_is_approved_in_passing() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    add_bob(&node).await;
    let plain = request("web", "&scope=openid");
    let mut browser = TestBrowser::default();
    let Show::SignIn(page) = browser.authorize(&node, &plain).await else {
        panic!()
    };
    let Show::Consent(alices) = browser.type_in(&node, &page, USER, PASSWORD).await else {
        panic!()
    };
    let Show::Consent(bobs) = browser.type_in(&node, &page, "bob", PASSWORD).await else {
        panic!()
    };
    assert_eq!(
        kind(&browser.decide(&node, &bobs, "allow").await),
        "response"
    );
    // Bob has agreed; what is pressed on Alice's page is not his.
    let denied = end(browser.decide(&node, &alices, "deny").await);
    assert_eq!(denied.error(), "access_denied");
    let Show::Consent(page) = browser.decide(&node, &alices, "allow").await else {
        panic!()
    };
    assert_eq!(
        (page.notice, &*page.username),
        (Some(Notice::Changed), "bob")
    );
    // The same user, after too long.
    service.pass(&node, 3_601).await;
    let Show::Consent(page) = browser.decide(&node, &bobs, "allow").await else {
        panic!()
    };
    assert_eq!(page.notice, Some(Notice::TooOld));
    let denied = end(browser.decide(&node, &bobs, "deny").await);
    assert_eq!(denied.error(), "access_denied");
    // Another account is another account, however old the page is.
    let select = request("web", "&scope=openid&prompt=select_account");
    let Show::SelectAccount(page) = browser.authorize(&node, &select).await else {
        panic!()
    };
    service.pass(&node, 3_601).await;
    let show = browser.choose(&node, &page, "current").await;
    assert_eq!(kind(&show), "select account", "too old to be taken");
    assert_eq!(
        kind(&browser.choose(&node, &page, "other").await),
        "sign in"
    );
}

/// Browsers keep the forms that they have sent, with the password.
#[tokio::test]
async fn who_has_signed_out_is_not_signed_in_by_going_back() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let plain = request("web", "&scope=openid");
    let Show::SignIn(page) = browser.authorize(&node, &plain).await else {
        panic!()
    };
    let Show::Consent(_) = browser.type_in(&node, &page, USER, PASSWORD).await else {
        panic!()
    };
    let Show::ConfirmSignOut(confirm) = browser.sign_out(&node, "").await else {
        panic!()
    };
    browser
        .confirm(&node, confirm.ticket.as_str(), "sign_out")
        .await;
    let Show::Error(error) = browser.type_in(&node, &page, USER, PASSWORD).await else {
        panic!()
    };
    assert_eq!(error.status, 403);
    assert_eq!(browser.session_cookie(), None);
}

async fn rule_r11_signing_out_ends_a_session_that_lay_idle(service: Service) {
    let (node, client) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let code = browser
        .go(&node, &request("web", "&scope=read"))
        .await
        .code();
    let tokens = client.redeem(&node, &code).await.unwrap();
    service.pass(&node, 12 * 3_600 + 1).await;
    let show = browser.sign_out(&node, "client_id=web").await;
    assert_eq!(kind(&show), "signed out");
    assert_eq!(browser.session_cookie(), None);
    let refreshed = client.refresh(&node, &tokens.refresh_token.unwrap()).await;
    assert!(refreshed.is_err());
}

async fn rule_r11_signing_in_again_goes_on_with_a_session_that_lay_idle(service: Service) {
    let (node, client) = set_up(&service).await;
    add_bob(&node).await;
    let mut browser = TestBrowser::default();
    let read = request("web", "&scope=read");
    let code = browser.go(&node, &read).await.code();
    let first = client
        .redeem(&node, &code)
        .await
        .unwrap()
        .refresh_token
        .unwrap();
    service.pass(&node, 12 * 3_600 + 1).await;
    browser.go(&node, &read).await.code();
    let first = client.refresh(&node, &first).await.unwrap().refresh;
    assert_eq!(node.list_sessions(None, None, 10).await.unwrap().len(), 1);
    // Somebody else at the same browser takes its place.
    service.pass(&node, 12 * 3_600 + 1).await;
    let Show::SignIn(page) = browser.authorize(&node, &read).await else {
        panic!()
    };
    browser.type_in(&node, &page, "bob", PASSWORD).await;
    assert!(client.refresh(&node, &first).await.is_err());
    assert_eq!(node.list_sessions(None, None, 10).await.unwrap().len(), 1);
}

async fn rule_r10_a_page_agreed_to_for_one_client_is_none_for_its_successor(service: Service) {
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let plain = request("web", "&scope=openid");
    let Show::SignIn(page) = browser.authorize(&node, &plain).await else {
        panic!()
    };
    let Show::Consent(page) = browser.type_in(&node, &page, USER, PASSWORD).await else {
        panic!()
    };
    node.remove_client(&"web".parse().unwrap()).await.unwrap();
    let other = ClientSettings {
        client_name: Some("Another".into()),
        ..web_settings()
    };
    TestClient::add(&node, "web", other).await;
    service.pass(&node, 2).await;
    let Show::Consent(page) = browser.decide(&node, &page, "allow").await else {
        panic!()
    };
    assert_eq!(page.notice, Some(Notice::Changed));
    assert_eq!(page.client.name, "Another");
}

async fn revoking_everything_signs_everybody_out(service: Service) {
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    browser
        .go(&node, &request("web", "&scope=openid"))
        .await
        .code();
    node.end_everything().await.unwrap();
    service.pass(&node, 2).await;
    let silent = request("web", "&scope=openid&prompt=none");
    let refused = end(browser.authorize(&node, &silent).await);
    assert_eq!(refused.error(), "login_required");
}

async fn two_tabs_that_sign_in_at_once_keep_what_stands_on_the_session(service: Service) {
    let (node, client) = set_up(&service).await;
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
    let login = request("web", "&scope=read&prompt=login");
    for _ in 0..4 {
        let Show::SignIn(page) = browser.authorize(&node, &login).await else {
            panic!()
        };
        let mut other = browser.clone();
        tokio::join!(
            browser.type_in(&node, &page, USER, PASSWORD),
            other.type_in(&node, &page, USER, PASSWORD),
        );
        refresh = client.refresh(&node, &refresh).await.unwrap().refresh;
    }
}

/// RFC 8252 §8.6: any program on the device can listen on loopback, or claim a scheme.
#[tokio::test]
async fn rfc8252_a_client_that_anybody_can_play_always_asks() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let native = |uri: &str| ClientSettings {
        application_type: ApplicationType::Native,
        token_endpoint_auth_method: Some(AuthMethod::None),
        redirect_uris: vec![uri.parse().unwrap()],
        ..web_settings()
    };
    for (id, registered, asked, proven) in [
        (
            "cli",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:6666/cb",
            false,
        ),
        ("app", "com.example.app:/cb", "com.example.app:/cb", false),
        (
            "claimed",
            "https://app.example/cb",
            "https://app.example/cb",
            true,
        ),
    ] {
        let settings = native(registered);
        node.add_client(id.parse().unwrap(), settings, SecretSource::Generated)
            .await
            .unwrap();
        let mut browser = TestBrowser::default();
        let request = format!(
            "client_id={id}&redirect_uri={asked}&response_type=code&code_challenge={CHALLENGE}&\
             code_challenge_method=S256&scope=openid"
        );
        browser.go(&node, &request).await.code();
        let show = browser.authorize(&node, &request).await;
        assert_eq!(
            kind(&show),
            if proven { "response" } else { "consent" },
            "{id}"
        );
        let silent = end(browser
            .authorize(&node, &format!("{request}&prompt=none"))
            .await);
        let told = silent.response();
        assert_eq!(
            told.get("error").map(String::as_str),
            (!proven).then_some("consent_required")
        );
        let skipping = ClientSettings {
            skip_consent: true,
            ..native(registered)
        };
        let refused = matches!(skipping.check(), Err(SettingsError::SkipConsentUnproven(_)));
        assert_eq!(refused, !proven, "{id}");
    }
    let confidential = ClientSettings {
        redirect_uris: vec!["http://127.0.0.1/cb".parse().unwrap()],
        skip_consent: true,
        ..ClientSettings::new(vec![GrantType::AuthorizationCode])
    };
    assert_eq!(confidential.check(), Ok(()));
    // A token needs no secret.
    let with_tokens = ClientSettings {
        grant_types: vec![GrantType::AuthorizationCode, GrantType::Implicit],
        response_types: vec![ResponseType::Code, ResponseType::CodeToken],
        ..confidential
    };
    assert!(matches!(
        with_tokens.check(),
        Err(SettingsError::SkipConsentUnproven(_))
    ));
}
