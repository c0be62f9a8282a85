//! Questions under way, and the answers that are kept: one question at a time about each token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

use super::RETRY_AFTER;
use super::cache::{Answers, Key};
use super::flight::{self, Flight, Pilot};
use crate::{AccessToken, Refusal};

/// What a question leads to.
pub(super) type Judged = Result<AccessToken, Refusal>;

/// Whom the issuer is asked about, and what it said a moment ago.
pub(super) struct Questions(Arc<Shared>);

struct Shared {
    answers: Answers,
    /// How long a question may take.
    timeout: Duration,
    /// The youngest question about each token. No more than may be in flight.
    under_way: Mutex<HashMap<Key, UnderWay>>,
}

struct UnderWay {
    asked: Timestamp,
    flight: Flight<Judged>,
}

/// What makes a question needless.
pub(super) enum Known {
    /// The answer is there.
    Kept(AccessToken),
    /// It is on its way.
    UnderWay(Flight<Judged>),
}

impl Questions {
    /// Each question takes no longer than `timeout`.
    pub(super) fn new(answers: Answers, timeout: Duration) -> Self {
        Self(Arc::new(Shared {
            answers,
            timeout,
            under_way: Mutex::default(),
        }))
    }

    /// The answer, if it is kept or on its way, and young enough.
    pub(super) fn look(&self, key: &Key, now: Timestamp) -> Option<Known> {
        let kept = self.0.answers.get(key, now).map(Known::Kept);
        kept.or_else(|| self.0.look(&self.0.under_way(), key, now))
    }

    /// The same once more, for somebody else may have asked meanwhile; else a question that begins at `now`, for whoever
    /// has the `turn`.
    pub(super) fn begin(
        &self,
        key: Key,
        now: Timestamp,
        turn: OwnedSemaphorePermit,
    ) -> (Known, Option<Question>) {
        let mut under_way = self.0.under_way();
        if let Some(known) = self.0.look(&under_way, &key, now) {
            return (known, None);
        }
        let (pilot, flight) = flight::begin();
        under_way.insert(
            key,
            UnderWay {
                asked: now,
                flight: flight.clone(),
            },
        );
        let question = Question {
            shared: Arc::clone(&self.0),
            key,
            asked: now,
            judged: Err(Refusal::Unavailable {
                retry_after: RETRY_AFTER,
            }),
            pilot,
            _turn: turn,
        };
        (Known::UnderWay(flight), Some(question))
    }
}

impl Shared {
    fn under_way(&self) -> MutexGuard<'_, HashMap<Key, UnderWay>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, under_way: &HashMap<Key, UnderWay>, key: &Key, now: Timestamp) -> Option<Known> {
        if let Some(token) = self.answers.get(key, now) {
            return Some(Known::Kept(token));
        }
        let question = under_way.get(key)?;
        // Its answer will be as old as it is.
        let young = self.answers.is_young(question.asked, now);
        let comes = young && question.flight.is_under_way(self.timeout);
        comes.then(|| Known::UnderWay(question.flight.clone()))
    }
}

/// A question under way. However it ends, even if its runtime is shut down under it, it is concluded and lands.
pub(super) struct Question {
    shared: Arc<Shared>,
    key: Key,
    asked: Timestamp,
    judged: Judged,
    pilot: Pilot<Judged>,
    /// Given back when the question is over, and not when somebody stops waiting for it.
    _turn: OwnedSemaphorePermit,
}

impl Question {
    /// This came of it.
    pub(super) fn answered(mut self, judged: Judged) {
        self.judged = judged;
    }

    /// Keeps what is good, unless a younger question has been asked meanwhile, whose answer may be another; and ends what
    /// a younger one has kept, if this one says that it is not good.
    fn conclude(&self) {
        let mut under_way = self.shared.under_way();
        let answers = &self.shared.answers;
        let is_youngest = under_way
            .get(&self.key)
            .is_some_and(|youngest| self.pilot.flies(&youngest.flight));
        if is_youngest {
            under_way.remove(&self.key);
        }
        match &self.judged {
            Ok(token) if is_youngest => answers.remember(self.key, token, self.asked),
            Err(Refusal::InvalidToken(_)) => answers.forget(&self.key),
            _ => {}
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.conclude();
        self.pilot.land(self.judged.clone());
    }
}
