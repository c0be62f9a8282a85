//! The engine: which checks are run, and what becomes of their findings.

use std::fmt::Write as _;

use thiserror::Error;

use crate::check::{Check, Level, Profile};
use crate::checks;
use crate::finding::{Failure, Finding};
use crate::http::Exchange;
use crate::judge::Judge;
use crate::redact::Redactor;
use crate::report::{CheckResult, Evidence, Outcome, Report};
use crate::target::{Target, TargetError};

/// How much of a request or an answer goes into a report, in bytes.
const SHOWN: usize = 4096;

/// Why nothing could be judged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The target does not answer at all.
    #[error("{url} does not answer: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// `ca_file` is of no use, or the system's trust store is.
    #[error("certificates: {0}")]
    Trust(String),
    /// The key of a client cannot be read, or cannot sign.
    #[error("the key of [clients.private_key]: {0}")]
    Key(String),
    /// The description is faulty.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// There is no check of that id.
    #[error("there is no check '{0}' (see `countersign-conformance list`)")]
    UnknownCheck(String),
    /// Nothing fits the selection.
    #[error("no check is in one of these profiles and among these ids")]
    NothingSelected,
}

/// Which checks to run. The default is all of them.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only checks of one of these profiles; empty: of any.
    pub profiles: Vec<Profile>,
    /// Only checks with one of these ids; empty: with any.
    pub only: Vec<String>,
}

impl Selection {
    fn checks(&self) -> Result<Vec<&'static Check>, RunError> {
        if let Some(unknown) = self.only.iter().find(|id| checks::find(id).is_none()) {
            return Err(RunError::UnknownCheck(unknown.clone()));
        }
        let chosen: Vec<_> = checks::all()
            .filter(|check| self.only.is_empty() || self.only.iter().any(|id| id == check.id))
            .filter(|check| {
                self.profiles.is_empty()
                    || check
                        .profiles
                        .iter()
                        .any(|profile| self.profiles.contains(profile))
            })
            .collect();
        if chosen.is_empty() {
            Err(RunError::NothingSelected)
        } else {
            Ok(chosen)
        }
    }
}

/// Runs checks against a target, one after the other, in the order of [`checks`](crate::checks).
///
/// Needs a Tokio runtime with time and I/O. Each request is given 10 seconds; no redirect is followed.
pub async fn run(target: &Target, selection: &Selection) -> Result<Report, RunError> {
    let chosen = selection.checks()?;
    let judge = Judge::new(target).await?;
    let mut results = Vec::with_capacity(chosen.len());
    for check in chosen {
        let verdict = (check.run)(&judge).await;
        let outcome = outcome(
            check,
            verdict.err(),
            target.deviation(check.id),
            &judge.redactor,
        );
        results.push(CheckResult { check, outcome });
    }
    Ok(Report {
        issuer: target.issuer().to_owned(),
        results,
    })
}

/// A declared deviation has to be one: where the duty is kept after all, the list is wrong.
fn outcome(
    check: &Check,
    finding: Option<Finding>,
    deviation: Option<&str>,
    redactor: &Redactor,
) -> Outcome {
    match (finding, deviation) {
        (Some(Finding::Skipped(reason)), _) => Outcome::Skipped { reason },
        (None, None) => Outcome::Pass,
        (None, Some(reason)) => Outcome::UnexpectedPass {
            reason: reason.to_owned(),
        },
        (Some(Finding::Failed(failure)), Some(reason)) => Outcome::Deviates {
            reason: reason.to_owned(),
            evidence: evidence(&failure, redactor),
        },
        (Some(Finding::Failed(failure)), None) => {
            let evidence = evidence(&failure, redactor);
            match check.level {
                Level::Must => Outcome::Fail { evidence },
                Level::Should => Outcome::Warn { evidence },
            }
        }
    }
}

fn evidence(failure: &Failure, redactor: &Redactor) -> Evidence {
    // Redacted first and shortened then: half a token would not be recognised.
    let shown = |text: &str| shorten(redactor.hide(text));
    Evidence {
        expected: shorten(redactor.hide_known(&failure.expected)),
        saw: shown(&failure.saw),
        exchanges: failure
            .exchanges
            .iter()
            .map(|one| Exchange {
                request: shown(&one.request),
                response: shown(&one.response),
            })
            .collect(),
    }
}

fn shorten(mut text: String) -> String {
    if text.len() > SHOWN {
        let end = text.floor_char_boundary(SHOWN);
        let left_out = text.len() - end;
        text.truncate(end);
        let _ = write!(text, "... ({left_out} bytes left out)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Finding {
        Finding::failed("this", "that")
    }

    #[test]
    fn a_finding_becomes_an_outcome_by_level_and_deviation() {
        let redactor = Redactor::default();
        let of = |id: &str, finding, deviation| {
            let check = checks::find(id).expect("it is registered");
            outcome(check, finding, deviation, &redactor).name()
        };
        let (must, should) = ("RFC6749-01", "RFC6749-49");
        let table = [
            (of(must, None, None), "pass"),
            (of(must, Some(failed()), None), "fail"),
            (of(should, Some(failed()), None), "warn"),
            (of(must, Some(failed()), Some("because")), "deviates"),
            (of(should, Some(failed()), Some("because")), "deviates"),
            (of(must, None, Some("because")), "unexpected_pass"),
            (of(must, Some(Finding::skipped("why")), None), "skipped"),
            (
                of(must, Some(Finding::skipped("why")), Some("because")),
                "skipped",
            ),
        ];
        for (row, (got, expected)) in table.into_iter().enumerate() {
            assert_eq!(got, expected, "row {row}");
        }
    }

    #[test]
    fn what_is_shown_is_bounded_and_redacted_before_it_is_cut() {
        let redactor = Redactor::default();
        let secret = "s3cr3t-".repeat(10);
        redactor.learn(&secret);
        // The cut would fall into the secret.
        let saw = format!("{}{secret}{}", "x".repeat(SHOWN - 20), "é".repeat(SHOWN));
        let Finding::Failed(failure) = Finding::failed("this", saw) else {
            unreachable!()
        };
        let evidence = evidence(&failure, &redactor);
        assert!(evidence.saw.len() < SHOWN + 40);
        assert!(!evidence.saw.contains("s3cr3t"), "{}", evidence.saw);
    }

    #[test]
    fn a_selection_is_the_intersection_of_profiles_and_ids() {
        let select = |profiles: &[Profile], only: &[&str]| {
            Selection {
                profiles: profiles.to_vec(),
                only: only.iter().map(ToString::to_string).collect(),
            }
            .checks()
        };
        assert_eq!(select(&[], &[]).expect("all").len(), checks::all().count());
        let of_profile = select(&[Profile::Revocation], &[]).expect("some");
        assert!(
            of_profile
                .iter()
                .all(|check| check.profiles.contains(&Profile::Revocation))
        );
        assert_eq!(select(&[], &["RFC7009-06"]).expect("one").len(), 1);
        assert!(matches!(
            select(&[], &["RFC7009-99"]),
            Err(RunError::UnknownCheck(_))
        ));
        let nothing = select(&[Profile::Metadata], &["RFC7009-06"]);
        assert!(matches!(nothing, Err(RunError::NothingSelected)));
    }
}
