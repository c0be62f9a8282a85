//! What one node knows of failures without asking storage.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use countersign_jose::mac::MacKey;
use countersign_storage::{Failures, ThrottleSubject};
use quick_cache::sync::Cache;

use super::rule::Rule;
use super::subject::{Kind, Subject};

/// The most subjects whose failures are kept in memory. What is pushed out is read from storage again.
const KNOWN: usize = 100_000;

/// The most pairs of account and address that are trusted.
const TRUSTED: usize = 100_000;

/// What a node knows of one subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// What storage told last.
    stored: Option<Failures>,
    /// What storage may not know: failures that it has not confirmed.
    unwritten: Option<Failures>,
}

/// What an attempt is judged by.
#[derive(Clone, Copy)]
pub(super) struct Watched {
    /// The account; at an address from which it was proven, the pair of both.
    pub(super) account: Subject,
    /// The address, if it is known.
    pub(super) address: Option<Subject>,
}

impl Watched {
    fn subjects(&self) -> impl Iterator<Item = Subject> {
        [Some(self.account), self.address].into_iter().flatten()
    }

    /// What may make the attempt wait. A trusted pair answers for itself only: what neighbours behind the same address do
    /// must not keep a client out that has proven itself from there.
    fn judged_by(&self) -> impl Iterator<Item = Subject> {
        let alone = self.account.kind == Kind::Pair;
        self.subjects().take(if alone { 1 } else { 2 })
    }

    /// The subjects as storage knows them.
    pub(super) fn ids(&self) -> Vec<ThrottleSubject> {
        self.subjects().map(|subject| subject.id).collect()
    }
}

/// An attempt came too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooEarly {
    /// What it is that failed too often.
    pub(super) kind: Kind,
    /// Seconds until the next attempt is welcome.
    pub(super) seconds: u32,
}

/// How many attempts at each subject are in flight; there are as many entries as requests at most.
type InFlight = HashMap<ThrottleSubject, u32>;

/// The throttle of one node.
pub(crate) struct Throttle {
    /// The key under which subjects are hashed, once it was needed.
    pub(super) key: OnceLock<MacKey>,
    known: Cache<ThrottleSubject, Known>,
    trusted: Cache<ThrottleSubject, ()>,
    /// Held by whoever changes `known`, too: nothing that was learnt is lost between reading and writing.
    in_flight: Arc<Mutex<InFlight>>,
}

/// The place of an attempt in flight, until it is dropped.
pub(super) struct Place {
    ids: Vec<ThrottleSubject>,
    in_flight: Arc<Mutex<InFlight>>,
}

impl Throttle {
    /// A throttle that knows nothing.
    pub(crate) fn new() -> Self {
        Self {
            key: OnceLock::new(),
            known: Cache::new(KNOWN),
            trusted: Cache::new(TRUSTED),
            in_flight: Arc::default(),
        }
    }

