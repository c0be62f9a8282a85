//! Keys that are fetched: one attempt at a time, for whoever waits for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use arc_swap::ArcSwap;
use countersign_core::{Clock, Timestamp};
use countersign_jose::remote_key_set::{FetchRules, Need, RemoteKeySet};
use countersign_jose::{Algorithm, VerifyingKeys};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::error::{KeysError, KeysFailure};
use super::flight::Flight;
use super::source::{Found, Memory, Source, TIMEOUT};

/// How many attempts in a row may be cut off before somebody waits for the next: in a program that makes a runtime for each
/// call, no attempt ends behind anybody's back.
const MAX_CUT_OFF: u32 = 2;

/// The keys that were fetched last, and who fetches the next. Cheap to clone.
#[derive(Clone)]
pub(crate) struct FetchedKeys(Arc<Shared>);

struct Shared {
    source: Source,
    unnamed_rsa: Algorithm,
    clock: Arc<dyn Clock>,
    /// Replaced as a whole, so that who reads it never waits. Written only by who has locked `flight`.
    state: ArcSwap<State>,
    /// The attempt that is under way.
    flight: Mutex<Option<Flight>>,
}

#[derive(Clone)]
struct State {
    set: RemoteKeySet,
    memory: Memory,
    /// Why the last attempt failed, if it did.
    failure: Option<KeysError>,
    /// How many attempts in a row were cut off.
    cut_off: u32,
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
                cut_off: 0,
            }),
            flight: Mutex::new(None),
        }))
    }

    /// The keys that may be used now. If they are old, an attempt begins behind the back of who asks, and nobody waits,
    /// unless the last attempts were cut off.
    pub(super) async fn at_hand(&self, now: Timestamp) -> Option<Arc<VerifyingKeys>> {
        let awaited = {
            let state = self.0.state.load();
            if state.set.need(None, now) != Need::Behind {
                return state.set.keys(now);
            }
            let begun = self.0.renew(now);
            begun.filter(|_| state.cut_off >= MAX_CUT_OFF)
        };
        if let Some(flight) = awaited {
            self.0.wait(&flight).await;
        }
        self.0.state.load().set.keys(now)
    }

    /// The keys after an attempt to find the key `kid`; without an attempt if it is too early for one. If it failed, there
    /// are only keys with that one among them: of any other nobody can say that there is none.
    ///
    /// Who comes while an attempt is under way waits for that one. Who stops waiting stops nothing.
    pub(super) async fn look_for(&self, kid: &str) -> Result<Arc<VerifyingKeys>, KeysError> {
        if let Some(flight) = self.0.board(kid)? {
            self.0.wait(&flight).await;
        }
        let now = self.0.clock.now();
        let state = self.0.state.load();
        match (state.set.keys(now), &state.failure) {
            (Some(keys), None) => Ok(keys),
            (Some(keys), Some(_)) if keys.get(kid).is_some() => Ok(keys),
            (_, Some(failure)) => Err(failure.clone()),
            (None, None) => Err(self.0.source.error(KeysFailure::NotFetched)),
        }
    }

    /// Waits until there is a key.
    pub(super) async fn ready(&self, now: Timestamp) -> Result<(), KeysError> {
        let keys = self.at_hand(now).await;
        if keys.is_some_and(|keys| !keys.is_empty()) {
            return Ok(());
        }
        // In an empty set every key is missing, so the host is asked again though the set be fresh.
        if self.look_for("").await?.is_empty() {
            return Err(self.0.source.error(KeysFailure::NoUsableKey));
        }
        Ok(())
    }
}

