//! RULES S5: who guesses is slowed down, and nobody is locked out.

use std::sync::Arc;

use countersign_core::ClientSettings;
use countersign_protocol::{ErrorResponse, Form, TokenRequest};
use countersign_provider::{Origin, Provider};
use countersign_storage::testing::Verb;

use crate::common::{
    PASSWORD, Service, TestClient, USER, add_user, on_both_backends, password_settings, settings,
};

/// What can be guessed.
#[derive(Clone, Copy, Debug)]
enum Door {
    GeneratedSecret,
    ChosenSecret,
    Password,
}

const DOORS: [Door; 3] = [Door::GeneratedSecret, Door::ChosenSecret, Door::Password];

/// A client and a user, and what they would prove themselves by.
struct House {
    service: Service,
    generated: TestClient,
    chosen: TestClient,
    portal: TestClient,
}

/// How many failures are free where a test does not look at the defaults: each costs a hash.
const FREE: u32 = 2;

fn few_are_free(mut service: Service) -> Service {
    service.settings.throttle.account_failures = FREE;
    service
}

fn nowhere() -> Origin {
    Origin::default()
}

fn from(address: &str) -> Origin {
    Origin::from_address(address.parse().unwrap())
}

impl House {
    async fn build(service: Service) -> (Arc<Self>, Arc<Provider>) {
        let node = service.node().await;
        let portal = ClientSettings {
            scope: "read".parse().unwrap(),
            ..password_settings()
        };
        let house = Self {
            generated: TestClient::add(&node, "generated", settings()).await,
            chosen: TestClient::add_with_secret(&node, "chosen", "a secret of a person").await,
            portal: TestClient::add(&node, "portal", portal).await,
            service,
        };
        add_user(&node).await;
        (Arc::new(house), Arc::new(node))
    }

    async fn right(&self, node: &Provider, door: Door, origin: Origin) -> Answer {
        let secret = match door {
            Door::GeneratedSecret => &self.generated.secret,
            Door::ChosenSecret => &self.chosen.secret,
            Door::Password => PASSWORD,
        };
        self.try_with(node, door, secret, origin).await
    }

    async fn wrong(&self, node: &Provider, door: Door, origin: Origin) -> Answer {
        self.try_with(node, door, "a guess", origin).await
    }

    async fn try_with(&self, node: &Provider, door: Door, secret: &str, origin: Origin) -> Answer {
        match door {
            Door::GeneratedSecret => client(node, &self.generated.id, secret, origin).await,
            Door::ChosenSecret => client(node, &self.chosen.id, secret, origin).await,
            Door::Password => self.user(node, USER, secret, origin).await,
        }
    }

    async fn user(&self, node: &Provider, name: &str, password: &str, origin: Origin) -> Answer {
        let TestClient { id, secret, .. } = &self.portal;
        let rest = format!("grant_type=password&username={name}&password={password}");
        ask(node, id, secret, &rest, origin).await
    }

