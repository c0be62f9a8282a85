//! The proof that the judge judges: the virtuous server passes every check, and for every check there is a sin of
//! the fake server that turns it red.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fake::{Fake, Make, Setting, Sin};
use crate::sins::{
    self, BRIEF, FOREIGN, FORM, LEGACY, OF_PUBLIC_CLIENTS, PATH, PLAIN, RETRIED, Row, TLS,
};
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

/// Some checks wait, so that this many sins are looked at side by side.
const SIDE_BY_SIDE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn each_sin_turns_its_checks_red() {
    let heaps = (0..SIDE_BY_SIDE).map(|first| {
        let heap = sins::all().skip(first).step_by(SIDE_BY_SIDE);
        tokio::spawn(async move {
            let mut virtuous = Vec::new();
            for row in heap {
                virtuous.extend(not_red(row).await);
            }
            virtuous
        })
    });
    let heaps: Vec<_> = heaps.collect();
    let mut virtuous = Vec::new();
    for heap in heaps {
        virtuous.extend(heap.await.unwrap());
    }
    assert!(virtuous.is_empty(), "{}", virtuous.join("\n"));
}

/// The checks that the sin should turn red, and does not.
async fn not_red((sin, setting, ids): &Row) -> Vec<String> {
    let (report, fake) = judge(*sin, *setting, ids).await;
    fake.assert_nothing_shown_in(&report.to_string());
    fake.assert_nothing_shown_in(&serde_json::to_string(&report).unwrap());
    let green = ids.iter().filter(|id| !is_red(report.outcome(id)));
    green
        .map(|id| {
            let outcome = report.outcome(id);
            format!("{sin:?} does not turn {id} red: {outcome:?}")
        })
        .collect()
}

#[test]
fn every_check_has_a_sin() {
    let proven: BTreeSet<&str> = sins::all()
        .flat_map(|(_, _, ids)| ids.iter().copied())
        .collect();
    let unproven: Vec<_> = checks()
        .map(Check::id)
        .filter(|id| !proven.contains(id))
        .collect();
    assert!(unproven.is_empty(), "no sin turns these red: {unproven:?}");
}

/// Of how many checks in a row one run is made. The runs of a setting go side by side, since some of the checks wait.
const IN_A_ROW: usize = 30;

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
        "OIDC-Discovery-11",
    ];
    let plain = [plain.as_slice(), NEEDS_BRIEF_CODES].concat();
    // No issuer with a path.
    let root = [plain.as_slice(), &["RFC8414-06"]].concat();
    let foreign = [root.as_slice(), NEEDS_LEGACY, LEFT_OUT_BY_FOREIGN].concat();
    let expected: [(Setting, Vec<&str>); 8] = [
        (PLAIN, [&root, NEEDS_LEGACY].concat()),
        (FORM, [&root, NEEDS_LEGACY].concat()),
        (PATH, [&plain, NEEDS_LEGACY].concat()),
        (
            TLS,
            [
                ["RFC8414-06", "META-05"].as_slice(),
                NEEDS_BRIEF_CODES,
                NEEDS_LEGACY,
            ]
            .concat(),
        ),
        (FOREIGN, foreign),
        (LEGACY, root.clone()),
        (RETRIED, root.clone()),
        (OF_PUBLIC_CLIENTS, root),
    ];
    let runs = expected.map(|(setting, skipped)| (setting, skipped, all_checks(setting)));
    for (setting, skipped, runs) in runs {
        let mut got = BTreeSet::new();
        let mut deviating = 0;
        let mut count = 0;
        for run in runs {
            let report = run.await.unwrap();
            let summary = report.summary();
            assert_eq!((summary.failed, summary.warned), (0, 0), "{report}");
            got.extend(report.skipped().map(str::to_owned));
            deviating += summary.deviating;
            count += summary.passed + summary.skipped + summary.deviating;
        }
        let skipped: BTreeSet<_> = skipped.into_iter().map(str::to_owned).collect();
        assert_eq!(got, skipped, "{setting:?}");
        // There are the password grant and the implicit flow, which are two things too many.
        assert_eq!(deviating, if setting.make == Make::Legacy { 2 } else { 0 });
        assert_eq!(count, checks().count());
    }
}

/// What a server need not have, and the foreign one has not.
const LEFT_OUT_BY_FOREIGN: &[&str] = &[
    "META-15",
    "OIDC-Core-24",
    "OIDC-Core-55",
    "OIDC-Core-56",
    "PLUS-22",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_expires_in_time_passes() {
    let (report, _) = judge(Sin::None, BRIEF, NEEDS_BRIEF_CODES).await;
    assert_eq!(report.summary().passed, 1, "{report}");
}

/// What waits for a code to expire. Where codes are as brief as that, a slow machine could be too late for them.
const NEEDS_BRIEF_CODES: &[&str] = &["RFC6749-32"];

/// Runs of all checks against virtuous servers.
fn all_checks(setting: Setting) -> Vec<tokio::task::JoinHandle<Report>> {
    let ids: Vec<_> = checks().map(Check::id).collect();
    let runs = ids.chunks(IN_A_ROW).map(|some| {
        let some = some.to_vec();
        tokio::spawn(async move { judge(Sin::None, setting, &some).await.0 })
    });
    runs.collect()
}

/// What cannot be looked at without the password grant and the implicit flow.
const NEEDS_LEGACY: &[&str] = &[
    "RFC6749-15",
    "RFC6749-41",
    "RFC6749-46",
    "RFC6749-47",
    "OIDC-Core-25",
    "OIDC-Core-26",
    "OIDC-Core-27",
    "OIDC-Core-28",
    "OIDC-Core-29",
    "OIDC-Core-53",
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
        ("users.second", "OIDC-Core-16"),
        ("users.guessed", "RFC6749-47"),
        ("clients.web", "OIDC-Core-01"),
        ("clients.spa", "RFC7636-05"),
        ("clients.implicit", "RFC6749-46"),
        ("clients.short_idle", "RFC9700-27"),
    ];
    let fake = Fake::start(Sin::None, LEGACY).await;
    for (section, id) in table {
        let description = without(&fake.target(LEGACY, None), section);
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
