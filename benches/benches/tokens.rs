//! Signing, verifying and issuing, each beside its floor in the same run. `cargo xtask bench` prints the ratios.

use std::hint::black_box;
use std::time::Instant;

use countersign_benches::{BareEs256, Issuing, Jose};
use countersign_core::AccessTokenFormat;
use criterion::{Criterion, criterion_group, criterion_main};

fn tokens(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime starts");
    let jose = Jose::new();
    let issuing = runtime.block_on(Issuing::start(AccessTokenFormat::Jwt));
    let issuing_opaque = runtime.block_on(Issuing::start(AccessTokenFormat::Opaque));
    let bare = BareEs256::over(&runtime.block_on(issuing.issue()));
    assert!(
        bare.verify() && jose.verify(),
        "a benchmark of refusals says nothing"
    );

    let mut group = criterion.benchmark_group("es256");
    group.bench_function("bare-sign", |bencher| {
        bencher.iter(|| black_box(bare.sign()));
    });
    group.bench_function("jose-sign", |bencher| {
        bencher.iter(|| black_box(jose.sign()));
    });
    let issue = |issuing: &Issuing, times| {
        runtime.block_on(async {
            let start = Instant::now();
            for _ in 0..times {
                black_box(issuing.issue().await);
            }
            start.elapsed()
        })
    };
    group.bench_function("issue", |bencher| {
        bencher.iter_custom(|times| issue(&issuing, times));
    });
    group.bench_function("issue-opaque", |bencher| {
        bencher.iter_custom(|times| issue(&issuing_opaque, times));
    });
    group.bench_function("bare-verify", |bencher| {
        bencher.iter(|| black_box(bare.verify()));
    });
    group.bench_function("jose-verify", |bencher| {
        bencher.iter(|| black_box(jose.verify()));
    });
    group.finish();
}

criterion_group!(benches, tokens);
criterion_main!(benches);
