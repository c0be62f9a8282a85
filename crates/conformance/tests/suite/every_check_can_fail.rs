//! The proof that the judge judges: for every check there is a sin of the fake server that turns it red.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fake::{Fake, Setting, Sin};
use crate::sins::{self, LEGACY, PLAIN};
use countersign_conformance::{Check, Outcome, Report, Selection, Target, checks, run};

pub(crate) async fn judge(sin: Sin, setting: Setting, only: &[&str]) -> (Report, Arc<Fake>) {
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
        let heap = sins::all().into_iter().skip(first).step_by(SIDE_BY_SIDE);
        tokio::spawn(async move {
            let mut virtuous = Vec::new();
            for (sin, setting, ids) in heap {
                virtuous.extend(not_red(sin, setting, &ids).await);
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
async fn not_red(sin: Sin, setting: Setting, ids: &[&str]) -> Vec<String> {
    let (report, fake) = judge(sin, setting, ids).await;
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
        .into_iter()
        .flat_map(|(_, _, ids)| ids)
        .collect();
    let unproven: Vec<_> = checks()
        .map(Check::id)
        .filter(|id| !proven.contains(id))
        .collect();
    assert!(unproven.is_empty(), "no sin turns these red: {unproven:?}");
}

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
        ("clients.private_key", "OIDC-Core-48"),
        ("clients.private_key", "OIDC-Core-49"),
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
