//! Slowing down those who guess (RULES S5).
//!
//! Failures are counted for the account that somebody claims to have, known or not, and for the address that it comes
//! from. Some are free; each further one makes the next attempt wait. The counts are in storage, so all nodes share
//! them; each node remembers what it heard of them last.
//!
//! Whoever guesses at an account must not lock its owner out (OWASP calls the idea a device cookie): an address from
//! which the account was proven is trusted, and such a pair of account and address has a count of its own. All other
//! addresses share that of the account. Which pairs are trusted, a node knows by itself and forgets when it ends.

mod memory;
mod rule;
mod subject;

use std::sync::Arc;

use countersign_jose::mac::MacKey;
use countersign_protocol::{ErrorCode, ErrorResponse};

use crate::{Origin, Provider};
use memory::{Place, TooEarly, Watched};
use rule::Rule;
use subject::Subject;

pub(crate) use memory::Throttle;
pub use rule::ThrottleSettings;
pub(crate) use subject::Account;

/// An attempt to prove an account, which was let through. It ends in [`Provider::failed`] or [`Provider::succeeded`].
///
/// One that is dropped counts for nothing if it was not judged, and as a failure if its hash had begun: a hash goes on when
/// its caller hangs up, and hanging up must not be a way to guess for nothing.
#[must_use]
pub(crate) struct Attempt {
    throttle: Arc<Throttle>,
    /// The rule by which it counts if it is dropped while it is being judged.
    judged_by: Option<Rule>,
    watched: Watched,
    /// What a success makes trusted; none if it is so already, or the address is unknown.
    stranger: Option<Subject>,
    /// Its place among those in flight, if it costs a hash.
    place: Option<Place>,
}

impl Attempt {
    /// Its hash begins now.
    pub(crate) fn begins(&mut self, provider: &Provider) {
        self.judged_by = Some(provider.rule());
    }

    /// It is over, or nobody could judge it: dropping it counts for nothing.
    pub(crate) fn is_not_judged(&mut self) {
        self.judged_by = None;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(rule) = self.judged_by {
            self.throttle.count(&self.watched.ids(), rule);
        }
    }
}

impl Provider {
    /// Lets somebody try to prove an account by something that is cheap to check and cannot be guessed: memory alone
    /// decides, so that client credentials touch no storage.
    pub(crate) fn attempt(
        &self,
        account: Account<'_>,
        origin: Origin,
    ) -> Result<Attempt, ErrorResponse> {
        let (watched, stranger) = self.watch(account, origin)?;
        self.throttle
            .pass(&watched, self.rule())
            .map_err(|early| refused(early, origin))?;
        Ok(Attempt {
            throttle: Arc::clone(&self.throttle),
            judged_by: None,
            watched,
            stranger,
            place: None,
        })
    }

    /// Lets somebody try to prove an account by something that costs a hash to check and may be guessed: what other
    /// nodes have counted is heard first, and attempts in flight count as failures. While storage does not answer,
    /// memory decides.
    pub(crate) async fn attempt_by_hash(
        &self,
        account: Account<'_>,
        origin: Origin,
    ) -> Result<Attempt, ErrorResponse> {
        let (watched, stranger) = self.watch(account, origin)?;
        let ids = watched.ids();
        let before = self.throttle.known(&ids);
        match self.store.failures(&ids).await {
            Ok(told) => self.throttle.hear(&ids, &before, &told),
            Err(error) => tracing::warn!(%error, "failed attempts at other nodes are not known"),
        }
        let place = self
            .throttle
            .enter(&watched, self.rule())
            .map_err(|early| refused(early, origin))?;
        Ok(Attempt {
            throttle: Arc::clone(&self.throttle),
            judged_by: None,
            watched,
            stranger,
            place: Some(place),
        })
    }

    /// Counts a failure. If storage does not answer, this node counts it alone: that something was wrong is true
    /// nonetheless.
    pub(crate) async fn failed(&self, mut attempt: Attempt) {
        attempt.is_not_judged();
        let rule = self.rule();
        let ids = attempt.watched.ids();
        // Before anything is awaited: a caller who hangs up now must not take the failure along.
        self.throttle.count(&ids, rule);
        attempt.place = None;
        let window = rule.settings.window;
        match self.store.count_failure(&ids, rule.now, window).await {
            Ok(told) => self.throttle.confirm(&ids, &told),
            Err(error) => tracing::warn!(%error, "a failed attempt is counted by this node only"),
        }
    }

