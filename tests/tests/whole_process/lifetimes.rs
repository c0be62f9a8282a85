//! What ends by itself, as it is configured: codes, sessions and ID tokens (`lifetimes.*`, `sessions.*`).

use std::time::Instant;

use countersign_tests::{Cookies, PATIENCE, Request, SECOND, eventually, jwt};

use crate::scene::invalid_grant;
use crate::web::Web;

#[test]
fn what_is_issued_says_for_how_long() {
    let variables = [
        ("COUNTERSIGN_LIFETIMES__SESSION", "300"),
        ("COUNTERSIGN_LIFETIMES__SESSION_IDLE", "200"),
        ("COUNTERSIGN_LIFETIMES__ID_TOKEN", "77"),
    ];
    let web = Web::with(&[], &variables);
    let mut browser = web.server.browser();
    let page = browser.authorize(&web.offline()).page();
    let answer = browser.sign_in(&page, &web.user);
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.contains("Max-Age=300"),
        "the browser forgets it as well: {cookie}"
    );
    let code = browser.finish(answer, &web.user).code();
    let told = web.server.redeem(&web.client, &code);
    assert_eq!(told.json()["expires_in"], 600);
    let claims = jwt::claims(&told.id_token());
    let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64());
    assert_eq!(
        lifetime.map(|(end, begin)| end - begin),
        Some(77),
        "{claims}"
    );
    // Without offline_access, nothing outlives the session.
    let bound = browser
        .go(&Request::of("web").with("scope", "read"), &web.user)
        .code();
    let bound = web.server.redeem(&web.client, &bound).json();
    assert!(
        bound["expires_in"].as_i64().is_some_and(|left| left <= 300),
        "{bound}"
    );
}

#[test]
fn codes_and_sessions_end_by_themselves() {
    let variables = [
        ("COUNTERSIGN_LIFETIMES__AUTHORIZATION_CODE", "1"),
        ("COUNTERSIGN_LIFETIMES__SESSION_IDLE", "1"),
    ];
    let web = Web::with(&[], &variables);
    let mut browser = web.server.browser();
    let code = browser.go(&web.offline(), &web.user).code();
    let over = eventually(PATIENCE, || (!web.is_signed_in(&browser)).then_some(()));
    assert!(over.is_some(), "idle for a second");
    // It was made later than the session, in the same second or in the next.
    let since = Instant::now();
    let later = eventually(PATIENCE, || (since.elapsed() > SECOND).then_some(()));
    assert!(later.is_some());
    let refused = web.server.redeem(&web.client, &code).refusal();
    assert_eq!(refused, invalid_grant());
}

#[test]
fn a_user_has_at_most_so_many_sessions() {
    let web = Web::with(&[], &[("COUNTERSIGN_SESSIONS__MAX_PER_USER", "2")]);
    let all: Vec<Cookies> = (0..3).map(|_| web.signed_in().cookies).collect();
    let alive = all
        .into_iter()
        .map(|cookies| web.is_signed_in(&web.server.browser_with(cookies)));
    assert_eq!(
        alive.collect::<Vec<_>>(),
        [false, true, true],
        "the oldest made room"
    );
    assert!(web.has_logged("oldest_session_ended"));
}
