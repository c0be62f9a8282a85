//! When keys are fetched, how often, and who waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_core::SigningAlgorithm;
use countersign_jose::jws::JwsError;
use countersign_jose::remote_key_set::FetchRules;
use countersign_resource::{AccessToken, KeysFailure, Refusal, Validator};
use serde_json::json;
use tokio::task::JoinSet;

use crate::fixtures::{
    ISSUER, KEY, TestKey, claims_json, clock, ended, error, fetching, is_unavailable, jwks,
    long_lived,
};
use crate::host::{Answer, Host};

/// Judges `token` as often as this, at the same time.
async fn at_once(
    validator: &Validator,
    token: &str,
    count: usize,
) -> Vec<Result<AccessToken, Refusal>> {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (validator, token) = (validator.clone(), token.to_owned());
        tasks.spawn(async move { validator.validate(&token).await });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn nothing_is_fetched_before_there_is_need() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let validator = fetching(&host, &clock()).build().unwrap();
    assert_eq!(host.requests().len(), 0);
    // What no key could make good is refused without asking.
    assert!(error(validator.validate("rubbish").await).is_some());
    assert_eq!(host.requests().len(), 0);
    for _ in 0..100 {
        let token = validator.validate(&long_lived(&KEY)).await.unwrap();
        assert_eq!(token.subject(), Some("billing-worker"));
    }
    validator.ready().await.unwrap();
    assert_eq!(host.requests().len(), 1);
}

