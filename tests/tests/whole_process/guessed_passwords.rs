//! What those get who guess passwords, or only send many: attack classes 43 and 68, RULES S5.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use countersign_tests::{Home, SECOND, TestUser};

use crate::scene::{Scene, assert_error};

#[test]
fn cve_2026_22746_attack_43_every_failed_sign_in_looks_the_same() {
    let scene = Scene::new();
    let disabled = scene.home.add_user("disabled");
    let removed = scene.home.add_user("removed");
    let _ = scene.home.json(&["user", "disable", "disabled"]);
    let _ = scene.home.json(&["user", "remove", "removed"]);
    let _ = scene
        .home
        .json(&["user", "add", "passwordless", "--no-password"]);
    let expected = scene.sign_in_as(&scene.user.with_password("wrong"));
    assert_error(&expected, 400, "invalid_grant", "a wrong password");
    for (what, user) in [
        ("an unknown user", TestUser::new("nobody", "x")),
        ("what cannot be a name", TestUser::new("no\u{0}body", "x")),
        ("a disabled user", disabled),
        ("a removed user", removed),
        (
            "a user without a password",
            TestUser::new("passwordless", "x"),
        ),
        ("the hash of nobody", TestUser::new("passwordless", "\0")),
        (
            "a password in capitals",
            scene
                .user
                .with_password(&scene.user.password.to_uppercase()),
        ),
        (
            "a password cut short",
            scene.user.with_password(&scene.user.password[..10]),
        ),
        (
            "a password that goes on",
            scene
                .user
                .with_password(&format!("{} ", scene.user.password)),
        ),
        (
            "a password that is too long",
            scene.user.with_password(&"x".repeat(10_000)),
        ),
    ] {
        let answer = scene.sign_in_as(&user);
        assert_eq!(answer.status, 400, "{what}");
        assert_eq!(answer.text(), expected.text(), "{what}");
        assert_eq!(
            answer.header("www-authenticate"),
            expected.header("www-authenticate"),
            "{what}"
        );
    }
    assert_eq!(scene.sign_in_as(&scene.user).status, 200);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How many sign-ins of each kind are timed. All of them fail, and more than the throttle lets through would prove
/// nothing.
const TIMED: usize = 11;

#[test]
fn cve_2026_22746_attack_43_an_unknown_user_costs_what_a_wrong_password_costs() {
    let scene = Scene::new();
    let disabled = scene.home.add_user("disabled");
    let _ = scene.home.json(&["user", "disable", "disabled"]);
    let kinds = [
        ("a wrong password", scene.user.with_password("wrong")),
        ("an unknown user", TestUser::new("nobody", "wrong")),
        ("a disabled user", disabled),
        (
            "a password that is too long",
            TestUser::new("nobody-2", &"x".repeat(10_000)),
        ),
    ];
    let mut times: [Vec<Duration>; 4] = Default::default();
    // In turns, so that whatever else the machine does is shared by all.
    for _ in 0..TIMED {
        for ((what, user), times) in kinds.iter().zip(&mut times) {
            let began = Instant::now();
            let answer = scene.sign_in_as(user);
            times.push(began.elapsed());
            assert_error(&answer, 400, "invalid_grant", what);
        }
    }
    let medians = times.map(median);
    for ((what, _), time) in kinds.iter().zip(medians) {
        assert!(
            time < medians[0] * 3 && medians[0] < time * 3,
            "{what}: {time:?} and {:?}",
            medians[0]
        );
    }
}

#[test]
fn attack_68_a_password_of_a_megabyte_is_refused_quickly() {
    let scene = Scene::new();
    for (length, status, error) in [
        (1_000_000, 413, "invalid_request"),
        (10_000_000, 413, "invalid_request"),
        // Under the limit of a body.
        (60_000, 400, "invalid_grant"),
    ] {
        let user = scene.user.with_password(&"x".repeat(length));
        let began = Instant::now();
        let answer = scene.sign_in_as(&user);
        let time = began.elapsed();
        assert_error(&answer, status, error, "a long password");
        assert!(time < 3 * SECOND, "{length} bytes: {time:?}");
    }
    assert_eq!(scene.sign_in_as(&scene.user).status, 200);
}

/// How many sign in at once.
const FLOOD: usize = 200;

#[test]
fn attack_68_a_flood_of_sign_ins_does_not_stop_client_credentials() {
    // Without the throttle: what is shown is that the bounded pool holds by itself.
    let scene = Scene::with(
        &[],
        &[
            ("COUNTERSIGN_THROTTLE__ACCOUNT_FAILURES", "1000000"),
            ("COUNTERSIGN_THROTTLE__ADDRESS_FAILURES", "1000000"),
        ],
    );
    let client = scene.home.add_client("machine", &[]);
    let users: Vec<TestUser> = (0..FLOOD)
        .map(|number| TestUser::new(&format!("nobody-{number}"), "x"))
        .collect();
    let (statuses, issued) = thread::scope(|scope| {
        let scene = &scene;
        let flood: Vec<_> = users
            .iter()
            .map(|user| scope.spawn(move || scene.sign_in_as(user)))
            .collect();
        let mut issued = Vec::new();
        while !flood.iter().all(thread::ScopedJoinHandle::is_finished) {
            let began = Instant::now();
            let token = scene.server.issue(&client, &[]);
            issued.push(began.elapsed());
            assert!(scene.server.is_active(&client, &token));
        }
        let answers = flood.into_iter().map(|one| one.join().unwrap());
        let statuses: Vec<u16> = answers
            .map(|answer| {
                // RULES A3: whoever is sent away is told when to come back.
                let told = !answer.header("retry-after").is_empty();
                assert_eq!(told, answer.status == 503, "{}", answer.text());
                answer.status
            })
            .collect();
        (statuses, issued)
    });
    let count = |status| statuses.iter().filter(|it| **it == status).count();
    assert_eq!(count(400) + count(503), FLOOD, "{statuses:?}");
    assert!(count(400) > 0, "{statuses:?}");
    let slowest = issued.iter().max().unwrap();
    assert!(
        issued.len() > 20,
        "only {} tokens while {FLOOD} signed in",
        issued.len()
    );
    assert!(*slowest < 3 * SECOND, "{slowest:?} for a token");
    assert_eq!(scene.sign_in_as(&scene.user).status, 200);
}

/// Guessing is slowed down, and whoever signed in before from elsewhere is not.
#[test]
fn rule_s5_guessing_at_a_user_is_slowed_down_and_does_not_lock_the_owner_out() {
    let home = Home::with_keys();
    let client = home.add_password_client("app", &[]);
    let user = home.add_user("alice");
    let file = home.path().join("countersign.toml");
    fs::write(&file, "trusted_proxies = [\"127.0.0.1\"]\n").unwrap();
    let server = home.serve_with(&["--config", "countersign.toml"], &[]);
    let sign_in = |user: &TestUser, from: &str| {
        let call = server.post("/oauth2/token").basic(&client);
        call.header("x-forwarded-for", from)
            .form(&user.form())
            .send()
    };
    let (owner, thief) = ("192.0.2.1", "198.51.100.7");
    assert_eq!(sign_in(&user, owner).status, 200);
    let wrong = user.with_password("wrong");
    let mut free = 0;
    let slowed = loop {
        let answer = sign_in(&wrong, thief);
        if answer.status != 400 {
            break answer;
        }
        free += 1;
        assert!(free < 30, "nobody slows the thief down");
    };
    assert!(free >= 20, "RULES S5 leave room for 20, not {free}");
    assert_eq!(slowed.refusal().0, 429, "{}", slowed.text());
    let wait: u32 = slowed.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    // Neither a right password nor another client makes the thief's next attempt come sooner.
    assert_eq!(sign_in(&user, thief).status, 429);
    assert_eq!(
        sign_in(&user, owner).status,
        200,
        "where it was proven before"
    );
}
