//! Signing, verifying and issuing, each in turns with its floor, so that both see the same machine at the same time.
//! Criterion estimates the costs; the ratios are printed at the end.

use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign_benches::{Api, BareEs256, Issuing, Jose};
use countersign_core::AccessTokenFormat;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};

/// Samples of fewer turns say more about the clock than about the code.
const FEWEST_TURNS: u64 = 100;

/// Measures `cost` in turns with `floor`, and gives the median of the ratios of all samples.
fn beside<A, B>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    floor: impl Fn() -> A,
    cost: impl Fn() -> B,
) -> f64 {
    let ratios = RefCell::new(Vec::new());
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|turns| {
            let (mut costs, mut floors) = (Duration::ZERO, Duration::ZERO);
            for _ in 0..turns {
                let start = Instant::now();
                black_box(cost());
                let between = Instant::now();
                black_box(floor());
                costs += between - start;
                floors += between.elapsed();
            }
            if turns >= FEWEST_TURNS {
                ratios
                    .borrow_mut()
                    .push(costs.as_secs_f64() / floors.as_secs_f64());
            }
            costs
        });
    });
    let mut ratios = ratios.into_inner();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime starts");
    let jose = Jose::new();
    let jwt = runtime.block_on(Issuing::start(AccessTokenFormat::Jwt));
    let opaque = runtime.block_on(Issuing::start(AccessTokenFormat::Opaque));
    let (api, remembering) = (Api::new(&jose, false), Api::new(&jose, true));
    let bare = BareEs256::over(&runtime.block_on(jwt.issue()));
    assert!(
        bare.verify() && jose.verify() && api.validate() && remembering.validate(),
        "a benchmark of refusals says nothing"
    );

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("es256");
    let sign = || bare.sign();
    let verify = || bare.verify();
    let issue = |issuing| runtime.block_on(Issuing::issue(issuing));
    let rows = [
        (
            "jose-sign",
            "signature",
            beside(&mut group, "jose-sign", sign, || jose.sign()),
            None,
        ),
        (
            "issue",
            "signature",
            beside(&mut group, "issue", sign, || issue(&jwt)),
            Some(1.5),
        ),
        (
            "issue-opaque",
            "signature",
            beside(&mut group, "issue-opaque", sign, || issue(&opaque)),
            None,
        ),
        (
            "jose-verify",
            "verification",
            beside(&mut group, "jose-verify", verify, || jose.verify()),
            Some(1.2),
        ),
        (
            "validate",
            "verification",
            beside(&mut group, "validate", verify, || api.validate()),
            Some(1.15),
        ),
        (
            "validate-again",
            "verification",
            beside(&mut group, "validate-again", verify, || {
                remembering.validate()
            }),
            Some(0.05),
        ),
    ];
    group.finish();
    criterion.final_summary();
    report(&rows);
}

/// Prints each ratio, and whether it is what was promised.
#[expect(
    clippy::print_stdout,
    reason = "the ratios are what this program is for"
)]
fn report(rows: &[(&str, &str, f64, Option<f64>)]) {
    println!("\n{:<14} {:>6}   floor", "cost", "ratio");
    for (cost, floor, ratio, goal) in rows {
        let goal = goal.map_or_else(String::new, |goal| {
            let verdict = if *ratio <= goal { "met" } else { "MISSED" };
            format!("   at most {goal}: {verdict}")
        });
        println!("{cost:<14} {ratio:>6.2}   one bare {floor}{goal}");
    }
}
