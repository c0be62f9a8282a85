//! The keys that clients publish: fetched when they are needed, once for all who wait, and kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::{Clock, JwksUri};
use countersign_jose::VerifyingKeys;
use countersign_jose::remote_key_set::{FetchRules, Need, RemoteKeySet};
use quick_cache::sync::Cache;
use tokio::sync::watch;

use super::{FetchKeySet, UNNAMED_RSA};

/// The most key sets that are kept in memory.
const CAPACITY: usize = 10_000;

/// There are no keys, and it is too early to ask for them again, or asking was in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoKeys;

/// All key sets that clients publish, by where they do. They outlive what is known of the clients themselves: a change of
/// a client, or of all, is no reason to ask anybody.
pub(crate) struct KeySets {
    cache: Cache<JwksUri, Arc<PublishedKeys>>,
    fetcher: Option<Fetcher>,
}

/// Who fetches, and when it is.
#[derive(Clone)]
struct Fetcher {
    key_sets: Arc<dyn FetchKeySet>,
    clock: Arc<dyn Clock>,
}

impl KeySets {
    /// Nothing is known yet. Without somebody who fetches, nothing ever will be.
    pub(crate) fn new(key_sets: Option<Arc<dyn FetchKeySet>>, clock: &Arc<dyn Clock>) -> Self {
        let fetcher = key_sets.map(|key_sets| Fetcher {
            key_sets,
            clock: Arc::clone(clock),
        });
        Self {
            cache: Cache::new(CAPACITY),
            fetcher,
        }
    }

    /// Whether there is somebody who fetches.
    pub(crate) const fn can_fetch(&self) -> bool {
        self.fetcher.is_some()
    }

    /// The keys at `uri` by which to judge an assertion that names `kid`.
    pub(crate) async fn keys_for(
        &self,
        uri: &JwksUri,
        kid: Option<&str>,
    ) -> Result<Arc<VerifyingKeys>, NoKeys> {
        let fetcher = self.fetcher.as_ref().ok_or(NoKeys)?;
        let new = || Ok::<_, NoKeys>(Arc::new(PublishedKeys::new(uri.clone())));
        let published = self.cache.get_or_insert_with(uri, new)?;
        published.keys_for(kid, fetcher).await
    }

    /// The keys at `uri`, fetched again since those at hand have not made a signature that they should have: a client may
    /// replace a key under its old name, or under none. None if it is too early to ask, or asking was in vain.
    pub(crate) async fn keys_again(&self, uri: &JwksUri) -> Option<Arc<VerifyingKeys>> {
        let fetcher = self.fetcher.as_ref()?;
        let published = self.cache.get(uri)?;
        published.keys_again(fetcher).await
    }
}

/// How long fetched keys of clients are good: a key that was taken away is gone after an hour, whatever was said of it before.
const FETCH_RULES: FetchRules = FetchRules {
    default_max_age: 300,
    min_max_age: 30,
    max_max_age: 3_600,
    cool_down: 30,
    keep_stale: 86_400,
};

/// What is known of the keys at one URI.
#[derive(Debug)]
struct PublishedKeys {
    uri: JwksUri,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    known: RemoteKeySet,
    /// Closed when the fetch under way is done; none if there is none.
    under_way: Option<watch::Receiver<()>>,
}

impl PublishedKeys {
    /// Nothing is known yet of what is at `uri`.
    fn new(uri: JwksUri) -> Self {
        Self {
            uri,
            state: Mutex::new(State {
                known: RemoteKeySet::new(FETCH_RULES),
                under_way: None,
            }),
        }
    }

    /// The keys by which to judge an assertion that names `kid`.
    async fn keys_for(
        self: &Arc<Self>,
        kid: Option<&str>,
        fetcher: &Fetcher,
    ) -> Result<Arc<VerifyingKeys>, NoKeys> {
        if let Some(mut done) = self.wanted(kid, fetcher) {
            // An error says that it is closed: that is how a fetch ends, however it ends.
            let _closed = done.changed().await;
        }
        let now = fetcher.clock.now();
        self.state().known.keys(now).ok_or(NoKeys)
    }

    async fn keys_again(self: &Arc<Self>, fetcher: &Fetcher) -> Option<Arc<VerifyingKeys>> {
        let before = {
            let mut state = self.state();
            let now = fetcher.clock.now();
            let before = state.known.keys(now);
            match &state.under_way {
                Some(done) => (before, done.clone()),
                None if state.known.may_ask(now) => (before, self.begin(&mut state, fetcher)),
                None => return None,
            }
        };
        let (before, mut done) = before;
        let _closed = done.changed().await;
        let now = fetcher.clock.now();
        let after = self.state().known.keys(now)?;
        // A fetch that failed has left what was there.
        let is_new = before.is_none_or(|before| !Arc::ptr_eq(&before, &after));
        is_new.then_some(after)
    }

    /// The fetch that has to be waited for, if there is one. What is fetched behind the back of those who have what they
    /// need, nobody waits for.
    fn wanted(
        self: &Arc<Self>,
        kid: Option<&str>,
        fetcher: &Fetcher,
    ) -> Option<watch::Receiver<()>> {
        let now = fetcher.clock.now();
        let mut state = self.state();
        let keys = state.known.keys(now);
        let is_served = keys.is_some_and(|keys| kid.is_none_or(|kid| keys.get(kid).is_some()));
        if let Some(done) = &state.under_way {
            return (!is_served).then(|| done.clone());
        }
        match state.known.need(kid, now) {
            Need::None | Need::Wait => None,
            Need::Behind => {
                self.begin(&mut state, fetcher);
                None
            }
            Need::Now => Some(self.begin(&mut state, fetcher)),
        }
    }

    /// Begins a fetch. It is nobody's: who waits for it and hangs up does not end it.
    fn begin(self: &Arc<Self>, state: &mut State, fetcher: &Fetcher) -> watch::Receiver<()> {
        state.known.begin(fetcher.clock.now());
        let (ends, done) = watch::channel(());
        state.under_way = Some(done.clone());
        let (keys, fetcher) = (Arc::clone(self), fetcher.clone());
        tokio::spawn(async move {
            let _end = End {
                keys: &keys,
                _ends: ends,
            };
            keys.take_from(&fetcher).await;
        });
        done
    }

    async fn take_from(&self, fetcher: &Fetcher) {
        let answer = fetcher.key_sets.fetch(&self.uri).await;
        let now = fetcher.clock.now();
        let read = answer.map_err(|error| error.to_string()).and_then(|it| {
            let keys = VerifyingKeys::from_json(&it.json, Some(UNNAMED_RSA));
            let (keys, refused) = keys.map_err(|error| error.to_string())?;
            Ok((keys, refused, it.max_age))
        });
        // What stands behind the question mark may be a secret of the client's.
        let place = self.uri.as_str().split('?').next().unwrap_or_default();
        match read {
            Ok((keys, refused, max_age)) => {
                tracing::debug!(
                    uri = place,
                    keys = keys.len(),
                    ?refused,
                    "the keys of a client were fetched"
                );
                self.state().known.took(keys, max_age, now);
            }
            Err(error) => {
                tracing::warn!(
                    uri = place,
                    error,
                    "the keys of a client could not be fetched"
                );
                self.state().known.failed(now);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a fetch, when this is dropped: however it ends, the next one may begin.
struct End<'keys> {
    keys: &'keys PublishedKeys,
    _ends: watch::Sender<()>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.keys.state().under_way = None;
    }
}
