//! Sessions and forms: OpenID Connect Core §3.1.2.3, attack classes 12 to 16.

use countersign_provider::pages::{Notice, SealedTicket};
use countersign_provider::{Show, UserChange};
use countersign_storage::GrantFilter;
use countersign_storage::testing::FailingStore;

use crate::browser::{TestBrowser, add_bob, end, kind, request, set_up, userinfo};
use crate::common::{PASSWORD, Service, USER, on_both_backends};

on_both_backends! {
    a_user_who_is_disabled_while_signing_in_gets_nothing
    attack_15_a_sign_in_gives_a_new_cookie_and_ends_the_old_one
}

#[tokio::test]
async fn attack_13_and_16_a_form_counts_for_the_browser_and_page_that_it_was_shown_on() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let mut victim = TestBrowser::default();
    let mut attacker = TestBrowser::default();
    let request = request("web", "&scope=openid");
    let Show::SignIn(sign_in) = attacker.authorize(&node, &request).await else {
        panic!()
    };
    victim.authorize(&node, &request).await;
    let forged = victim.type_in(&node, &sign_in, USER, PASSWORD).await;
    let Show::Error(page) = forged else { panic!() };
    assert_eq!(page.status, 403);
    assert_eq!(
        victim.session_cookie(),
        None,
        "nobody is signed in by a foreign form"
    );
    let without_cookies = TestBrowser::default()
        .type_in(&node, &sign_in, USER, PASSWORD)
        .await;
    let Show::Error(page) = without_cookies else {
        panic!()
    };
    assert_eq!(page.status, 403);

    let Show::Consent(consent) = attacker.type_in(&node, &sign_in, USER, PASSWORD).await else {
        panic!()
    };
    // Somebody who has the session cookie only, and not the browser that was shown the page.
    let mut thief = TestBrowser::with_session(attacker.session_cookie().unwrap());
    let Show::Error(page) = thief.decide(&node, &consent, "allow").await else {
        panic!()
    };
    assert_eq!(page.status, 403);
    // The ticket of one page is none for another.
    let mut as_sign_in = sign_in.clone();
    as_sign_in.ticket.clone_from(&consent.ticket);
    let Show::Error(page) = attacker.type_in(&node, &as_sign_in, USER, PASSWORD).await else {
        panic!()
    };
    assert_eq!(page.status, 403);
    for ticket in [
        "",
        "x",
        &consent.ticket.as_str()[1..],
        &format!("{}A", consent.ticket),
    ] {
        let mut broken = consent.clone();
        broken.ticket = SealedTicket::new(ticket.to_owned());
        let show = attacker.decide(&node, &broken, "allow").await;
        assert_eq!(kind(&show), "error", "{ticket}");
    }
    let Show::Error(page) = attacker.decide(&node, &consent, "perhaps").await else {
        panic!()
    };
    assert_eq!(page.status, 400);
    assert_eq!(
        kind(&attacker.decide(&node, &consent, "allow").await),
        "response"
    );
    let twice = attacker.decide(&node, &consent, "allow").await;
    assert_eq!(kind(&twice), "response", "pressed twice, a code each");
}

#[tokio::test]
async fn a_page_that_lay_open_for_too_long_is_shown_again() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let request = request("web", "&scope=openid");
    let Show::SignIn(sign_in) = browser.authorize(&node, &request).await else {
        panic!()
    };
    service.pass(&node, 3_601).await;
    let Show::SignIn(again) = browser.type_in(&node, &sign_in, USER, PASSWORD).await else {
        panic!()
    };
    assert_eq!(again.notice, Some(Notice::TooOld));
    assert_eq!(browser.session_cookie(), None);
    let Show::Consent(consent) = browser.type_in(&node, &again, USER, PASSWORD).await else {
        panic!()
    };
    service.pass(&node, 3_601).await;
    let Show::Consent(again) = browser.decide(&node, &consent, "allow").await else {
        panic!()
    };
    assert_eq!(again.notice, Some(Notice::TooOld));
    assert_eq!(
        kind(&browser.decide(&node, &again, "allow").await),
        "response"
    );
}

#[tokio::test]
async fn attack_14_what_one_user_was_shown_another_does_not_agree_to() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    add_bob(&node).await;
    let mut browser = TestBrowser::default();
    let request = request("web", "&scope=openid");
    let Show::SignIn(sign_in) = browser.authorize(&node, &request).await else {
        panic!()
    };
    // Two tabs.
    let Show::Consent(alices) = browser.type_in(&node, &sign_in, USER, PASSWORD).await else {
        panic!()
    };
    let Show::Consent(bobs) = browser.type_in(&node, &sign_in, "bob", PASSWORD).await else {
        panic!()
    };
    let Show::Consent(again) = browser.decide(&node, &alices, "allow").await else {
        panic!()
    };
    assert_eq!(again.notice, Some(Notice::Changed));
    assert_eq!(again.username, "bob");
    assert_eq!(
        kind(&browser.decide(&node, &bobs, "allow").await),
        "response"
    );
}

#[tokio::test]
async fn the_sign_in_page_says_what_is_wrong_and_keeps_the_name() {
    let mut service = Service::new();
    service.settings.throttle.account_failures = 2;
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let request = request("web", "&scope=openid&login_hint=alice");
    let Show::SignIn(mut page) = browser.authorize(&node, &request).await else {
        panic!()
    };
    assert_eq!(page.username, "alice");
    for expected in ["wrong", "wrong", "wrong", "too many"] {
        let Show::SignIn(again) = browser.type_in(&node, &page, "Alice", "wrong").await else {
            panic!()
        };
        let told = match again.notice.unwrap() {
            Notice::Wrong => "wrong",
            Notice::TooMany { seconds } if seconds > 0 => "too many",
            other => panic!("{other:?}"),
        };
        assert_eq!(told, expected);
        assert_eq!(again.username, "Alice");
        page = again;
    }
}