/// Judges `token` again and again, on several tasks, until told to stop, and at least 50 times each. It is always good.
fn load(validator: &Validator, token: &str) -> (Arc<AtomicBool>, JoinSet<()>) {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (validator, token, stop) = (validator.clone(), token.to_owned(), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut count = 0;
            while count < 50 || !stop.load(Ordering::SeqCst) {
                validator.validate(&token).await.expect("a good token");
                tokio::task::yield_now().await;
                count += 1;
            }
        });
    }
    (stop, tasks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announced_rotation_under_load_fails_no_request_and_fetches_a_handful_of_times() {
    let (old, new) = (TestKey::new(), TestKey::new());
    let host = Host::with_jwks(jwks([&old])).await;
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let (old_token, new_token) = (long_lived(&old), long_lived(&new));

    let (stop_old, with_old) = load(&validator, &old_token);
    host.renewed(&validator, &old_token, 1).await;
    // Announced; then signed with; then the old one is gone.
    host.answer("/jwks", Answer::ok(jwks([&old, &new])));
    clock.advance(300);
    host.renewed(&validator, &old_token, 2).await;
    let (stop_new, with_new) = load(&validator, &new_token);
    clock.advance(300);
    host.renewed(&validator, &new_token, 3).await;
    stop_old.store(true, Ordering::SeqCst);
    with_old.join_all().await;
    host.answer("/jwks", Answer::ok(jwks([&new])));
    clock.advance(300);
    host.renewed(&validator, &new_token, 4).await;
    ended(&validator, &old_token).await;
    stop_new.store(true, Ordering::SeqCst);
    with_new.join_all().await;
    assert_eq!(host.requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_misses_are_one_fetch() {
    let (old, new) = (TestKey::new(), TestKey::new());
    let host = Host::with_jwks(jwks([&old])).await;
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();

    // No key yet; then one that is missing.
    for (round, key) in [&old, &new].into_iter().enumerate() {
        host.hold();
        host.answer("/jwks", Answer::ok(jwks([key])));
        let token = long_lived(key);
        let waiting = {
            let validator = validator.clone();
            tokio::spawn(async move { at_once(&validator, &token, 200).await })
        };
        host.reached("/jwks", round + 1).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        host.release();
        for judged in waiting.await.unwrap() {
            judged.unwrap();
        }
        assert_eq!(host.count("/jwks"), round + 1);
        clock.advance(30);
    }
}

#[tokio::test]
async fn who_stops_waiting_stops_nothing() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    host.hold();
    let validator = fetching(&host, &clock()).build().unwrap();
    let wait = || {
        let validator = validator.clone();
        tokio::spawn(async move { validator.validate(&long_lived(&KEY)).await })
    };
    let first = wait();
    host.reached("/jwks", 1).await;
    let second = wait();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    // Even with nobody left the answer is taken.
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    let third = wait();
    host.release();
    third.await.unwrap().unwrap();
    assert_eq!(host.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_unknown_kids_is_one_fetch_per_cool_down() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let known = long_lived(&KEY);
    validator.validate(&known).await.unwrap();
    for round in 1..=3 {
        let mut tasks = JoinSet::new();
        for index in 0..300 {
            let header = KEY.header_with(&json!({ "kid": format!("{round}-{index}") }));
            let token = KEY.forge(&header, &claims_json().to_string());
            let (validator, known) = (validator.clone(), known.clone());
            tasks.spawn(async move {
                validator.validate(&known).await.unwrap();
                error(validator.validate(&token).await)
            });
        }
        for refused in tasks.join_all().await {
            assert_eq!(refused, Some(JwsError::UnknownKey.into()));
        }
        assert_eq!(host.count("/jwks"), round);
        clock.advance(30);
    }
}

#[tokio::test]
async fn a_token_that_no_key_could_make_good_is_refused_even_without_keys() {
    let host = Host::start().await;
    let validator = fetching(&host, &clock()).build().unwrap();
    let stranger = TestKey::new();
    let headed = |changes| stranger.forge(&stranger.header_with(&changes), "{}");
    for (token, unavailable) in [
        ("", false),
        ("a.b.c", false),
        ("eyJhbGciOiJub25lIn0.e30.", false),
        (&headed(json!({"alg": "HS256"})), false),
        (&headed(json!({"alg": "HS512"})), false),
        (&headed(json!({"typ": "JWT"})), false),
        (
            &headed(json!({"typ": "application/application/at+jwt"})),
            false,
        ),
        (&stranger.forge(r#"{"alg":"ES256","kid":"1"}"#, "{}"), false),
    ] {
        let judged = validator.validate(token).await;
        assert_eq!(is_unavailable(&judged), unavailable, "{token:?}");
    }
    assert_eq!(host.requests().len(), 0);
    for token in [
        &*long_lived(&KEY),
        // Whether the claims are wrong is not said before the signature is right.
        &headed(json!({"alg": "EdDSA"})),
        &headed(json!({"alg": "RS256", "typ": "Application/AT+JWT"})),
    ] {
        let judged = validator.validate(token).await;
        assert!(is_unavailable(&judged), "{token:?}");
    }
    assert_eq!(host.requests().len(), 1);
}

#[tokio::test]
async fn the_age_of_keys_counts_from_the_question() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    host.hold();
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let token = long_lived(&KEY);
    let waiting = {
        let (validator, token) = (validator.clone(), token.clone());
        tokio::spawn(async move { validator.validate(&token).await })
    };
    host.reached("/jwks", 1).await;
    clock.advance(200);
    host.release();
    waiting.await.unwrap().unwrap();
    clock.advance(99);
    validator.validate(&token).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(host.count("/jwks"), 1);
    clock.advance(1);
    validator.validate(&token).await.unwrap();
    host.reached("/jwks", 2).await;
}

#[tokio::test]
async fn rules_stay_within_reason() {
    let rules = FetchRules {
        default_max_age: u32::MAX,
        min_max_age: u32::MAX,
        max_max_age: u32::MAX,
        cool_down: 0,
        keep_stale: u32::MAX,
    };
    for line in [
        "x: y",
        "cache-control: max-age=31536000",
        "cache-control: max-age=0",
    ] {
        let host = Host::start().await;
        let answer = Answer::ok(jwks([&*KEY])).with_header(line);
        host.answer("/jwks", answer);
        let clock = clock();
        let validator = fetching(&host, &clock).fetch_rules(rules).build().unwrap();
        let token = long_lived(&KEY);
        validator.validate(&token).await.unwrap();
        // Strangers set no pace.
        for _ in 0..20 {
            let refused = error(validator.validate(&long_lived(&TestKey::new())).await);
            assert_eq!(refused, Some(JwsError::UnknownKey.into()));
        }
        assert_eq!(host.requests().len(), 1);
        // And a key does not live for ever.
        host.answer("/jwks", Answer::status(500));
        clock.advance(7 * 86_400 - 1);
        validator.validate(&token).await.unwrap();
        clock.advance(1);
        assert!(is_unavailable(&validator.validate(&token).await));
    }
}

#[tokio::test]
async fn old_keys_serve_while_new_ones_are_fetched() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let token = long_lived(&KEY);
    validator.validate(&token).await.unwrap();
    host.hold();
    clock.advance(300);
    for _ in 0..100 {
        validator.validate(&token).await.unwrap();
    }
    // They were asked for, once, and nobody has waited for the answer.
    host.reached("/jwks", 2).await;
    host.answer("/jwks", Answer::ok(jwks([])));
    host.release();
    let refused = ended(&validator, &token).await;
    assert_eq!(refused, JwsError::UnknownKey.into());
    assert_eq!(host.count("/jwks"), 2);
}

#[tokio::test]
async fn an_answer_says_how_long_it_is_good() {
    let rows: [(&[&str], i64); 6] = [
        (&[], 300),
        (&["cache-control: public, max-age=600"], 600),
        (&["cache-control: max-age=600", "age: 500"], 100),
        // Within bounds: an issuer neither has its keys asked for at every request nor pinned for ever.
        (&["cache-control: no-store"], 30),
        (&["cache-control: max-age=0"], 30),
        (&["cache-control: max-age=31536000"], 43_200),
    ];
    for (headers, fresh) in rows {
        let host = Host::start().await;
        let mut answer = Answer::ok(jwks([&*KEY]));
        for line in headers {
            answer = answer.with_header(*line);
        }
        host.answer("/jwks", answer);
        let clock = clock();
        let validator = fetching(&host, &clock).build().unwrap();
        let token = long_lived(&KEY);
        validator.validate(&token).await.unwrap();
        clock.advance(fresh - 1);
        validator.validate(&token).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(host.count("/jwks"), 1, "{headers:?}");
        clock.advance(1);
        validator.validate(&token).await.unwrap();
        host.reached("/jwks", 2).await;
    }
}

#[tokio::test]
async fn other_rules_may_be_given() {
    let host = Host::with_jwks(jwks([&*KEY])).await;
    let clock = clock();
    let rules = FetchRules {
        default_max_age: 60,
        ..FetchRules::default()
    };
    let validator = fetching(&host, &clock).fetch_rules(rules).build().unwrap();
    validator.validate(&long_lived(&KEY)).await.unwrap();
    clock.advance(60);
    validator.validate(&long_lived(&KEY)).await.unwrap();
    host.reached("/jwks", 2).await;
}

#[tokio::test]
async fn rfc9110_13_1_2_what_has_not_changed_is_not_sent_again() {
    let host = Host::start().await;
    host.answer("/jwks", Answer::Tagged("\"v1\"", jwks([&*KEY]).into()));
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    let token = long_lived(&KEY);
    for round in 1..=3 {
        validator.validate(&token).await.unwrap();
        host.reached("/jwks", round).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let asked = host.requests().last().unwrap().contains("if-none-match");
        assert_eq!(asked, round > 1);
        // That nothing has changed is news, too, and good for as long.
        clock.advance(299);
        validator.validate(&token).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(host.count("/jwks"), round);
        clock.advance(1);
    }
    // Another tag, another set.
    host.answer("/jwks", Answer::Tagged("\"v2\"", jwks([]).into()));
    validator.validate(&token).await.unwrap();
    let refused = ended(&validator, &token).await;
    assert_eq!(refused, JwsError::UnknownKey.into());
    assert_eq!(host.count("/jwks"), 4);
}

#[tokio::test]
async fn a_tag_is_not_sent_by_who_has_no_keys() {
    let host = Host::start().await;
    host.answer("/jwks", Answer::Tagged("\"v1\"", jwks([&*KEY]).into()));
    let clock = clock();
    let rules = FetchRules {
        keep_stale: 1000,
        ..FetchRules::default()
    };
    let validator = fetching(&host, &clock).fetch_rules(rules).build().unwrap();
    let token = long_lived(&KEY);
    validator.validate(&token).await.unwrap();
    clock.advance(2000);
    validator.validate(&token).await.unwrap();
    assert_eq!(host.count("/jwks"), 2);
    assert!(!host.requests()[1].contains("if-none-match"));
}

#[tokio::test]
async fn an_unasked_304_is_no_answer() {
    let host = Host::start().await;
    host.answer("/jwks", Answer::status(304));
    let validator = fetching(&host, &clock()).build().unwrap();
    let error = validator.ready().await.unwrap_err();
    assert_eq!(error.reason, KeysFailure::Status(304));
    assert_eq!(error.place, host.url("/jwks"));
}

#[tokio::test]
async fn keys_that_are_not_understood_are_passed_over() {
    let mut set: serde_json::Value = serde_json::from_str(&jwks([&*KEY])).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    keys.push(json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AAAA"}));
    keys.push(json!({"kty": "RSA", "use": "enc", "kid": "enc", "n": "AQAB", "e": "AQAB"}));
    let host = Host::with_jwks(set.to_string()).await;
    let validator = fetching(&host, &clock()).build().unwrap();
    validator.validate(&long_lived(&KEY)).await.unwrap();
}

#[test]
fn without_a_runtime_nothing_is_fetched_and_nothing_panics() {
    use std::future::Future as _;
    use std::task::{Context, Poll, Waker};

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let host = runtime.block_on(Host::with_jwks(jwks([&*KEY])));
    let validator = fetching(&host, &clock()).build().unwrap();
    let poll = |validator: &Validator| {
        let mut ready = std::pin::pin!(validator.ready());
        let mut context = Context::from_waker(Waker::noop());
        match ready.as_mut().poll(&mut context) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("it waits"),
        }
    };
    let error = poll(&validator).unwrap_err();
    assert_eq!(error.reason, KeysFailure::NoRuntime);
    // One that is shut down takes the task and drops it, there and then.
    let gone = tokio::runtime::Runtime::new().unwrap();
    let handle = gone.handle().clone();
    drop(gone);
    let inside = handle.enter();
    let error = poll(&validator).unwrap_err();
    assert_eq!(error.reason, KeysFailure::Interrupted);
    drop(inside);
    // And on one that runs all is well, once the cool-down of the first failure is over.
    let clock = clock();
    let validator = fetching(&host, &clock).build().unwrap();
    runtime.block_on(validator.ready()).unwrap();
}

#[tokio::test]
async fn each_issuer_has_its_own_keys() {
    let (ours, theirs) = (TestKey::new(), TestKey::new());
    let host = Host::with_jwks(jwks([&ours])).await;
    let other = Host::with_jwks(jwks([&theirs])).await;
    let clock = clock();
    let ours_only = fetching(&host, &clock).build().unwrap();
    let theirs_only = Validator::from_jwks_url(
        "https://other.example",
        other.url("/jwks"),
        crate::fixtures::API,
    );
    let theirs_only = theirs_only.clock(clock).build().unwrap();
    let token = long_lived(&ours);
    ours_only.validate(&token).await.unwrap();
    let refused = error(theirs_only.validate(&token).await);
    assert_eq!(refused, Some(JwsError::UnknownKey.into()));
    let token = ours_only.validate(&token).await.unwrap();
    assert_eq!(token.issuer(), Some(ISSUER));
    assert_eq!(ours.key.algorithm(), SigningAlgorithm::Es256);
}
