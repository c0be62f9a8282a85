//! How many questions are in flight, and which of them are one.

use std::time::Duration;

use countersign_resource::{IntrospectionError, Introspector, InvalidToken, Refusal};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::scripted::{INTROSPECT, Reply, Scripted};
use crate::server::{Answer, TOKEN, inactive};

const UNAVAILABLE: Refusal = Refusal::Unavailable { retry_after: 1 };

/// Questions about as many different tokens at once: how many of them are let in.
async fn ask_about(introspector: &Introspector, tokens: usize) -> usize {
    let mut waiting = JoinSet::new();
    for token in 0..tokens {
        let introspector = introspector.clone();
        waiting.spawn(async move { introspector.introspect(&format!("t{token}")).await });
    }
    let judged = waiting.join_all().await;
    judged.iter().filter(|judged| judged.is_ok()).count()
}

/// A question of its own about the token, which has been put when this returns.
async fn put(introspector: &Introspector) -> JoinHandle<Result<(), Refusal>> {
    let introspector = introspector.clone();
    let question = tokio::spawn(async move { introspector.introspect(TOKEN).await.map(|_| ()) });
    tokio::time::sleep(Duration::from_millis(1)).await;
    question
}

#[tokio::test(start_paused = true)]
async fn no_more_questions_are_in_flight_than_allowed() {
    for cache in [0, 10] {
        let issuer = Scripted::new(|_, _| Reply::good(100));
        let builder = issuer.at_endpoint().cache(cache, 60).max_in_flight(3);
        let introspector = builder.build().unwrap();
        let started = Instant::now();
        assert_eq!(ask_about(&introspector, 30).await, 30);
        assert_eq!(issuer.most_in_flight(), 3);
        assert_eq!(started.elapsed(), Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_as_64_if_nothing_is_said() {
    let issuer = Scripted::new(|_, _| Reply::good(1100));
    let introspector = issuer.at_endpoint().build().unwrap();
    // Four times as many are over before the time is.
    assert_eq!(ask_about(&introspector, 400).await, 4 * 64);
    assert_eq!(issuer.most_in_flight(), 64);
}

#[tokio::test(start_paused = true)]
async fn who_gets_no_turn_in_time_is_not_let_in_and_the_next_is() {
    for cache in [0, 10] {
        let issuer = Scripted::new(|_, number| match number {
            0 => Reply::never(),
            _ => Reply::good(0),
        });
        let builder = issuer.at_endpoint().cache(cache, 60).max_in_flight(1);
        let introspector = builder.build().unwrap();
        let hangs = put(&introspector).await;
        let (one, ready, another) = tokio::join!(
            async {
                tokio::time::timeout(Duration::from_secs(4), introspector.introspect("one")).await
            },
            async { tokio::time::timeout(Duration::from_secs(4), introspector.ready()).await },
            introspector.introspect("another"),
        );
        assert!(one.is_err() && ready.is_err(), "they wait");
        assert!(another.is_ok(), "when the first is over");
        assert_eq!(hangs.await.unwrap(), Err(UNAVAILABLE));
        assert_eq!(issuer.asked(INTROSPECT), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_waits_no_longer_than_for_anything() {
    let issuer = Scripted::new(|_, _| Reply::never());
    let builder = issuer.at_endpoint().cache(10, 60).max_in_flight(1);
    let introspector = builder.build().unwrap();
    // The first question is in flight until 5 s, and the second from then until 10 s.
    for token in ["first", "second"] {
        let introspector = introspector.clone();
        tokio::spawn(async move { introspector.introspect(token).await });
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let started = Instant::now();
    assert_eq!(introspector.ready().await, Err(IntrospectionError::Busy));
    assert_eq!(started.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn with_a_cache_one_question_is_asked_for_all_who_come_with_the_token() {
    for (cache, expected) in [(0, 20), (10, 1)] {
        let issuer = Scripted::new(|_, _| Reply::good(100));
        let builder = issuer.at_endpoint().cache(cache, 60);
        let introspector = builder.build().unwrap();
        let mut waiting = JoinSet::new();
        for _ in 0..20 {
            let introspector = introspector.clone();
            waiting.spawn(async move { introspector.introspect(TOKEN).await });
        }
        assert!(waiting.join_all().await.iter().all(Result::is_ok));
        assert_eq!(issuer.asked(INTROSPECT), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_turn_asks_nothing_that_was_answered_meanwhile() {
    let issuer = Scripted::new(|_, _| Reply::good(100));
    let builder = issuer.at_endpoint().cache(10, 60).max_in_flight(1);
    let introspector = builder.build().unwrap();
    let other = tokio::spawn({
        let introspector = introspector.clone();
        async move { introspector.introspect("other").await }
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut waiting = JoinSet::new();
    for _ in 0..20 {
        let introspector = introspector.clone();
        waiting.spawn(async move { introspector.introspect(TOKEN).await });
    }
    assert!(waiting.join_all().await.iter().all(Result::is_ok));
    assert!(other.await.unwrap().is_ok());
    assert_eq!(issuer.asked(INTROSPECT), 2);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_cuts_off_nobody_who_waits_for_the_same_answer() {
    let issuer = Scripted::new(|_, _| Reply::good(100));
    let introspector = issuer.at_endpoint().cache(10, 60).build().unwrap();
    let first = put(&introspector).await;
    let second = put(&introspector).await;
    first.abort();
    assert_eq!(second.await.unwrap(), Ok(()));
    assert_eq!(issuer.asked(INTROSPECT), 1);
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_are_told_of_a_failure_and_it_is_not_kept() {
    let issuer = Scripted::new(|_, number| match number {
        0 => Reply(100, Answer::Plain(503, Vec::new())),
        1 => Reply(100, inactive()),
        _ => Reply::good(100),
    });
    let introspector = issuer.at_endpoint().cache(10, 60).build().unwrap();
    let expected = [Err(UNAVAILABLE), Err(InvalidToken::Inactive.into()), Ok(())];
    for (round, expected) in expected.into_iter().enumerate() {
        let both = [put(&introspector).await, put(&introspector).await];
        for judged in both {
            assert_eq!(judged.await.unwrap(), expected);
        }
        assert_eq!(issuer.asked(INTROSPECT), round + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_is_no_younger_than_its_answer_would_be() {
    // Seconds for which answers are kept, seconds after the first question, and how many questions there are then.
    for (max_age, seconds, expected) in [(3, 2, 1), (3, 3, 2), (3, -1, 2)] {
        let issuer = Scripted::new(|_, _| Reply::good(100));
        let builder = issuer.at_endpoint().cache(10, max_age);
        let introspector = builder.build().unwrap();
        let first = put(&introspector).await;
        issuer.clock.advance(seconds);
        let second = put(&introspector).await;
        assert!(first.await.unwrap().is_ok() && second.await.unwrap().is_ok());
        assert_eq!(issuer.asked(INTROSPECT), expected, "{max_age} {seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_when_two_answers_cross() {
    // The first question is answered last. Seconds from it to the second, and from that to the first answer; both answers;
    // whether the token is still let in after that without a question.
    let good = || Reply::good(0).1;
    let down = || Answer::Plain(503, Vec::new());
    let cases: [(i64, i64, Answer, Answer, bool); 5] = [
        // The older good answer does not come back after the younger one, were it by a clock that was set back.
        (-1, 1, good(), inactive(), false),
        (5, 0, good(), inactive(), false),
        // What is not good any more ends what is kept, and a failure says nothing.
        (5, 0, inactive(), good(), false),
        (5, 0, down(), good(), true),
        (-1, 1, good(), good(), true),
    ];
    for (index, (to_second, to_answer, first, second, is_kept)) in cases.into_iter().enumerate() {
        let issuer = Scripted::new(move |_, number| match number {
            0 => Reply(1000, first.clone()),
            1 => Reply(0, second.clone()),
            _ => Reply(0, inactive()),
        });
        let introspector = issuer.at_endpoint().cache(10, 5).build().unwrap();
        let older = put(&introspector).await;
        issuer.clock.advance(to_second);
        let _ = put(&introspector).await.await;
        issuer.clock.advance(to_answer);
        let _ = older.await;
        assert_eq!(issuer.asked(INTROSPECT), 2, "case {index}");
        let judged = introspector.introspect(TOKEN).await;
        assert_eq!(judged.is_ok(), is_kept, "case {index}");
    }
}