async fn a_user_who_is_disabled_while_signing_in_gets_nothing(service: Service) {
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let request = request("web", "&scope=openid");
    let Show::SignIn(sign_in) = browser.authorize(&node, &request).await else {
        panic!()
    };
    let Show::Consent(consent) = browser.type_in(&node, &sign_in, USER, PASSWORD).await else {
        panic!()
    };
    let change = UserChange::Enabled(false);
    node.change_user(&USER.parse().unwrap(), change)
        .await
        .unwrap();
    let Show::SignIn(again) = browser.decide(&node, &consent, "allow").await else {
        panic!()
    };
    assert_eq!(again.notice, Some(Notice::Changed));
    let Show::SignIn(again) = browser.type_in(&node, &again, USER, PASSWORD).await else {
        panic!()
    };
    assert_eq!(again.notice, Some(Notice::Wrong));
    assert!(
        node.list_grants(GrantFilter::default(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn attack_15_a_sign_in_gives_a_new_cookie_and_ends_the_old_one(service: Service) {
    let (node, _) = set_up(&service).await;
    add_bob(&node).await;
    let mut browser = TestBrowser::default();
    let login = request("web", "&scope=openid&prompt=login");
    let mut seen = Vec::new();
    for username in [USER, USER, "bob"] {
        let Show::SignIn(page) = browser.authorize(&node, &login).await else {
            panic!()
        };
        browser.type_in(&node, &page, username, PASSWORD).await;
        let cookie = browser.session_cookie().unwrap().to_owned();
        assert!(!seen.contains(&cookie));
        for old in &seen {
            let show = TestBrowser::with_session(old)
                .authorize(&node, &request("web", ""))
                .await;
            assert_eq!(kind(&show), "sign in", "{username}");
        }
        seen.push(cookie);
    }
    let sessions = node.list_sessions(None, None, 10).await.unwrap();
    assert_eq!(sessions.len(), 1, "bob's took the place of alice's");
    // One that is given, and not drawn here, is none.
    for forged in [
        "",
        "x",
        &"A".repeat(64),
        &seen[2][1..],
        &format!("B{}", &seen[2][1..]),
    ] {
        let show = TestBrowser::with_session(forged)
            .authorize(&node, &request("web", ""))
            .await;
        assert_eq!(kind(&show), "sign in", "{forged}");
    }
}

#[tokio::test]
async fn a_session_ends_when_idle_and_when_old() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let request = request("web", "&scope=openid");
    browser.go(&node, &request).await.code();
    let idle = i64::from(service.settings.session_idle_lifetime);
    for _ in 0..28 {
        service.pass(&node, idle - 1).await;
        assert_eq!(kind(&browser.authorize(&node, &request).await), "response");
    }
    service.pass(&node, 60).await;
    assert_eq!(
        kind(&browser.authorize(&node, &request).await),
        "sign in",
        "14 days are over"
    );
    browser.go(&node, &request).await.code();
    service.pass(&node, idle).await;
    assert_eq!(
        kind(&browser.authorize(&node, &request).await),
        "sign in",
        "idle"
    );
}

#[tokio::test]
async fn attack_12_pages_that_nobody_has_signed_in_for_touch_no_storage() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let request = request("web", "&scope=openid");
    TestBrowser::default().authorize(&node, &request).await;
    let before = service.store.total_calls();
    for _ in 0..10 {
        let show = TestBrowser::default().authorize(&node, &request).await;
        assert_eq!(kind(&show), "sign in");
    }
    assert_eq!(
        service.store.total_calls(),
        before,
        "the client is in memory"
    );
}

#[tokio::test]
async fn rule_a3_without_storage_nobody_signs_in_and_nothing_is_consumed() {
    let service = Service::new();
    let (node, client) = set_up(&service).await;
    let mut browser = TestBrowser::default();
    let request = request("web", "&scope=openid");
    let Show::SignIn(sign_in) = browser.authorize(&node, &request).await else {
        panic!()
    };
    service.store.switch_off();
    let Show::Error(page) = browser.type_in(&node, &sign_in, USER, PASSWORD).await else {
        panic!()
    };
    assert_eq!(page.status, 503);
    service.store.switch_on();
    let Show::Consent(consent) = browser.type_in(&node, &sign_in, USER, PASSWORD).await else {
        panic!()
    };
    service.store.fail_writes();
    let Show::Error(page) = browser.decide(&node, &consent, "allow").await else {
        panic!()
    };
    assert_eq!(page.status, 503);
    service.store.switch_off();
    let Show::Error(page) = browser.authorize(&node, &request).await else {
        panic!()
    };
    assert_eq!(page.status, 503);
    service.store.switch_on();
    let code = end(browser.decide(&node, &consent, "allow").await).code();
    for fail in [FailingStore::switch_off, FailingStore::fail_writes] {
        fail(&service.store);
        assert_eq!(client.redeem(&node, &code).await.unwrap_err().status(), 503);
    }
    service.store.switch_on();
    let tokens = client.redeem(&node, &code).await.unwrap();
    service.store.switch_off();
    assert_eq!(
        userinfo(&node, &tokens.access_token)
            .await
            .unwrap_err()
            .status(),
        503
    );
}
