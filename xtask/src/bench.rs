//! `cargo xtask bench`.

use std::path::PathBuf;
use std::{fs, io};

use serde::Deserialize;

use crate::run::{ChoreError, cargo, target};

/// What is compared: the cost, its floor in the same run, and the ratio that is promised.
const RATIOS: [(&str, &str, Option<f64>); 4] = [
    ("jose-sign", "bare-sign", None),
    ("issue", "bare-sign", Some(1.5)),
    ("issue-opaque", "bare-sign", None),
    ("jose-verify", "bare-verify", Some(1.2)),
];

/// The part of criterion's `estimates.json` that is read.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    /// Nanoseconds.
    point_estimate: f64,
}

/// Runs the benchmarks and prints the ratios.
pub(crate) fn ratios() -> Result<(), ChoreError> {
    // What an older run has left behind is nobody's ratio.
    match fs::remove_dir_all(estimates()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(ChoreError::io(estimates().display().to_string())(error));
        }
        _ => {}
    }
    cargo(&["bench", "-p", "countersign-benches"])?;
    println!(
        "\n{:<14} {:>10}   {:<12} {:>10}   {:>6}   goal",
        "cost", "µs", "floor", "µs", "ratio"
    );
    for (cost, floor, goal) in RATIOS {
        let (ours, bare) = (median(cost)?, median(floor)?);
        let ratio = ours / bare;
        let judged = goal.map_or_else(String::new, |goal| {
            let verdict = if ratio <= goal { "met" } else { "MISSED" };
            format!("at most {goal}: {verdict}")
        });
        println!(
            "{cost:<14} {:>10.2}   {floor:<12} {:>10.2}   {ratio:>6.2}   {judged}",
            ours / 1_000.0,
            bare / 1_000.0,
        );
    }
    Ok(())
}

/// Where criterion writes what it has estimated.
fn estimates() -> PathBuf {
    target().join("criterion/es256")
}

/// The median of a benchmark, in nanoseconds.
fn median(name: &str) -> Result<f64, ChoreError> {
    let path = estimates().join(name).join("new/estimates.json");
    let text = fs::read(&path).map_err(ChoreError::io(path.display().to_string()))?;
    let estimates: Estimates =
        serde_json::from_slice(&text).map_err(|error| ChoreError::Answer(error.to_string()))?;
    Ok(estimates.median.point_estimate)
}
