//! Signing out: OpenID Connect RP-Initiated Logout.

use countersign_core::ClientSettings;
use countersign_provider::Show;

use crate::browser::{End, TestBrowser, request, web_settings};
use crate::common::{Service, TestClient, add_user};

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
        format!("id_token_hint={hint}&client_id=other"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://evil.example/bye"),
        format!("id_token_hint={hint}&post_logout_redirect_uri=https://app.example/bye?x"),
        format!("client_id=other{then}"),
        "state=a&state=b".to_owned(),
    ] {
        let show = browser.sign_out(&node, &request).await;
        assert!(matches!(show, Show::Error(_)), "{request}: {show:?}");
    }
    // A hint that is worth nothing is none, and leads nowhere, whoever is named beside it.
    for worthless in [
        "id_token_hint=x".to_owned(),
        format!("id_token_hint={hint}A&client_id=web"),
    ] {
        let show = browser.sign_out(&node, &format!("{worthless}{then}")).await;
        let Show::ConfirmSignOut(page) = show else {
            panic!("{show:?}")
        };
        assert!(!page.leads_away, "{worthless}");
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
        let stays = browser.confirm(&node, page.ticket.as_str(), "stay").await;
        assert!(matches!(stays, Show::SignedOut(page) if page.stays));
        assert!(matches!(
            browser.authorize(&node, &silent).await,
            Show::Response(_)
        ));
        let show = browser
            .confirm(&node, page.ticket.as_str(), "sign_out")
            .await;
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
    // Another site made the browser POST, without its cookies: nothing is taken from it.
    let mut elsewhere = TestBrowser::default();
    let show = elsewhere.sign_out(&node, "").await;
    assert!(matches!(show, Show::SignedOut(_)));
    assert!(!elsewhere.was_told_to_forget());
    // Nobody is signed in: nothing to ask.
    let show = browser
        .sign_out(&node, &format!("id_token_hint={hint}{then}"))
        .await;
    assert!(matches!(show, Show::Redirect(_)));
}
