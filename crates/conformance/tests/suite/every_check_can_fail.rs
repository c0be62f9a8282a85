//! The proof that the judge judges: the virtuous server passes every check, and for every check there is a sin of
//! the fake server that turns it red.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fake::{Fake, Setting, Sin};
use crate::sins::{FORM, OF_PUBLIC_CLIENTS, PATH, PLAIN, RETRIED, SINS, TLS, USERS};
use countersign_conformance::{Check, Outcome, Report, Selection, Target, checks, run};

async fn judge(sin: Sin, setting: Setting, only: &[&str]) -> (Report, Arc<Fake>) {
    let fake = Fake::start(sin, setting).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    if let Some(certificate) = &fake.certificate {
        std::fs::write(&path, certificate).unwrap();
    }
    let certificate = fake.certificate.as_ref().map(|_| path.to_str().unwrap());
    let target = Target::from_toml(&fake.target(setting, certificate)).unwrap();
    let only = only.iter().map(ToString::to_string).collect();
    (
        run(
            &target,
            &Selection {
                profiles: Vec::new(),
                only,
            },
        )
        .await
        .unwrap(),
        fake,
    )
}

fn is_red(outcome: Option<&Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Fail { .. } | Outcome::Warn { .. }))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sin_turns_its_checks_red() {
    let mut virtuous = Vec::new();
    for (sin, setting, ids) in SINS {
        let (report, fake) = judge(*sin, *setting, ids).await;
        fake.assert_nothing_shown_in(&report.to_string());
        fake.assert_nothing_shown_in(&serde_json::to_string(&report).unwrap());
        for id in *ids {
            if !is_red(report.outcome(id)) {
                virtuous.push(format!(
                    "{sin:?} does not turn {id} red: {:?}",
                    report.outcome(id)
                ));
            }
        }
    }
    assert!(virtuous.is_empty(), "{}", virtuous.join("\n"));
}

#[test]
fn every_check_has_a_sin() {
    let proven: BTreeSet<&str> = SINS
        .iter()
        .flat_map(|(_, _, ids)| ids.iter().copied())
        .collect();
    let unproven: Vec<_> = checks()
        .map(Check::id)
        .filter(|id| !proven.contains(id))
        .collect();
    assert!(unproven.is_empty(), "no sin turns these red: {unproven:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_virtuous_server_passes_every_check() {
    // Over plain http on loopback; both methods of authentication are advertised.
    let plain = [
        "RFC6749-08",
        "RFC7009-01",
        "RFC7662-11",
        "RFC8414-01",
        "RFC8414-03",
        "META-05",
    ];
    // No issuer with a path.
    let root = [plain.as_slice(), &["RFC8414-06"]].concat();
    let expected: [(Setting, Vec<&str>); 7] = [
        (PLAIN, [&root, NEEDS_USERS].concat()),
        (FORM, [&root, NEEDS_USERS].concat()),
        (PATH, [&plain, NEEDS_USERS].concat()),
        (
            TLS,
            [["RFC8414-06", "META-05"].as_slice(), NEEDS_USERS].concat(),
        ),
        (USERS, root.clone()),
        (RETRIED, root.clone()),
        (OF_PUBLIC_CLIENTS, root),
    ];
    // Side by side, since some of the checks wait.
    let runs = expected.map(|(setting, skipped)| {
        let run = tokio::spawn(async move { judge(Sin::None, setting, &[]).await.0 });
        (setting, skipped, run)
    });
    for (setting, skipped, run) in runs {
        let report = run.await.unwrap();
        let summary = report.summary();
        // With users there is the password grant, which is one thing too many.
        assert_eq!(
            (summary.failed, summary.warned, summary.deviating),
            (0, 0, usize::from(setting.users)),
            "{report}"
        );
        let got: BTreeSet<_> = report.skipped().collect();
        assert_eq!(got, skipped.iter().copied().collect(), "{report}");
        let counted = summary.passed + summary.skipped + summary.deviating;
        assert_eq!(counted, checks().count());
    }
}

/// What cannot be looked at without a user who logs in.
const NEEDS_USERS: &[&str] = &[
    "RFC6749-47",
    "RFC6749-58",
    "RFC6749-59",
    "RFC6749-60",
    "RFC6749-61",
    "RFC6749-62",
    "RFC7009-02",
    "RFC7009-09",
    "RFC8707-04",
    "RFC8707-07",
    "RFC9068-05",
    "RFC9068-13",
    "RFC9700-12",
    "RFC9700-24",
    "RFC9700-25",
    "RFC9700-26",
    "RFC9700-27",
    "PLUS-09",
];

/// The description without one of its sections.
fn without(description: &str, section: &str) -> String {
    let (before, after) = description.split_once(&format!("[{section}]")).unwrap();
    let rest = after.find("\n[").map_or("", |at| &after[at..]);
    format!("{before}{rest}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_users_says_who_is_missing() {
    let table = [
        ("users.primary", "RFC6749-60"),
        ("users.guessed", "RFC6749-47"),
        ("clients.password", "RFC6749-61"),
        ("clients.public_password", "RFC9700-12"),
        ("clients.short_idle", "RFC9700-27"),
    ];
    let fake = Fake::start(Sin::None, USERS).await;
    for (section, id) in table {
        let description = without(&fake.target(USERS, None), section);
        let target = Target::from_toml(&description).unwrap();
        let only = vec![id.to_owned()];
        let selection = Selection {
            only,
            ..Selection::default()
        };
        let report = run(&target, &selection).await.unwrap();
        let outcome = report.outcome(id);
        assert!(matches!(outcome, Some(Outcome::Skipped { .. })), "{report}");
        let told = format!("the target description has no [{section}]");
        assert!(report.to_string().contains(&told), "{section}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_server_that_could_not_see_the_token_skips_the_check() {
    let fake = Fake::start(Sin::None, PLAIN).await;
    let described = fake.target(PLAIN, None);
    let (before, server) = described.split_once("[clients.resource_server]").unwrap();
    let server = server.replacen("https://one.example/", "https://elsewhere.example/", 1);
    let target = Target::from_toml(&format!("{before}[clients.resource_server]{server}")).unwrap();
    let only = vec!["RFC7662-04".to_owned()];
    let selection = Selection {
        only,
        ..Selection::default()
    };
    let report = run(&target, &selection).await.unwrap();
    let outcome = report.outcome("RFC7662-04");
    assert!(matches!(outcome, Some(Outcome::Skipped { .. })), "{report}");
    assert!(
        report
            .to_string()
            .contains("has no resource of [clients.resource_server]")
    );
}
