//! Attempts to fetch keys that do not end as attempts should: cut off, left alone, or with a panic in what is not ours.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign_core::{Clock, FixedClock, Timestamp};
use countersign_jose::jws::JwsError;
use countersign_resource::{
    KeysFailure, Limits, Transport, TransportError, Validator, ValidatorBuilder,
};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::fixtures::{API, ISSUER, KEY, NOW, clock, error, is_unavailable, jwks, long_lived};

/// A host without a network, whose answers are held back until they are released.
struct Desk {
    answer: Mutex<Option<String>>,
    /// Which questions are answered, by their numbers from 0.
    released: watch::Sender<Range<usize>>,
    asked: AtomicUsize,
    answered: AtomicUsize,
}

impl Desk {
    fn new(answer: Option<String>, released: Range<usize>) -> Arc<Self> {
        Arc::new(Self {
            answer: Mutex::new(answer),
            released: watch::Sender::new(released),
            asked: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
        })
    }

    fn say(&self, answer: impl Into<Option<String>>) {
        *self.answer.lock().expect("no panic") = answer.into();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn validator(self: &Arc<Self>, clock: Arc<dyn Clock>) -> Validator {
        let builder = Validator::from_jwks_url(ISSUER, "https://issuer.example/jwks", API);
        let builder: ValidatorBuilder = builder.transport(self.clone()).clock(clock);
        builder.build().expect("a validator")
    }
}

#[async_trait]
impl Transport for Desk {
    async fn send(
        &self,
        _: http::Request<Vec<u8>>,
        _: Limits,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        // What was true when the question came.
        let answer = self.answer.lock().expect("no panic").clone();
        let mut released = self.released.subscribe();
        let is_released = released.wait_for(|released| released.contains(&number));
        is_released.await.expect("it is never closed");
        self.answered.fetch_add(1, Ordering::SeqCst);
        let body = answer.ok_or(TransportError::TimedOut)?;
        Ok(http::Response::new(body.into_bytes()))
    }
}

fn runtime(paused: bool) -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(paused);
    builder.build().expect("a runtime")
}

/// Panics at the first warning, as a subscriber may whose pipe is broken.
struct Broken(AtomicBool);