    /// Whether no failure of anybody is known.
    pub(super) fn knows_nothing(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether the account of this pair was proven from its address.
    pub(super) fn is_trusted(&self, pair: &Subject) -> bool {
        self.trusted.get(&pair.id).is_some()
    }

    /// The account of this pair was proven from its address.
    pub(super) fn trust(&self, pair: &Subject) {
        self.trusted.insert(pair.id, ());
    }

    /// Lets an attempt through, unless it comes too early by what is known of finished ones.
    pub(super) fn pass(&self, watched: &Watched, rule: Rule) -> Result<(), TooEarly> {
        self.judge(watched, rule, |_| 0)
    }

    /// Lets an attempt through for as long as its place is kept, unless it comes too early by what is known of finished
    /// ones and those in flight.
    pub(super) fn enter(&self, watched: &Watched, rule: Rule) -> Result<Place, TooEarly> {
        let mut in_flight = lock(&self.in_flight);
        self.judge(watched, rule, |id| in_flight.get(id).copied().unwrap_or(0))?;
        let ids = watched.ids();
        for id in &ids {
            *in_flight.entry(*id).or_default() += 1;
        }
        Ok(Place {
            ids,
            in_flight: Arc::clone(&self.in_flight),
        })
    }

    fn judge(
        &self,
        watched: &Watched,
        rule: Rule,
        in_flight: impl Fn(&ThrottleSubject) -> u32,
    ) -> Result<(), TooEarly> {
        let waits = watched.judged_by().map(|Subject { kind, id }| TooEarly {
            kind,
            seconds: rule.wait(
                self.counting(&id, rule),
                in_flight(&id),
                kind.free(&rule.settings),
            ),
        });
        match waits.max_by_key(|wait| wait.seconds) {
            Some(wait) if wait.seconds > 0 => Err(wait),
            _ => Ok(()),
        }
    }

    /// What is known of each subject, for [`Throttle::hear`].
    pub(super) fn known(&self, ids: &[ThrottleSubject]) -> Vec<Known> {
        ids.iter().map(|id| self.known_of(id)).collect()
    }

    /// Takes in what storage was asked for when `before` was known. What was learnt in between may be newer.
    pub(super) fn hear(
        &self,
        ids: &[ThrottleSubject],
        before: &[Known],
        told: &[Option<Failures>],
    ) {
        let _changing = lock(&self.in_flight);
        for ((id, before), told) in ids.iter().zip(before).zip(told) {
            let mut known = self.known_of(id);
            known.stored = if known == *before {
                *told
            } else {
                newest(known.stored, *told)
            };
            self.remember(*id, known);
        }
    }

    /// Counts a failure of each subject, which storage does not know yet.
    pub(super) fn count(&self, ids: &[ThrottleSubject], rule: Rule) {
        let _changing = lock(&self.in_flight);
        for id in ids {
            let mut known = self.known_of(id);
            known.unwritten = Some(rule.with_one_more(known.unwritten));
            self.remember(*id, known);
        }
    }

    /// Storage has counted a failure of each subject, and told what there is of each.
    pub(super) fn confirm(&self, ids: &[ThrottleSubject], told: &[Failures]) {
        let _changing = lock(&self.in_flight);
        for (id, told) in ids.iter().zip(told) {
            let Known { stored, unwritten } = self.known_of(id);
            let one_less = |it: Failures| {
                let count = it.count.checked_sub(1).filter(|count| *count > 0)?;
                Some(Failures { count, ..it })
            };
            let known = Known {
                stored: newest(stored, Some(*told)),
                unwritten: unwritten.and_then(one_less),
            };
            self.remember(*id, known);
        }
    }

    /// Forgets the failures of a subject; whether any of them counted.
    pub(super) fn forget(&self, id: &ThrottleSubject, rule: Rule) -> bool {
        if self.counting(id, rule).is_none() {
            return false;
        }
        let _changing = lock(&self.in_flight);
        self.known.remove(id);
        true
    }

    fn counting(&self, id: &ThrottleSubject, rule: Rule) -> Option<Failures> {
        let known = self.known_of(id);
        rule.together(known.stored, known.unwritten)
    }

    fn known_of(&self, id: &ThrottleSubject) -> Known {
        self.known.get(id).unwrap_or_default()
    }

    fn remember(&self, id: ThrottleSubject, known: Known) {
        if known == Known::default() {
            self.known.remove(&id);
        } else {
            self.known.insert(id, known);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut in_flight = lock(&self.in_flight);
        for id in &self.ids {
            if let Some(count) = in_flight.get_mut(id) {
                *count -= 1;
                if *count == 0 {
                    in_flight.remove(id);
                }
            }
        }
    }
}

fn lock(in_flight: &Mutex<InFlight>) -> MutexGuard<'_, InFlight> {
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which of two answers of storage was given later, as far as they tell.
fn newest(one: Option<Failures>, other: Option<Failures>) -> Option<Failures> {
    let answers = one.into_iter().chain(other);
    answers.max_by_key(|it| (it.last, it.count))
}

#[cfg(test)]
mod tests {
    use countersign_core::Timestamp;

    use super::*;
    use crate::ThrottleSettings;

    fn rule(seconds: i64) -> Rule {
        Rule {
            settings: ThrottleSettings::default(),
            now: at(seconds),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn failures(count: u32, last: i64) -> Failures {
        Failures {
            count,
            since: at(0),
            last: at(last),
        }
    }

    fn subject(kind: Kind, byte: u8) -> Subject {
        Subject {
            kind,
            id: ThrottleSubject::from_bytes([byte; 16]),
        }
    }

    fn account() -> Watched {
        Watched {
            account: subject(Kind::User, 1),
            address: None,
        }
    }

    fn hear(throttle: &Throttle, told: Option<Failures>) {
        let ids = account().ids();
        throttle.hear(&ids, &throttle.known(&ids), &[told]);
    }

    fn seconds(judged: Result<(), TooEarly>) -> u32 {
        judged.err().map_or(0, |it| it.seconds)
    }

    #[test]
    fn rule_s5_of_many_attempts_at_once_the_free_ones_pass_and_one_more() {
        let throttle = Throttle::new();
        let watched = Watched {
            address: Some(subject(Kind::Address, 2)),
            ..account()
        };
        let enter = || throttle.enter(&watched, rule(0)).ok();
        let passed: Vec<Place> = (0..200).filter_map(|_| enter()).collect();
        assert_eq!(passed.len(), 21);
        drop(passed);
        assert!(lock(&throttle.in_flight).is_empty(), "no place is lost");
        assert!(enter().is_some());
    }

    #[test]
    fn rule_s5_of_many_attempts_from_one_address_the_free_ones_pass_and_one_more() {
        let throttle = Throttle::new();
        let enter = |index: u8| {
            let watched = Watched {
                account: subject(Kind::User, index),
                address: Some(subject(Kind::Address, 255)),
            };
            throttle.enter(&watched, rule(0))
        };
        let entered: Vec<_> = (0..200).map(enter).collect();
        assert_eq!(entered.iter().filter(|it| it.is_ok()).count(), 101);
        let refused = entered.into_iter().find_map(Result::err).unwrap();
        assert_eq!((refused.kind, refused.seconds), (Kind::Address, 1));
    }

    #[test]
    fn rule_s5_beyond_the_free_ones_one_attempt_is_in_flight_at_a_time() {
        let throttle = Throttle::new();
        hear(&throttle, Some(failures(25, 0)));
        assert_eq!(
            throttle.enter(&account(), rule(15)).err().unwrap().seconds,
            1
        );
        let place = throttle.enter(&account(), rule(16)).unwrap();
        assert!(throttle.enter(&account(), rule(16)).is_err());
        drop(place);
        assert!(throttle.enter(&account(), rule(16)).is_ok());
    }

    #[test]
    fn rule_s5_the_longer_wait_is_told() {
        let throttle = Throttle::new();
        let watched = Watched {
            address: Some(subject(Kind::Address, 2)),
            ..account()
        };
        let ids = watched.ids();
        let told = [Some(failures(22, 0)), Some(failures(103, 0))];
        throttle.hear(&ids, &throttle.known(&ids), &told);
        assert_eq!(
            throttle.pass(&watched, rule(0)),
            Err(TooEarly {
                kind: Kind::Address,
                seconds: 4
            })
        );
    }

    #[test]
    fn rule_s5_a_trusted_pair_does_not_wait_for_its_neighbours() {
        let throttle = Throttle::new();
        let address = Some(subject(Kind::Address, 2));
        let ids = [subject(Kind::Address, 2).id];
        throttle.hear(&ids, &throttle.known(&ids), &[Some(failures(105, 0))]);
        for (kind, expected) in [(Kind::Client, 16), (Kind::User, 16), (Kind::Pair, 0)] {
            let watched = Watched {
                account: subject(kind, 1),
                address,
            };
            assert_eq!(
                seconds(throttle.pass(&watched, rule(0))),
                expected,
                "{kind:?}"
            );
        }
    }

    #[test]
    fn rule_s5_what_another_node_forgave_is_forgiven() {
        let throttle = Throttle::new();
        hear(&throttle, Some(failures(25, 0)));
        assert_eq!(seconds(throttle.pass(&account(), rule(0))), 16);
        hear(&throttle, None);
        assert_eq!(seconds(throttle.pass(&account(), rule(0))), 0);
    }

    #[test]
    fn rule_s5_an_old_answer_takes_no_failure_away() {
        let throttle = Throttle::new();
        let ids = account().ids();
        let before = throttle.known(&ids);
        throttle.count(&ids, rule(0));
        throttle.confirm(&ids, &[failures(21, 0)]);
        throttle.hear(&ids, &before, &[None]);
        assert_eq!(seconds(throttle.pass(&account(), rule(0))), 1);
        throttle.confirm(&ids, &[failures(20, 0)]);
        assert_eq!(seconds(throttle.pass(&account(), rule(0))), 1);
    }

    #[test]
    fn rule_s5_a_failure_counts_before_storage_knows_it_and_once() {
        let throttle = Throttle::new();
        let ids = account().ids();
        hear(&throttle, Some(failures(20, 0)));
        throttle.count(&ids, rule(0));
        assert_eq!(seconds(throttle.pass(&account(), rule(0))), 1);
        throttle.confirm(&ids, &[failures(21, 0)]);
        assert_eq!(seconds(throttle.pass(&account(), rule(0))), 1);
        hear(&throttle, Some(failures(21, 0)));
        assert_eq!(seconds(throttle.pass(&account(), rule(0))), 1);
    }

    #[test]
    fn rule_s5_failures_that_were_never_written_count_whatever_storage_tells() {
        let throttle = Throttle::new();
        for _ in 0..25 {
            throttle.count(&account().ids(), rule(0));
        }
        hear(&throttle, None);
        assert_eq!(seconds(throttle.pass(&account(), rule(0))), 16);
        assert_eq!(seconds(throttle.pass(&account(), rule(16))), 0);
    }

    #[test]
    fn rule_s5_only_what_counts_need_be_forgotten() {
        let throttle = Throttle::new();
        let id = account().account.id;
        assert!(!throttle.forget(&id, rule(0)));
        hear(&throttle, Some(failures(1, 0)));
        assert!(!throttle.forget(&id, rule(300)), "the window is over");
        assert!(throttle.forget(&id, rule(0)));
        assert!(!throttle.forget(&id, rule(0)));
    }
}
