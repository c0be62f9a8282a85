//! The authorization endpoint while nothing can be stored (RULES A3): a page that says so, nobody is redirected, and nothing
//! is consumed.

use countersign_tests::{Answer, Disk, Home, Kind, Request};

use crate::web::{Web, assert_error_page, page_of};

fn assert_unavailable(answer: &Answer, what: &str) {
    assert_error_page(answer, 503, what);
    assert_ne!(answer.header("retry-after"), "", "{what}");
    assert!(
        answer.text().contains("temporarily_unavailable"),
        "{}",
        answer.text()
    );
}

#[test]
fn cve_2020_15223_rule_a3_a_full_disk_is_told_on_a_page_and_consumes_nothing() {
    let Some(disk) = Disk::with_room_for(8_000) else {
        return;
    };
    let web = Web::at(Home::with_keys_in(disk.path()), &[], &[]);
    let mut browser = web.signed_in();
    let waiting = browser.go(&web.offline(), &web.user).code();
    let code = browser.go(&web.offline(), &web.user).code();
    let token = web.server.redeem(&web.client, &code).access_token();
    let more = Request::of("web").with("scope", "openid write");
    let consent = page_of(&browser.authorize(&more), Kind::Consent, "more");
    let mut stranger = web.server.browser();
    let sign_in = stranger.authorize(&Request::of("web")).page();
    let confirm = browser.get("/logout").page();
    disk.fill();

    // What is small may still find room in what the database had taken before.
    let full = (0..5_000).any(|_| browser.authorize(&Request::of("web")).status == 503);
    assert!(full, "the disk is never full");
    for _ in 0..3 {
        assert_unavailable(&browser.authorize(&Request::of("web")), "single sign-on");
        assert_unavailable(&browser.press(&consent, "allow"), "consent");
        assert_unavailable(&browser.press(&confirm, "sign_out"), "signing out");
        assert_unavailable(&stranger.sign_in(&sign_in, &web.user), "a sign-in");
        assert_eq!(stranger.cookies.session(), None);
        let refused = web.server.redeem(&web.client, &waiting).refusal();
        assert_eq!(refused, (503, "temporarily_unavailable".into()));
        // What needs no room goes on.
        assert_eq!(stranger.authorize(&Request::of("web")).kind(), Kind::SignIn);
        assert_eq!(browser.authorize(&more).kind(), Kind::Consent);
        assert_eq!(
            browser.press(&consent, "deny").response().error(),
            "access_denied"
        );
        assert_eq!(web.server.userinfo(&token).status, 200);
    }
    // There is room again, and that is all.
    disk.make_room();
    assert_eq!(web.server.redeem(&web.client, &waiting).status, 200);
    let _ = browser.press(&consent, "allow").response().code();
    let _ = stranger.sign_in(&sign_in, &web.user).response().code();
    assert_eq!(browser.press(&confirm, "sign_out").kind(), Kind::Message);
    assert!(!web.is_signed_in(&browser) && web.is_signed_in(&stranger));
}
