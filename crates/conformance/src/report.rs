//! The outcome of a run: for people as a table, for programs as JSON.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeStruct as _, Serializer};

use crate::check::Check;
use crate::http::Exchange;

/// What shows that a duty was broken. Free of secrets and tokens.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Evidence {
    /// What should have been seen.
    pub expected: String,
    /// What was seen.
    pub saw: String,
    /// The requests and answers that show it, in the order in which they were made.
    pub exchanges: Vec<Exchange>,
}

/// What became of one check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The duty is kept.
    Pass,
    /// A MUST is broken.
    Fail {
        /// What shows it.
        evidence: Evidence,
    },
    /// A SHOULD is broken.
    Warn {
        /// What shows it.
        evidence: Evidence,
    },
    /// It was not looked at.
    Skipped {
        /// The feature or the fixture that is missing.
        reason: String,
    },
    /// It is broken, as the target description declares.
    Deviates {
        /// The declared reason.
        reason: String,
        /// What shows it.
        evidence: Evidence,
    },
    /// The target description declares that it is broken, and it is not. Counts as a failure.
    UnexpectedPass {
        /// The reason that is declared and no longer true.
        reason: String,
    },
}

impl Outcome {
    /// The word for it in the JSON report.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail { .. } => "fail",
            Self::Warn { .. } => "warn",
            Self::Skipped { .. } => "skipped",
            Self::Deviates { .. } => "deviates",
            Self::UnexpectedPass { .. } => "unexpected_pass",
        }
    }

    /// What shows that the duty is broken, if it is.
    #[must_use]
    pub const fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Fail { evidence } | Self::Warn { evidence } | Self::Deviates { evidence, .. } => {
                Some(evidence)
            }
            _ => None,
        }
    }

    const fn reason(&self) -> Option<&String> {
        match self {
            Self::Skipped { reason }
            | Self::Deviates { reason, .. }
            | Self::UnexpectedPass { reason } => Some(reason),
            _ => None,
        }
    }
}

/// One check and what became of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckResult {
    /// The check.
    pub check: &'static Check,
    /// What became of it.
    pub outcome: Outcome,
}

/// A check as JSON: what `list --json` prints, and each result of a run.
impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Check", 7)?;
        out.serialize_field("id", self.id())?;
        out.serialize_field("spec", self.spec())?;
        out.serialize_field("section", self.section())?;
        out.serialize_field("level", &self.level())?;
        out.serialize_field("profiles", self.profiles())?;
        out.serialize_field("requirement", self.requirement())?;
        out.serialize_field("reference", &self.reference())?;
        out.end()
    }
}

impl Serialize for CheckResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("CheckResult", 4)?;
        out.serialize_field("check", self.check)?;
        out.serialize_field("result", self.outcome.name())?;
        out.serialize_field("reason", &self.outcome.reason())?;
        out.serialize_field("evidence", &self.outcome.evidence())?;
        out.end()
    }
}

/// How many checks came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Duties kept.
    pub passed: usize,
    /// MUSTs broken, and declared deviations that are none.
    pub failed: usize,
    /// Not looked at.
    pub skipped: usize,
    /// SHOULDs broken.
    pub warned: usize,
    /// Duties broken as declared.
    pub deviating: usize,
}

impl Summary {
    fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let mut summary = Self::default();
        for outcome in outcomes {
            *match outcome {
                Outcome::Pass => &mut summary.passed,
                Outcome::Fail { .. } | Outcome::UnexpectedPass { .. } => &mut summary.failed,
                Outcome::Skipped { .. } => &mut summary.skipped,
                Outcome::Warn { .. } => &mut summary.warned,
                Outcome::Deviates { .. } => &mut summary.deviating,
            } += 1;
        }
        summary
    }
}

/// `N passed, N failed, N skipped`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
            ..
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// All that a run found out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The issuer that was judged.
    pub issuer: String,
    /// In the order in which the checks ran.
    pub results: Vec<CheckResult>,
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Report", 3)?;
        out.serialize_field("issuer", &self.issuer)?;
        out.serialize_field("summary", &self.summary())?;
        out.serialize_field("results", &self.results)?;
        out.end()
    }
}

