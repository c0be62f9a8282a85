//! Keys that are fetched: one attempt at a time, for whoever waits for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use countersign_core::{Clock, Timestamp};
use countersign_jose::remote_key_set::{FetchRules, Need, RemoteKeySet};
use countersign_jose::{Algorithm, VerifyingKeys};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::error::{KeysError, KeysFailure};
use super::source::{Found, Memory, Source, TIMEOUT};

/// The keys that were fetched last, and who fetches the next. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FetchedKeys(Arc<Shared>);

struct Shared {
    source: Source,
    unnamed_rsa: Algorithm,
    clock: Arc<dyn Clock>,
    /// Replaced as a whole, so that who reads it never waits. Written only by who holds `flight`.
    state: ArcSwap<State>,
    /// Closed when the attempt that is under way is over.
    flight: Mutex<Option<watch::Receiver<()>>>,
}

#[derive(Clone)]
struct State {
    set: RemoteKeySet,
    memory: Memory,
    /// Why the last attempt failed, if it did.
    failure: Option<KeysError>,
}

/// What an attempt brought.
struct Landed {
    /// The keys, unless those at hand are still right.
    keys: Option<VerifyingKeys>,
    max_age: Option<u32>,
    memory: Memory,
}

impl FetchedKeys {
    pub(super) fn new(
        source: Source,
        unnamed_rsa: Algorithm,
        rules: FetchRules,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self(Arc::new(Shared {
            source,
            unnamed_rsa,
            clock,
            state: ArcSwap::from_pointee(State {
                set: RemoteKeySet::new(rules),
                memory: Memory::default(),
                failure: None,
            }),
            flight: Mutex::new(None),
        }))
    }

    /// The keys that may be used now. If they are old, an attempt begins behind the back of who asks; nobody waits.
    pub(super) fn at_hand(&self, now: Timestamp) -> Option<Arc<VerifyingKeys>> {
        let state = self.0.state.load();
        if state.set.need(None, now) == Need::Behind {
            self.0.renew(now);
        }
        state.set.keys(now)
    }

    /// The keys after an attempt to find the key `kid`, or any key; without an attempt if it is too early for one.
    ///
    /// Who comes while an attempt is under way waits for that one. Who stops waiting stops nothing.
    pub(super) async fn look_for(
        &self,
        kid: Option<&str>,
    ) -> Result<Arc<VerifyingKeys>, KeysError> {
        if let Some(mut flight) = self.0.board(kid)? {
            // It is closed, never changed: when it ends, however it ends.
            let _ = flight.changed().await;
        }
        let now = self.0.clock.now();
        let state = self.0.state.load();
        state.set.keys(now).ok_or_else(|| {
            let failure = state.failure.clone();
            failure.unwrap_or_else(|| self.0.source.error(KeysFailure::NotFetched))
        })
    }
}

impl Shared {
    fn flight(&self) -> MutexGuard<'_, Option<watch::Receiver<()>>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The attempt that is under way, else a new one, if there is need for one now.
    fn board(
        self: &Arc<Self>,
        kid: Option<&str>,
    ) -> Result<Option<watch::Receiver<()>>, KeysError> {
        let now = self.clock.now();
        let mut flight = self.flight();
        if flight.is_some() {
            return Ok(flight.clone());
        }
        // Looked at again: the key may have come in meanwhile.
        if self.state.load().set.need(kid, now) != Need::Now {
            return Ok(None);
        }
        let runtime =
            Handle::try_current().map_err(|_| self.source.error(KeysFailure::NoRuntime))?;
        let attempt = self.begin(&mut flight, now);
        let landed = flight.clone();
        drop(flight);
        attempt.start(&runtime);
        Ok(landed)
    }

    /// Begins an attempt unless somebody is at it. What stands in its way is told to those who cannot do without.
    fn renew(self: &Arc<Self>, now: Timestamp) {
        let (Ok(runtime), Ok(mut flight)) = (Handle::try_current(), self.flight.try_lock()) else {
            return;
        };
        // Looked at again: they may have come in meanwhile.
        if flight.is_none() && self.state.load().set.need(None, now) == Need::Behind {
            let attempt = self.begin(&mut flight, now);
            drop(flight);
            attempt.start(&runtime);
        }
    }

