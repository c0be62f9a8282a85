//! How long anybody waits, and for whom: attack classes of those who hang up and those who hang.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use countersign_resource::{
    DiscoveryError, IntrospectionError, Introspector, Refusal, TransportError,
};
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout};

use crate::scripted::{INTROSPECT, METADATA, OPENID, Reply, Scripted};
use crate::server::TOKEN;

const UNAVAILABLE: Refusal = Refusal::Unavailable { retry_after: 1 };

/// The milliseconds since `started`, in the time of tokio.
fn since(started: Instant) -> u128 {
    started.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn one_deadline_is_over_finding_the_endpoint_waiting_for_a_turn_and_the_answer() {
    // How long the metadata and the answer take, how long all takes, and whether the token is let in.
    let cases = [
        (Some(2000), Some(2000), 4000, true),
        (Some(3000), Some(3000), 5000, false),
        (None, Some(0), 5000, false),
        (Some(0), None, 5000, false),
    ];
    let reply =
        |millis: Option<u64>, reply: fn(u64) -> Reply| millis.map_or_else(Reply::never, reply);
    for (metadata, answer, expected, is_good) in cases {
        for cache in [0, 10] {
            let issuer = Scripted::new(move |path, _| match path {
                METADATA => reply(metadata, Reply::metadata),
                _ => reply(answer, Reply::good),
            });
            let introspector = issuer.at_issuer().cache(cache, 60).build().unwrap();
            let started = Instant::now();
            let judged = introspector.introspect(TOKEN).await;
            let case = format!("{metadata:?} {answer:?} {cache}");
            assert_eq!(since(started), expected, "{case}");
            assert_eq!(judged.is_ok(), is_good, "{case}");
            if !is_good {
                assert_eq!(judged.err(), Some(UNAVAILABLE), "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn both_documents_of_metadata_have_one_time_together() {
    let issuer = Scripted::new(|_, _| Reply::nothing(4000));
    let introspector = issuer.at_issuer().build().unwrap();
    let started = Instant::now();
    assert_eq!(
        introspector.ready().await,
        Err(DiscoveryError::Transport(TransportError::TimedOut).into())
    );
    assert_eq!(since(started), 5000);
    assert_eq!((issuer.asked(METADATA), issuer.asked(OPENID)), (1, 1));
    // That attempt is over, so there is another.
    tokio::time::sleep(Duration::from_millis(1)).await;
    issuer.clock.advance(1);
    assert!(introspector.introspect(TOKEN).await.is_err());
    assert_eq!(issuer.asked(METADATA), 2);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_cancels_nothing_and_sets_no_pace() {
    for (reply, is_found) in [
        (Reply::metadata as fn(u64) -> Reply, true),
        (Reply::nothing, false),
    ] {
        let issuer = Scripted::new(move |path, _| match path {
            METADATA => reply(2000),
            OPENID => Reply::nothing(0),
            _ => Reply::good(0),
        });
        let introspector = issuer.at_issuer().build().unwrap();
        for _ in 0..50 {
            let impatient = timeout(Duration::from_millis(10), introspector.introspect(TOKEN));
            assert!(impatient.await.is_err());
            // Later than any cool-down.
            issuer.clock.advance(2);
        }
        assert_eq!(issuer.asked(METADATA), 1);
        let started = Instant::now();
        assert_eq!(introspector.introspect(TOKEN).await.is_ok(), is_found);
        assert_eq!(since(started), 1500, "what is left of the 2 seconds");
        assert_eq!(issuer.asked(METADATA), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_those_before() {
    let issuer = Scripted::new(|_, _| Reply::never());
    let introspector = issuer.at_issuer().build().unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..20 {
        let introspector = introspector.clone();
        waiting.spawn(async move {
            let started = Instant::now();
            (introspector.introspect(TOKEN).await, since(started))
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        issuer.clock.advance(2);
    }
    for (judged, waited) in waiting.join_all().await {
        assert_eq!(judged.err(), Some(UNAVAILABLE));
        assert!(waited <= 5000, "{waited}");
    }
    assert_eq!(issuer.asked(METADATA), 1);
}

#[tokio::test(start_paused = true)]
async fn while_an_endpoint_is_known_nobody_waits_for_metadata() {
    let issuer = Scripted::new(|path, number| match (path, number) {
        (METADATA, 0) => Reply::metadata(0),
        (METADATA, _) => Reply::never(),
        _ => Reply::good(0),
    });
    let introspector = issuer.at_issuer().build().unwrap();
    introspector.introspect(TOKEN).await.unwrap();
    issuer.clock.advance(3600);
    let started = Instant::now();
    for _ in 0..10 {
        introspector.introspect(TOKEN).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(since(started), 0);
    assert_eq!(issuer.asked(METADATA), 2, "one looks whether it has moved");
}

#[tokio::test(start_paused = true)]
async fn how_long_metadata_are_believed_and_when_they_are_asked_again() {
    // No endpoint: seconds after an attempt that failed, and whether there is another. The clock may be set back.
    for (seconds, expected) in [(0, 1), (1, 2), (-1, 2)] {
        let issuer = Scripted::new(|_, _| Reply::nothing(0));
        let introspector = issuer.at_issuer().build().unwrap();
        assert!(introspector.introspect(TOKEN).await.is_err());
        issuer.clock.advance(seconds);
        assert!(introspector.introspect(TOKEN).await.is_err());
        assert_eq!(issuer.asked(METADATA), expected, "{seconds}");
    }
    // An endpoint that is known since 0, and all further attempts fail: the seconds from one question to the next, how many
    // attempts there are, and whether the last one is let in.
    let cases = [
        (&[3599][..], 1, true),
        (&[3600], 2, true),
        (&[3600, 29], 2, true),
        (&[3600, 30], 3, true),
        // The clock set back: cooled down at once.
        (&[3600, -1, 1], 2, true),
        (&[3700, -1], 3, true),
        // What is known since a time to come is not known.
        (&[-1], 2, false),
        (&[86_399], 2, true),
        (&[86_400], 2, false),
    ];
    for (steps, attempts, is_good) in cases {
        let issuer = Scripted::new(|path, number| match (path, number) {
            (METADATA, 0) => Reply::metadata(0),
            (METADATA | OPENID, _) => Reply::nothing(0),
            _ => Reply::good(0),
        });
        let introspector = issuer.at_issuer().build().unwrap();
        introspector.introspect(TOKEN).await.unwrap();
        let mut judged = Ok(());
        for seconds in steps {
            issuer.clock.advance(*seconds);
            judged = introspector.introspect(TOKEN).await.map(|_| ());
            // Behind the back of who asks.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(issuer.asked(METADATA), attempts, "{steps:?}");
        assert_eq!(judged.is_ok(), is_good, "{steps:?}");
    }
}

/// A runtime that goes on only while it is driven, with a clock that goes on only while nothing else does.
fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.expect("a runtime")
}

/// A question on a task of its own, which has been put when this returns.
async fn put(introspector: &Introspector) -> JoinHandle<bool> {
    let introspector = introspector.clone();
    let question = tokio::spawn(async move { introspector.introspect(TOKEN).await.is_ok() });
    tokio::time::sleep(Duration::from_millis(10)).await;
    question
}

/// In a runtime that was just made: so many times later than anything is waited for that was left alone.
async fn much_later(times: u32) {
    tokio::time::advance(Duration::from_secs(15) * times).await;
}

#[test]
fn what_is_cut_off_with_its_runtime_or_left_alone_by_it_stands_in_nobodys_way() {
    for shuts_down in [true, false] {
        // Who is told that it was cut off need not wait until it must have been.
        let later = u32::from(!shuts_down);
        // The metadata and the answer, neither of which comes the first time.
        let issuer = Scripted::new(|path, number| match (path, number) {
            (METADATA | INTROSPECT, 0) => Reply::never(),
            (METADATA, _) => Reply::metadata(0),
            _ => Reply::good(0),
        });
        let introspector = issuer.at_issuer().cache(10, 60).build().unwrap();
        let drive = || {
            let runtime = runtime();
            runtime.block_on(async {
                much_later(2 * later).await;
                let question = put(&introspector).await;
                question.is_finished() && question.await.unwrap()
            })
        };
        let mut left_alone = Vec::new();
        for (round, path) in [(0, METADATA), (1, INTROSPECT)] {
            let runtime = runtime();
            runtime.block_on(async {
                much_later(round * later).await;
                put(&introspector).await;
            });
            assert_eq!(issuer.asked(path), 1, "{path}");
            if !shuts_down {
                left_alone.push(runtime);
            }
            issuer.clock.advance(1);
        }
        assert!(drive());
        // Nor does it when it is cut off at last.
        drop(left_alone);
        assert!(drive());
        assert_eq!((issuer.asked(METADATA), issuer.asked(INTROSPECT)), (2, 2));
    }
}

#[test]
fn an_attempt_that_was_given_up_does_not_end_the_next_one() {
    let issuer = Scripted::new(|path, number| match (path, number) {
        (METADATA, 0) => Reply::never(),
        (METADATA, _) => Reply::metadata(1000),
        _ => Reply::good(0),
    });
    let introspector = issuer.at_issuer().build().unwrap();
    let left_alone = runtime();
    left_alone.block_on(async {
        put(&introspector).await;
    });
    runtime().block_on(async {
        much_later(1).await;
        let one = put(&introspector).await;
        std::thread::spawn(|| drop(left_alone)).join().unwrap();
        issuer.clock.advance(2);
        assert!(put(&introspector).await.await.unwrap());
        assert!(one.await.unwrap());
    });
    assert_eq!(issuer.asked(METADATA), 2);
}

#[test]
fn without_a_runtime_nobody_is_let_in_and_nothing_panics() {
    fn once<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("there is nothing to wait for"),
        }
    }
    let issuer = Scripted::new(|_, _| Reply::good(0));
    for builder in [issuer.at_issuer(), issuer.at_endpoint()] {
        let introspector = builder.build().unwrap();
        let judged = once(introspector.introspect(TOKEN));
        assert_eq!(judged.err(), Some(UNAVAILABLE));
        let ready = once(introspector.ready());
        assert_eq!(ready, Err(IntrospectionError::NoRuntime));
    }
    assert_eq!(issuer.asked(INTROSPECT), 0);
}

#[tokio::test]
async fn a_time_of_whatever_length_is_no_panic() {
    let issuer: Arc<Scripted> = Scripted::new(|_, _| Reply::good(0));
    let builder = issuer.at_endpoint().timeout(Duration::MAX);
    assert!(builder.build().unwrap().introspect(TOKEN).await.is_ok());
}
