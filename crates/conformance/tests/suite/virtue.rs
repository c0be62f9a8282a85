//! The virtuous server passes every check, whatever kind of server it is.

use std::collections::BTreeSet;

use tokio::task::JoinHandle;

use crate::every_check_can_fail::judge;
use crate::fake::{Make, Setting, Sin};
use crate::sins::{BRIEF, FOREIGN, FORM, LEGACY, OF_PUBLIC_CLIENTS, PATH, PLAIN, RETRIED, TLS};
use countersign_conformance::{Check, Profile, Report, checks};

/// Of how many checks in a row one run is made. The runs of a setting go side by side, since some of the checks wait.
const IN_A_ROW: usize = 30;

/// Over plain http on loopback; both methods of authentication are advertised.
const OVER_HTTP: &[&str] = &[
    "RFC6749-08",
    "RFC7009-01",
    "RFC7662-11",
    "RFC8414-01",
    "RFC8414-03",
    "META-05",
    "OIDC-Discovery-11",
];

/// No issuer with a path.
const AT_THE_ROOT: &[&str] = &["RFC8414-06"];

/// What waits for a code to expire. Where codes are as brief as that, a slow machine could be too late for them.
const NEEDS_BRIEF_CODES: &[&str] = &["RFC6749-32"];

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

/// What a server need not have, and the foreign one has not.
const LEFT_OUT_BY_FOREIGN: &[&str] = &[
    "META-15",
    "OIDC-Core-24",
    "OIDC-Core-55",
    "OIDC-Core-56",
    "PLUS-22",
];

/// What asks for hundreds of tokens, which all settings draw in the same way.
const DRAWS: &[&str] = &["RFC6749-63", "RFC6749-64"];

/// A setting, the profiles that it concerns (all, if there is none), and the checks that are skipped there.
struct Case {
    setting: Setting,
    profiles: &'static [Profile],
    skipped: Vec<&'static [&'static str]>,
}

fn cases() -> [Case; 8] {
    let all = |setting, skipped: &[&'static [&'static str]]| Case {
        setting,
        profiles: &[],
        skipped: [skipped, &[NEEDS_BRIEF_CODES]].concat(),
    };
    let some = |setting, profiles, skipped: &[&'static [&'static str]]| Case {
        profiles,
        ..all(setting, skipped)
    };
    let refreshing = &[Profile::RefreshToken, Profile::Revocation];
    [
        all(PLAIN, &[OVER_HTTP, AT_THE_ROOT, NEEDS_LEGACY]),
        all(PATH, &[OVER_HTTP, NEEDS_LEGACY]),
        all(TLS, &[AT_THE_ROOT, &["META-05"], NEEDS_LEGACY]),
        all(
            FOREIGN,
            &[OVER_HTTP, AT_THE_ROOT, NEEDS_LEGACY, LEFT_OUT_BY_FOREIGN],
        ),
        all(LEGACY, &[OVER_HTTP, AT_THE_ROOT]),
        some(FORM, &[Profile::Bearer], &[NEEDS_LEGACY]),
        some(RETRIED, refreshing, &[OVER_HTTP]),
        some(OF_PUBLIC_CLIENTS, refreshing, &[OVER_HTTP]),
    ]
}

impl Case {
    fn ids(&self) -> Vec<&'static str> {
        let concerns = |check: &&Check| {
            let mut profiles = check.profiles().iter();
            self.profiles.is_empty() || profiles.any(|one| self.profiles.contains(one))
        };
        let draws = [PLAIN, LEGACY].contains(&self.setting);
        let ids = checks().filter(concerns).map(Check::id);
        ids.filter(|id| draws || !DRAWS.contains(id)).collect()
    }

    /// Runs of its checks.
    fn judge(&self) -> Vec<JoinHandle<Report>> {
        let setting = self.setting;
        let ids = self.ids();
        let runs = ids.chunks(IN_A_ROW).map(|some| {
            let some = some.to_vec();
            tokio::spawn(async move { judge(Sin::None, setting, &some).await.0 })
        });
        runs.collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_virtuous_server_passes_every_check() {
    let runs = cases().map(|case| {
        let run = case.judge();
        (case, run)
    });
    for (case, runs) in runs {
        let setting = case.setting;
        let (mut passed, mut deviating) = (0, 0);
        let mut skipped = BTreeSet::new();
        for run in runs {
            let report = run.await.unwrap();
            let summary = report.summary();
            assert_eq!(
                (summary.failed, summary.warned),
                (0, 0),
                "{setting:?}: {report}"
            );
            skipped.extend(report.skipped().map(str::to_owned));
            passed += summary.passed;
            deviating += summary.deviating;
        }
        let ids = case.ids();
        let expected = case.skipped.concat().into_iter();
        let expected = expected.filter(|id| ids.contains(id)).map(str::to_owned);
        assert_eq!(skipped, expected.collect(), "{setting:?}");
        // The password grant and the implicit flow are two things too many.
        let whole = case.profiles.is_empty() && setting.make == Make::Legacy;
        assert_eq!(deviating, if whole { 2 } else { 0 }, "{setting:?}");
        assert_eq!(passed + skipped.len() + deviating, ids.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_expires_in_time_passes() {
    let (report, _) = judge(Sin::None, BRIEF, NEEDS_BRIEF_CODES).await;
    assert_eq!(report.summary().passed, 1, "{report}");
}