    /// From now on an attempt is under way. It is to be started without the lock, which it takes when it ends, and on a
    /// runtime that is shut down that is at once.
    fn begin(
        self: &Arc<Self>,
        flight: &mut Option<watch::Receiver<()>>,
        now: Timestamp,
    ) -> Attempt {
        let mut state = State::clone(&self.state.load());
        state.set.begin(now);
        let mut memory = state.memory.clone();
        if state.set.keys(now).is_none() {
            memory = memory.without_keys();
        }
        self.state.store(Arc::new(state));
        let (closes, landed) = watch::channel(());
        *flight = Some(landed);
        Attempt {
            shared: Arc::clone(self),
            begun: now,
            memory,
            concluded: false,
            _closes: closes,
        }
    }

    async fn fetch(&self, memory: Memory, now: Timestamp) -> Result<Landed, KeysFailure> {
        let fetched = self.source.fetch(memory, now);
        let (found, memory) = tokio::time::timeout(TIMEOUT, fetched)
            .await
            .map_err(|_| KeysFailure::TimedOut)??;
        let (keys, max_age) = match found {
            Found::Unchanged { max_age } => (None, max_age),
            Found::KeySet { json, max_age } => {
                let (keys, refused) = VerifyingKeys::from_json(&json, Some(self.unnamed_rsa))?;
                for key in refused {
                    tracing::debug!(index = key.index, reason = %key.reason, "a key is passed over");
                }
                (Some(keys), max_age)
            }
        };
        Ok(Landed {
            keys,
            max_age,
            memory,
        })
    }

    /// Makes known how the attempt went that had begun at `begun`. The age of keys counts from there: what was answered
    /// later may have been true only until then.
    fn conclude(&self, begun: Timestamp, outcome: Result<Landed, KeysFailure>) {
        let outcome = outcome.map_err(|reason| self.source.error(reason));
        self.log(&outcome);
        let mut flight = self.flight();
        let mut state = State::clone(&self.state.load());
        match outcome {
            Ok(landed) => {
                match landed.keys {
                    Some(keys) => state.set.took(keys, landed.max_age, begun),
                    None => state.set.unchanged(landed.max_age, begun),
                }
                state.memory = landed.memory;
                state.failure = None;
            }
            Err(error) => {
                state.set.failed(self.clock.now());
                // The metadata are asked again, and everything that follows from them.
                state.memory = Memory::default();
                state.failure = Some(error);
            }
        }
        self.state.store(Arc::new(state));
        *flight = None;
    }

    fn log(&self, outcome: &Result<Landed, KeysError>) {
        match outcome {
            Err(error) => tracing::warn!(%error, "keys were not fetched"),
            Ok(landed) if landed.keys.as_ref().is_some_and(VerifyingKeys::is_empty) => {
                tracing::warn!(place = self.source.place(), "there is no usable key");
            }
            Ok(_) => tracing::debug!(place = self.source.place(), "keys were fetched"),
        }
    }
}

/// An attempt under way. However it ends, even if its runtime is shut down under it, it is concluded and then closed.
struct Attempt {
    shared: Arc<Shared>,
    begun: Timestamp,
    memory: Memory,
    concluded: bool,
    _closes: watch::Sender<()>,
}

impl Attempt {
    /// Goes on, on a task of its own, whoever is cancelled.
    fn start(mut self, runtime: &Handle) {
        runtime.spawn(async move {
            let memory = std::mem::take(&mut self.memory);
            let outcome = self.shared.fetch(memory, self.begun).await;
            self.conclude(outcome);
        });
    }

    fn conclude(&mut self, outcome: Result<Landed, KeysFailure>) {
        if !self.concluded {
            self.concluded = true;
            self.shared.conclude(self.begun, outcome);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.conclude(Err(KeysFailure::Interrupted));
    }
}