    /// As many wrong attempts, each of which is looked at.
    async fn fail(&self, node: &Provider, door: Door, origin: Origin, times: u32) {
        for time in 0..times {
            let answer = self.wrong(node, door, origin).await;
            assert_eq!(answer, Answer::Wrong, "{door:?}, after {time} failures");
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Right,
    /// It was looked at.
    Wrong,
    /// It was not looked at.
    Wait(u32),
    /// Something else went wrong.
    Failed(u16),
}

async fn client(node: &Provider, id: &str, secret: &str, origin: Origin) -> Answer {
    ask(node, id, secret, "grant_type=client_credentials", origin).await
}

async fn ask(node: &Provider, id: &str, secret: &str, rest: &str, origin: Origin) -> Answer {
    let body = format!("client_id={id}&client_secret={secret}&{rest}");
    let form = Form::parse(body.as_bytes(), &["resource"]).unwrap();
    let request = TokenRequest::read(&[], &form).unwrap();
    let answer: Result<_, ErrorResponse> = node.token(request, origin).await;
    match answer {
        Ok(_) => Answer::Right,
        Err(error) => match (error.status(), error.retry_after) {
            (400 | 401, _) => Answer::Wrong,
            (429, Some(seconds)) => Answer::Wait(seconds),
            (status, _) => Answer::Failed(status),
        },
    }
}

on_both_backends! {
    rule_s5_each_failure_after_the_free_ones_costs_twice_as_much
    rule_s5_a_success_resets_the_count
    rule_s5_failures_are_forgotten_after_the_window
    rule_s5_all_nodes_count_together
    rule_s5_what_one_node_forgives_the_others_forgive
    rule_s5_who_guesses_at_an_account_does_not_lock_its_owner_out
    rule_s5_of_many_guesses_at_once_few_are_looked_at
}

async fn rule_s5_each_failure_after_the_free_ones_costs_twice_as_much(service: Service) {
    let (house, node) = House::build(few_are_free(service)).await;
    for door in DOORS {
        house.fail(&node, door, nowhere(), FREE).await;
        let delays: &[u32] = match door {
            Door::GeneratedSecret => &[1, 2, 4, 8, 16, 32, 60, 60],
            Door::ChosenSecret | Door::Password => &[1, 2, 4],
        };
        for &delay in delays {
            house.fail(&node, door, nowhere(), 1).await;
            let early = house.wrong(&node, door, nowhere()).await;
            assert_eq!(early, Answer::Wait(delay), "{door:?}");
            house.service.pass(&node, i64::from(delay) - 1).await;
            let early = house.wrong(&node, door, nowhere()).await;
            let left = Answer::Wait(1);
            assert_eq!(early, left, "{door:?}: one second before {delay}");
            house.service.pass(&node, 1).await;
        }
        let answer = house.right(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Right, "{door:?}: nobody is locked out");
    }
}

async fn rule_s5_a_success_resets_the_count(service: Service) {
    let (house, node) = House::build(few_are_free(service)).await;
    for door in DOORS {
        for origin in [nowhere(), from("192.0.2.1")] {
            for _ in 0..2 {
                house.fail(&node, door, origin, FREE).await;
                let answer = house.right(&node, door, origin).await;
                assert_eq!(answer, Answer::Right, "{door:?}");
            }
            house.service.pass(&node, 300).await;
        }
    }
}

async fn rule_s5_failures_are_forgotten_after_the_window(service: Service) {
    let (house, node) = House::build(few_are_free(service)).await;
    for door in DOORS {
        house.fail(&node, door, nowhere(), 1).await;
        house.service.pass(&node, 299).await;
        house.fail(&node, door, nowhere(), FREE).await;
        let answer = house.wrong(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Wait(1), "{door:?}");
        house.service.pass(&node, 1).await;
        house.fail(&node, door, nowhere(), FREE + 1).await;
    }
}

async fn rule_s5_all_nodes_count_together(service: Service) {
    let (house, node) = House::build(few_are_free(service)).await;
    let other = house.service.node().await;
    for (door, heard_later) in [
        (Door::Password, 0),
        (Door::ChosenSecret, 0),
        // Memory alone decides: what others have counted is heard with the first failure of one's own.
        (Door::GeneratedSecret, 1),
    ] {
        house.fail(&node, door, nowhere(), FREE + 1).await;
        house.fail(&other, door, nowhere(), heard_later).await;
        let answer = house.wrong(&other, door, nowhere()).await;
        assert_eq!(answer, Answer::Wait(1 + heard_later), "{door:?}");
    }
}

async fn rule_s5_what_one_node_forgives_the_others_forgive(service: Service) {
    let (house, node) = House::build(few_are_free(service)).await;
    let other = house.service.node().await;
    for door in [Door::Password, Door::ChosenSecret] {
        house.fail(&other, door, nowhere(), FREE + 1).await;
        house.service.pass(&node, 1).await;
        house.fail(&other, door, nowhere(), 1).await;
        house.service.pass(&node, 1).await;
        let early = house.right(&other, door, nowhere()).await;
        assert_eq!(early, Answer::Wait(1), "{door:?}");
        house.service.pass(&node, 1).await;
        house.fail(&other, door, nowhere(), 1).await;
        house.service.pass(&node, 4).await;
        let answer = house.right(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Right, "{door:?}");
        house.fail(&other, door, nowhere(), FREE + 1).await;
    }
}

async fn rule_s5_who_guesses_at_an_account_does_not_lock_its_owner_out(service: Service) {
    let (house, node) = House::build(few_are_free(service)).await;
    let [home, office, attacker] = ["192.0.2.1", "2001:db8:1:2::1", "203.0.113.9"].map(from);
    // Whoever holds a generated secret is never slowed; see below.
    for door in [Door::ChosenSecret, Door::Password] {
        assert_eq!(house.right(&node, door, home).await, Answer::Right);

        house.fail(&node, door, attacker, FREE + 1).await;
        let slowed = house.right(&node, door, attacker).await;
        assert_eq!(slowed, Answer::Wait(1), "{door:?}: who guesses is slowed");
        let answer = house.right(&node, door, home).await;
        assert_eq!(answer, Answer::Right, "{door:?}: the owner is not");
        let slowed = house.right(&node, door, attacker).await;
        assert_eq!(
            slowed,
            Answer::Wait(1),
            "{door:?}: the owner resets nothing"
        );
        let slowed = house.right(&node, door, office).await;
        assert_eq!(slowed, Answer::Wait(1), "{door:?}: nobody knows this place");
        house.service.pass(&node, 1).await;
        let answer = house.right(&node, door, office).await;
        assert_eq!(answer, Answer::Right, "{door:?}: after the delay");
        house.fail(&node, door, attacker, FREE + 1).await;
        let office = from("2001:db8:1:2:3:4:5:6");
        let answer = house.right(&node, door, office).await;
        assert_eq!(answer, Answer::Right, "{door:?}: now it is known");

        house.fail(&node, door, home, FREE + 1).await;
        let slowed = house.right(&node, door, home).await;
        assert_eq!(slowed, Answer::Wait(1), "{door:?}: trust has an end");
        house.service.pass(&node, 300).await;
    }
}

/// What became of `count` wrong attempts at once.
async fn guess_at_once(
    house: &Arc<House>,
    node: &Arc<Provider>,
    door: Door,
    count: u32,
) -> Vec<Answer> {
    let guess = |_| {
        let (house, node) = (Arc::clone(house), Arc::clone(node));
        tokio::spawn(async move { house.wrong(&node, door, nowhere()).await })
    };
    let guesses: Vec<_> = (0..count).map(guess).collect();
    let mut answers = Vec::new();
    for guess in guesses {
        answers.push(guess.await.unwrap());
    }
    answers
}

async fn rule_s5_of_many_guesses_at_once_few_are_looked_at(service: Service) {
    let (house, node) = House::build(few_are_free(service)).await;
    for door in [Door::ChosenSecret, Door::Password] {
        let looked_at = |answers: Vec<Answer>| {
            let wrong = answers.iter().filter(|it| **it == Answer::Wrong);
            u32::try_from(wrong.count()).unwrap()
        };
        let first = looked_at(guess_at_once(&house, &node, door, 200).await);
        assert!((1..=FREE + 1).contains(&first), "{door:?}: {first}");
        while house.wrong(&node, door, nowhere()).await == Answer::Wrong {}
        house.service.pass(&node, 1).await;
        let later = looked_at(guess_at_once(&house, &node, door, 200).await);
        assert_eq!(later, 1, "{door:?}");
    }
}

#[tokio::test]
async fn rule_s5_twenty_failures_are_free() {
    let (house, node) = House::build(Service::new()).await;
    for door in DOORS {
        house.fail(&node, door, nowhere(), 20 + 1).await;
        let answer = house.wrong(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Wait(1), "{door:?}");
    }
}

#[tokio::test]
async fn rule_s5_an_unknown_name_is_slowed_like_a_known_one() {
    let (house, node) = House::build(few_are_free(Service::new())).await;
    for name in ["nobody", "no body", "%00", &"x".repeat(10_000)] {
        for _ in 0..=FREE {
            let answer = house.user(&node, name, "a+guess", nowhere()).await;
            assert_eq!(answer, Answer::Wrong);
            let answer = client(&node, name, "a+guess", nowhere()).await;
            assert_eq!(answer, Answer::Wrong);
        }
        let answer = house.user(&node, name, "a+guess", nowhere()).await;
        assert_eq!(answer, Answer::Wait(1));
        let answer = client(&node, name, "a+guess", nowhere()).await;
        assert_eq!(answer, Answer::Wait(1));
    }
}

#[tokio::test]
async fn rule_s5_an_address_has_a_hundred_failures_at_whatever_accounts() {
    let (house, node) = House::build(few_are_free(Service::new())).await;
    for (address, neighbour, stranger) in [
        ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", "2001:db8:1:3::1"),
    ] {
        for guess in 0..101 {
            let own = house
                .right(&node, Door::GeneratedSecret, from(address))
                .await;
            assert_eq!(own, Answer::Right, "and a success resets nothing");
            let id = format!("client-{guess}");
            let answer = client(&node, &id, "x", from(address)).await;
            assert_eq!(answer, Answer::Wrong, "after {guess} failures");
        }
        for origin in [address, neighbour] {
            let answer = client(&node, "newcomer", "x", from(origin)).await;
            assert_eq!(answer, Answer::Wait(1), "{origin}");
        }
        let answer = client(&node, "newcomer", "x", from(stranger)).await;
        assert_eq!(answer, Answer::Wrong, "{stranger}");
        house.service.pass(&node, 1).await;
        let own = house
            .right(&node, Door::GeneratedSecret, from(neighbour))
            .await;
        assert_eq!(own, Answer::Right, "nobody is locked out");
    }
}

#[tokio::test]
async fn rule_s5_an_attempt_that_is_refused_counts_for_nothing() {
    let (house, node) = House::build(few_are_free(Service::new())).await;
    for door in DOORS {
        house.fail(&node, door, nowhere(), FREE + 1).await;
        let counted = house.service.store.calls(Verb::CountFailure);
        for _ in 0..100 {
            let answer = house.wrong(&node, door, nowhere()).await;
            assert_eq!(answer, Answer::Wait(1), "{door:?}");
        }
        assert_eq!(house.service.store.calls(Verb::CountFailure), counted);
        house.service.pass(&node, 1).await;
        let answer = house.right(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Right, "{door:?}");
    }
}

#[tokio::test]
async fn rule_s5_a_wrong_secret_is_wrong_and_counts_while_storage_does_not_answer() {
    for door in [Door::GeneratedSecret, Door::ChosenSecret] {
        let (house, node) = House::build(few_are_free(Service::new())).await;
        assert_eq!(house.right(&node, door, nowhere()).await, Answer::Right);
        house.service.store.switch_off();
        house.fail(&node, door, nowhere(), FREE + 1).await;
        let answer = house.wrong(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Wait(1), "{door:?}");
        house.service.clock.advance(1);
        let answer = house.right(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Right, "{door:?}");
    }
}

#[tokio::test]
async fn rule_s5_who_guesses_is_slowed_while_nothing_can_be_written() {
    let (house, node) = House::build(few_are_free(Service::new())).await;
    for door in DOORS {
        house.service.store.switch_on();
        assert_eq!(house.right(&node, door, nowhere()).await, Answer::Right);
        house.service.store.fail_writes();
        house.fail(&node, door, nowhere(), FREE + 1).await;
        let answer = house.wrong(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Wait(1), "{door:?}");
    }
}

#[tokio::test]
async fn rule_s5_a_clock_that_was_set_back_locks_nobody_out() {
    let (house, node) = House::build(few_are_free(Service::new())).await;
    house.service.pass(&node, 86_400).await;
    for door in [Door::ChosenSecret, Door::Password] {
        house.fail(&node, door, nowhere(), FREE + 1).await;
        house.service.clock.advance(-30);
        let answer = house.right(&node, door, nowhere()).await;
        assert_eq!(
            answer,
            Answer::Wait(31),
            "{door:?}: as far as clocks differ"
        );
        house.service.clock.advance(-3_600);
        let started = house.service.node().await;
        let answer = house.right(&started, door, nowhere()).await;
        assert_eq!(answer, Answer::Right, "{door:?}");
        house.service.clock.advance(3_630);
    }
}

#[tokio::test]
async fn rule_s5_the_numbers_are_the_operators() {
    let mut service = Service::new();
    service.settings.throttle.account_failures = 0;
    service.settings.throttle.max_delay = 2;
    let (house, node) = House::build(service).await;
    for door in DOORS {
        for delay in [1, 2, 2] {
            house.fail(&node, door, nowhere(), 1).await;
            let answer = house.wrong(&node, door, nowhere()).await;
            assert_eq!(answer, Answer::Wait(delay), "{door:?}");
            house.service.pass(&node, delay.into()).await;
        }
    }
}

#[tokio::test]
async fn rule_s5_a_client_that_proves_itself_touches_no_storage() {
    let (house, node) = House::build(few_are_free(Service::new())).await;
    for door in [Door::GeneratedSecret, Door::ChosenSecret] {
        let home = from("192.0.2.1");
        assert_eq!(house.right(&node, door, home).await, Answer::Right);
        let before = house.service.store.total_calls();
        for _ in 0..10 {
            assert_eq!(house.right(&node, door, home).await, Answer::Right);
        }
        assert_eq!(house.service.store.total_calls(), before, "{door:?}");
    }
}

#[tokio::test]
async fn rule_s5_a_stranger_cannot_slow_a_client_whose_secret_was_drawn() {
    let (house, node) = House::build(few_are_free(Service::new())).await;
    let (attacker, new_place) = (from("203.0.113.9"), from("192.0.2.1"));
    house
        .fail(&node, Door::GeneratedSecret, attacker, FREE + 1)
        .await;
    let answer = house.wrong(&node, Door::GeneratedSecret, attacker).await;
    assert_eq!(answer, Answer::Wait(1), "who guesses is slowed");
    for origin in [new_place, attacker, nowhere()] {
        let answer = house.right(&node, Door::GeneratedSecret, origin).await;
        assert_eq!(answer, Answer::Right, "{origin:?}");
    }
}

#[tokio::test]
async fn rule_s5_hanging_up_is_no_way_to_guess_for_nothing() {
    for door in [Door::ChosenSecret, Door::Password] {
        let (house, node) = House::build(few_are_free(Service::new())).await;
        for _ in 0..=FREE {
            let mut guess = std::pin::pin!(house.wrong(&node, door, nowhere()));
            std::future::poll_fn(|context| {
                assert!(
                    guess.as_mut().poll(context).is_pending(),
                    "its hash has begun"
                );
                std::task::Poll::Ready(())
            })
            .await;
        }
        let answer = house.wrong(&node, door, nowhere()).await;
        assert_eq!(answer, Answer::Wait(1), "{door:?}");
    }
}