impl tracing::Subscriber for Broken {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let is_warning = *event.metadata().level() == tracing::Level::WARN;
        assert!(
            !(is_warning && self.0.swap(false, Ordering::SeqCst)),
            "broken"
        );
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn a_log_that_panics_ends_one_attempt_and_no_other() {
    let _broken = tracing::subscriber::set_default(Broken(AtomicBool::new(true)));
    let desk = Desk::new(None, 0..10);
    let clock = clock();
    let validator = desk.validator(clock.clone());
    let token = long_lived(&KEY);
    assert!(is_unavailable(&validator.validate(&token).await));
    // Why there are no keys is known all the same.
    let reason = validator.ready().await.unwrap_err().reason;
    assert_eq!(reason, KeysFailure::Transport(TransportError::TimedOut));
    desk.say(jwks([&*KEY]));
    clock.advance(1);
    validator.validate(&token).await.unwrap();
    assert_eq!(desk.asked(), 2);
}

/// A clock that may be broken for a while.
struct Fragile(FixedClock, AtomicBool);

impl Clock for Fragile {
    fn now(&self) -> Timestamp {
        assert!(!self.1.load(Ordering::SeqCst), "broken");
        self.0.now()
    }
}

#[tokio::test]
async fn a_clock_that_panics_ends_no_attempt() {
    for first in [None, Some(jwks([&*KEY]))] {
        let desk = Desk::new(first.clone(), 0..0);
        let clock = Arc::new(Fragile(FixedClock::at(NOW), AtomicBool::new(false)));
        let validator = desk.validator(clock.clone());
        let token = long_lived(&KEY);
        let waiting = {
            let (validator, token) = (validator.clone(), token.clone());
            tokio::spawn(async move { validator.validate(&token).await })
        };
        while desk.asked() == 0 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        clock.1.store(true, Ordering::SeqCst);
        desk.released.send_replace(0..10);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        clock.1.store(false, Ordering::SeqCst);
        assert_eq!(desk.answered.load(Ordering::SeqCst), 1);
        desk.say(jwks([&*KEY]));
        clock.0.advance(1);
        validator.validate(&token).await.unwrap();
        assert_eq!(desk.asked(), if first.is_some() { 1 } else { 2 });
    }
}

#[test]
fn an_attempt_whose_runtime_is_not_driven_is_given_up_after_5_seconds() {
    let desk = Desk::new(Some(jwks([])), 0..0);
    let clock = clock();
    let validator = desk.validator(clock.clone());
    let token = long_lived(&KEY);
    // The request that leads to the attempt is cancelled, and its runtime has nothing else to do.
    let left_alone = runtime(false);
    left_alone.block_on(async {
        let validate = validator.validate(&token);
        let given_up = tokio::time::timeout(Duration::from_millis(20), validate).await;
        assert!(given_up.is_err());
    });
    assert_eq!(desk.asked(), 1);

    let other = runtime(true);
    other.block_on(async {
        let since = tokio::time::Instant::now();
        assert!(is_unavailable(&validator.validate(&token).await));
        let waited = since.elapsed();
        assert!(waited <= Duration::from_millis(5005), "{waited:?}");
        let reason = validator.ready().await.unwrap_err().reason;
        assert_eq!(reason, KeysFailure::TimedOut);
        // Somebody else takes it over, as soon as any attempt may follow on another.
        desk.say(jwks([&*KEY]));
        desk.released.send_replace(1..2);
        clock.advance(6);
        validator.validate(&token).await.unwrap();
        assert_eq!(desk.asked(), 2);
    });
    // What the first one brings in the end is from before, and taken by nobody.
    desk.released.send_replace(0..2);
    left_alone.block_on(async { tokio::time::sleep(Duration::from_millis(20)).await });
    assert_eq!(desk.answered.load(Ordering::SeqCst), 2);
    other.block_on(async { validator.validate(&token).await.unwrap() });
}

#[test]
fn an_attempt_that_is_too_old_is_not_waited_for() {
    let desk = Desk::new(Some(jwks([&*KEY])), 0..0);
    let clock = clock();
    let validator = desk.validator(clock.clone());
    let token = long_lived(&KEY);
    let left_alone = runtime(false);
    left_alone.block_on(async {
        let validate = validator.validate(&token);
        let given_up = tokio::time::timeout(Duration::from_millis(20), validate).await;
        assert!(given_up.is_err());
    });
    clock.advance(60);
    desk.released.send_replace(1..2);
    let other = runtime(true);
    other.block_on(async {
        tokio::time::advance(Duration::from_mins(1)).await;
        validator.validate(&token).await.unwrap();
        assert_eq!(desk.asked(), 2);
    });
    drop(left_alone);
}

#[test]
fn where_each_call_has_its_own_runtime_the_third_waits_for_the_keys() {
    let desk = Desk::new(Some(jwks([&*KEY])), 0..1);
    let clock = clock();
    let validator = desk.validator(clock.clone());
    let token = long_lived(&KEY);
    let judge = || runtime(true).block_on(validator.validate(&token));
    judge().unwrap();
    // The key is removed, and the answers that say so take their time.
    desk.say(jwks([]));
    for _ in 0..2 {
        clock.advance(300);
        judge().unwrap();
    }
    clock.advance(29);
    judge().unwrap();
    assert_eq!(desk.answered.load(Ordering::SeqCst), 1);
    desk.released.send_replace(0..3);
    clock.advance(1);
    assert_eq!(error(judge()), Some(JwsError::UnknownKey.into()));
    // With that, all is as it was: nobody waits.
    desk.say(jwks([&*KEY]));
    clock.advance(30);
    runtime(true).block_on(validator.ready()).unwrap();
    for _ in 0..2 {
        clock.advance(300);
        judge().unwrap();
    }
    // Nor for more than 5 seconds, if it does.
    clock.advance(300);
    runtime(true).block_on(async {
        let since = tokio::time::Instant::now();
        validator.validate(&token).await.unwrap();
        let waited = since.elapsed();
        assert!((4999..=5005).contains(&waited.as_millis()), "{waited:?}");
    });
}

#[test]
fn where_the_runtime_is_driven_now_and_then_the_third_waits_too() {
    let desk = Desk::new(Some(jwks([&*KEY])), 0..1);
    let clock = clock();
    let validator = desk.validator(clock.clone());
    let token = long_lived(&KEY);
    let runtime = runtime(true);
    let judge = || runtime.block_on(validator.validate(&token));
    judge().unwrap();
    desk.say(jwks([]));
    for _ in 0..2 {
        clock.advance(300);
        judge().unwrap();
        // Later, when something else is done, the question goes out, and long after its time is found to be up.
        runtime.block_on(async {
            tokio::time::advance(Duration::from_secs(20)).await;
            tokio::time::advance(Duration::from_secs(20)).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        });
    }
    desk.released.send_replace(3..4);
    clock.advance(300);
    assert_eq!(error(judge()), Some(JwsError::UnknownKey.into()));
}

#[test]
fn nobody_waits_without_a_runtime() {
    use std::future::Future as _;
    use std::task::{Context, Poll, Waker};

    let desk = Desk::new(None, 0..0);
    let validator = desk.validator(clock());
    let elsewhere = runtime(false);
    elsewhere.block_on(async {
        let ready = validator.ready();
        let given_up = tokio::time::timeout(Duration::from_millis(20), ready).await;
        assert!(given_up.is_err());
    });
    // An attempt is under way, and where there is no timer nobody can say for how long.
    let mut ready = std::pin::pin!(validator.ready());
    match ready.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) => assert_eq!(error.reason, KeysFailure::NoRuntime),
        other => panic!("{other:?}"),
    }
}