impl Report {
    /// The counts.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(self.results.iter().map(|result| &result.outcome))
    }

    /// The outcome of one check, if it was run.
    #[must_use]
    pub fn outcome(&self, id: &str) -> Option<&Outcome> {
        self.results
            .iter()
            .find(|result| result.check.id() == id)
            .map(|result| &result.outcome)
    }

    /// Whether a MUST is broken, or a declared deviation is none.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.summary().failed > 0
    }

    /// The ids of the checks that were not looked at.
    pub fn skipped(&self) -> impl Iterator<Item = &'static str> {
        let skipped = |result: &&CheckResult| matches!(result.outcome, Outcome::Skipped { .. });
        self.results
            .iter()
            .filter(skipped)
            .map(|result| result.check.id())
    }

    /// The counts of each specification, in the order of the registry.
    fn by_spec(&self) -> Vec<(&'static str, Summary)> {
        let mut specs: Vec<&'static str> = Vec::new();
        for result in &self.results {
            if !specs.contains(&result.check.spec()) {
                specs.push(result.check.spec());
            }
        }
        let of = |spec: &str| {
            let results = self
                .results
                .iter()
                .filter(|result| result.check.spec() == spec);
            Summary::of(results.map(|result| &result.outcome))
        };
        specs.into_iter().map(|spec| (spec, of(spec))).collect()
    }
}

/// The table for people. Its last line is the [`Summary`], alone.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.issuer)?;
        for CheckResult { check, outcome } in &self.results {
            let word = match outcome {
                Outcome::Pass => "pass",
                Outcome::Fail { .. } | Outcome::UnexpectedPass { .. } => "FAIL",
                Outcome::Warn { .. } => "WARN",
                Outcome::Skipped { .. } => "skipped",
                Outcome::Deviates { .. } => "deviates",
            };
            let (id, level, requirement) = (check.id(), check.level(), check.requirement());
            writeln!(f, "{id:<17} {level:<6} {word:<8} {requirement}")?;
            write_detail(f, outcome)?;
        }
        writeln!(f, "\n{:<17}  pass  fail  warn  deviates  skipped", "spec")?;
        for (spec, of) in self.by_spec() {
            writeln!(
                f,
                "{spec:<17} {:>5} {:>5} {:>5} {:>9} {:>8}",
                of.passed, of.failed, of.warned, of.deviating, of.skipped
            )?;
        }
        let all = self.summary();
        if all.warned + all.deviating > 0 {
            let (warned, deviating) = (all.warned, all.deviating);
            writeln!(
                f,
                "\n{warned} SHOULD broken (warnings), {deviating} declared deviations"
            )?;
        }
        writeln!(f, "\n{all}")
    }
}

fn write_detail(f: &mut fmt::Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    match outcome {
        Outcome::Skipped { reason } => writeln!(f, "            {reason}")?,
        Outcome::Deviates { reason, .. } => writeln!(f, "            declared: {reason}")?,
        Outcome::UnexpectedPass { reason } => {
            writeln!(
                f,
                "            passes, though declared to deviate: {reason}"
            )?;
        }
        _ => {}
    }
    let Some(evidence) = outcome.evidence() else {
        return Ok(());
    };
    write_lines(f, "expected: ", &evidence.expected)?;
    write_lines(f, "saw:      ", &evidence.saw)?;
    if matches!(outcome, Outcome::Deviates { .. }) {
        return Ok(());
    }
    for Exchange { request, response } in &evidence.exchanges {
        write_lines(f, "> ", request)?;
        write_lines(f, "< ", response)?;
    }
    Ok(())
}

fn write_lines(f: &mut fmt::Formatter<'_>, mark: &str, text: &str) -> fmt::Result {
    // Control characters of a hostile answer must not reach the terminal.
    for line in text.trim_end().lines() {
        let line: String = line
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        writeln!(f, "            {mark}{line}")?;
    }
    Ok(())
}