impl Shared {
    fn flight(&self) -> MutexGuard<'_, Option<Flight>> {
        self.flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, unless somebody else has it.
    fn try_flight(&self) -> Option<MutexGuard<'_, Option<Flight>>> {
        match self.flight.try_lock() {
            Ok(flight) => Some(flight),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The attempt that is under way, else a new one, if there is need for one now.
    fn board(self: &Arc<Self>, kid: &str) -> Result<Option<Flight>, KeysError> {
        let now = self.clock.now();
        let mut flight = self.without_wrecks(self.flight());
        // Looked at again: the key may have come in meanwhile.
        if flight.is_none() && self.state.load().set.need(Some(kid), now) != Need::Now {
            return Ok(None);
        }
        let runtime =
            Handle::try_current().map_err(|_| self.source.error(KeysFailure::NoRuntime))?;
        if flight.is_some() {
            return Ok(flight.clone());
        }
        let attempt = self.begin(&mut flight, now);
        drop(flight);
        Ok(Some(attempt.start(&runtime)))
    }

    /// Begins an attempt unless somebody is at it. What stands in its way is told to those who cannot do without.
    fn renew(self: &Arc<Self>, now: Timestamp) -> Option<Flight> {
        let runtime = Handle::try_current().ok()?;
        let mut flight = self.without_wrecks(self.try_flight()?);
        // Looked at again: they may have come in meanwhile.
        if flight.is_some() || self.state.load().set.need(None, now) != Need::Behind {
            return None;
        }
        let attempt = self.begin(&mut flight, now);
        drop(flight);
        Some(attempt.start(&runtime))
    }

    /// Waits until the attempt is over, and gives it up when its time is: its runtime may not be driven, and it is not this
    /// one.
    async fn wait(&self, flight: &Flight) {
        if !flight.lands_in_time().await {
            self.conclude(flight, Err(KeysFailure::TimedOut));
        }
    }

    /// Gives up an attempt that will bring nothing any more: its runtime is not driven, or it has panicked.
    fn without_wrecks<'lock>(
        &'lock self,
        flight: MutexGuard<'lock, Option<Flight>>,
    ) -> MutexGuard<'lock, Option<Flight>> {
        match flight.as_ref().filter(|flight| !flight.is_under_way()) {
            None => flight,
            Some(wreck) => {
                let wreck = wreck.clone();
                drop(flight);
                self.conclude(&wreck, Err(KeysFailure::Interrupted));
                self.flight()
            }
        }
    }

    /// From now on an attempt is under way. It is to be started without the lock, which it takes when it ends, and on a
    /// runtime that is shut down that is at once.
    fn begin(self: &Arc<Self>, flight: &mut Option<Flight>, now: Timestamp) -> Attempt {
        let mut state = State::clone(&self.state.load());
        state.set.begin(now);
        let mut memory = state.memory.clone();
        if state.set.keys(now).is_none() {
            memory = memory.without_keys();
        }
        self.state.store(Arc::new(state));
        let (closes, landed) = watch::channel(());
        let begun = Flight::new(now, landed);
        *flight = Some(begun.clone());
        Attempt {
            shared: Arc::clone(self),
            flight: begun,
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

    /// Makes known how the attempt went, unless it was given up before. The age of keys counts from its beginning: what was
    /// answered later may have been true only until then.
    ///
    /// Nothing that is not ours is called before all is in place: neither the clock nor the log, which may panic.
    fn conclude(&self, of: &Flight, outcome: Result<Landed, KeysFailure>) {
        let mut flight = self.flight();
        if !flight.as_ref().is_some_and(|flight| flight.is(of)) {
            return;
        }
        *flight = None;
        let mut state = State::clone(&self.state.load());
        match outcome {
            Ok(landed) => {
                match landed.keys {
                    Some(keys) => state.set.took(keys, landed.max_age, of.begun()),
                    None => state.set.unchanged(landed.max_age, of.begun()),
                }
                state.memory = landed.memory;
                state.failure = None;
                state.cut_off = 0;
            }
            Err(reason) => {
                state.set.failed(of.ended());
                // The metadata are asked again, and everything that follows from them.
                state.memory = Memory::default();
                let cut_off = reason == KeysFailure::Interrupted || of.was_left_alone();
                state.cut_off = if cut_off { state.cut_off + 1 } else { 0 };
                state.failure = Some(self.source.error(reason));
            }
        }
        let state = Arc::new(state);
        self.state.store(Arc::clone(&state));
        drop(flight);
        // Who panics already is not asked to log that, which might panic again.
        if !std::thread::panicking() {
            self.log(&state, of.begun());
        }
    }

    fn log(&self, state: &State, now: Timestamp) {
        match &state.failure {
            Some(error) => tracing::warn!(%error, "keys were not fetched"),
            None if state.set.keys(now).is_some_and(|keys| keys.is_empty()) => {
                tracing::warn!(place = self.source.place(), "there is no usable key");
            }
            None => tracing::debug!(place = self.source.place(), "keys were fetched"),
        }
    }
}

/// An attempt under way. However it ends, even if its runtime is shut down under it, it is concluded and then closed.
struct Attempt {
    shared: Arc<Shared>,
    flight: Flight,
    memory: Memory,
    concluded: bool,
    _closes: watch::Sender<()>,
}

impl Attempt {
    /// Goes on, on a task of its own, whoever is cancelled.
    fn start(mut self, runtime: &Handle) -> Flight {
        let flight = self.flight.clone();
        runtime.spawn(async move {
            let memory = std::mem::take(&mut self.memory);
            let outcome = self.shared.fetch(memory, self.flight.begun()).await;
            self.conclude(outcome);
        });
        flight
    }

    fn conclude(&mut self, outcome: Result<Landed, KeysFailure>) {
        if !self.concluded {
            self.concluded = true;
            self.shared.conclude(&self.flight, outcome);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.conclude(Err(KeysFailure::Interrupted));
    }
}