    /// Forgives the failures of the account, or of the trusted pair, and trusts the pair from now on.
    ///
    /// Those of the address stay: who guesses at the accounts of others could else forgive oneself by signing in to
    /// one's own.
    pub(crate) async fn succeeded(&self, mut attempt: Attempt) {
        attempt.is_not_judged();
        attempt.place = None;
        let account = attempt.watched.account;
        self.forgive(account, attempt.stranger.as_ref()).await;
    }

    /// Somebody proved an account by something that cannot be guessed, and did not have to be let through. Where nothing
    /// has failed there is nothing to forgive, and nothing to hash: this is the way of every token that a client gets for
    /// itself.
    pub(crate) async fn proven(&self, account: Account<'_>, origin: Origin) {
        if self.throttle.knows_nothing() {
            return;
        }
        if let Ok((watched, stranger)) = self.watch(account, origin) {
            self.forgive(watched.account, stranger.as_ref()).await;
        }
    }

    async fn forgive(&self, account: Subject, stranger: Option<&Subject>) {
        if let Some(pair) = stranger {
            self.throttle.trust(pair);
        }
        if self.throttle.forget(&account.id, self.rule())
            && let Err(error) = self.store.forgive(&[account.id]).await
        {
            tracing::warn!(%error, "failed attempts are forgiven by this node only");
        }
    }

    fn rule(&self) -> Rule {
        Rule {
            settings: self.settings.throttle,
            now: self.clock.now(),
        }
    }

    /// By what an attempt is judged, and the pair that is not trusted yet.
    fn watch(
        &self,
        account: Account<'_>,
        origin: Origin,
    ) -> Result<(Watched, Option<Subject>), ErrorResponse> {
        let key = self.throttle_key()?;
        let address = origin.address.map(|it| Subject::address(key, it));
        let pair = origin.address.map(|it| Subject::pair(key, account, it));
        let (account, stranger) = match pair {
            Some(pair) if self.throttle.is_trusted(&pair) => (pair, None),
            stranger => (Subject::account(key, account), stranger),
        };
        Ok((Watched { account, address }, stranger))
    }

    /// The key under which subjects are hashed: a child of the pepper, which never changes.
    fn throttle_key(&self) -> Result<&MacKey, ErrorResponse> {
        if let Some(key) = self.throttle.key.get() {
            return Ok(key);
        }
        let ring = self.keys.at(self.clock.now());
        let pepper = ring.any_pepper().ok_or_else(|| {
            ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "there is no key for counting attempts; try again in a few minutes",
            )
        })?;
        let key = pepper.derive("throttle", self.settings.issuer.as_str());
        Ok(self.throttle.key.get_or_init(|| key))
    }
}

/// The answer to an attempt that came too early. The log has the address, which operators need for blocking, and not the
/// name: people type passwords where names belong.
fn refused(early: TooEarly, origin: Origin) -> ErrorResponse {
    tracing::info!(
        target: "countersign::audit",
        event = "throttled",
        kind = early.kind.name(),
        address = origin.address.map(tracing::field::display),
        seconds = early.seconds,
        "an attempt was refused after too many failures"
    );
    ErrorResponse::too_many_requests(early.seconds)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::task::Poll;

    use countersign_core::{FixedClock, Random, Secret, Timestamp};
    use countersign_storage_sqlite::SqliteStore;

    use super::*;
    use crate::{Host, MasterKey, Settings};

    /// No two calls give the same bytes.
    struct Counting(AtomicU8);

    impl Random for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0.fetch_add(1, Ordering::SeqCst));
        }
    }

    #[tokio::test]
    async fn rule_s5_a_caller_who_hangs_up_does_not_take_the_failure_along() {
        let folder = tempfile::tempdir().unwrap();
        let random = Arc::new(Counting(AtomicU8::new(0)));
        let store = SqliteStore::open(&folder.path().join("a.db"), &*random).unwrap();
        let host = Host {
            clock: Arc::new(FixedClock::at(Timestamp::from_seconds(1_800_000_000))),
            random,
            master_key: MasterKey::new(Secret::new([7; 32])),
            key_sets: None,
        };
        let mut settings = Settings::new("https://as.example".parse().unwrap());
        settings.throttle.account_failures = 0;
        let provider = Provider::start(Arc::new(store), settings, host)
            .await
            .unwrap();

        let attempt = || provider.attempt(Account::Client("worker"), Origin::default());
        let first = attempt().unwrap();
        {
            let mut failed = pin!(provider.failed(first));
            std::future::poll_fn(|context| {
                let _ = failed.as_mut().poll(context);
                Poll::Ready(())
            })
            .await;
        }
        assert_eq!(attempt().err().map(|refusal| refusal.status()), Some(429));
    }
}
