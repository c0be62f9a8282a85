//! Hashing what people chose: argon2id on a bounded number of threads.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use countersign_core::{Random, Secret};
use thiserror::Error;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// How many callers may wait for a worker, per worker. More are sent away at once: a queue that takes longer to drain
/// than a client waits only does work for nobody.
const QUEUE_PER_WORKER: usize = 64;

/// The hashing workers.
///
/// Hashing costs about 10 ms and 19 MiB; without a bound, a flood of logins takes the machine (attack class 68).
///
/// A hash that runs cannot be stopped, so what bounds them belongs to the hash and not to whoever waits for it: callers
/// who hang up free nothing before their hash is done.
pub(crate) struct Hasher {
    workers: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// How many callers may wait for the turn of one client.
const LINE_PER_CLIENT: usize = 16;

/// The way of one client to the workers: one hash at a time and a short line, so that guessing at one client takes
/// neither the workers nor the memory from all others (RULES S1).
#[derive(Debug)]
pub(crate) struct Turnstile {
    line: Arc<Semaphore>,
    turn: Arc<Mutex<()>>,
}

/// The turn of one caller, until it is dropped. It goes along with the hash, which a caller who hangs up does not end.
pub(crate) struct Turn {
    _place: OwnedSemaphorePermit,
    _turn: OwnedMutexGuard<()>,
}

impl Default for Turnstile {
    fn default() -> Self {
        Self {
            line: Arc::new(Semaphore::new(LINE_PER_CLIENT)),
            turn: Arc::default(),
        }
    }
}

impl Turnstile {
    /// Waits for the turn, unless the line is full.
    pub(super) async fn enter(&self) -> Result<Turn, HashingError> {
        let place = Arc::clone(&self.line).try_acquire_owned();
        Ok(Turn {
            _place: place.map_err(|_| HashingError::Busy)?,
            _turn: Arc::clone(&self.turn).lock_owned().await,
        })
    }
}

/// Why nothing was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum HashingError {
    /// All workers are busy and the queue is full.
    #[error("too many secrets are being checked at once")]
    Busy,
    /// The hash could not be made.
    #[error("the secret could not be hashed")]
    Failed,
}

/// OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane.
fn argon2id() -> Argon2<'static> {
    let params = Params::new(19_456, 2, 1, None).expect("these parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl Hasher {
    /// A hasher with this many workers.
    pub(crate) fn new(workers: usize) -> Self {
        let workers = workers.max(1);
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            places: Arc::new(Semaphore::new(workers * (QUEUE_PER_WORKER + 1))),
        }
    }

    /// A hasher that hashes nothing.
    #[cfg(test)]
    pub(super) fn closed() -> Self {
        let hasher = Self::new(1);
        hasher.workers.close();
        hasher
    }

    /// The hash of `secret` under a new salt, in PHC notation.
    pub(crate) async fn hash(
        &self,
        secret: Secret<String>,
        random: &dyn Random,
    ) -> Result<String, HashingError> {
        let salt = random.bytes::<16>();
        self.run((), move || {
            argon2id()
                .hash_password_with_salt(secret.expose().as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(|_| HashingError::Failed)
        })
        .await?
    }

    /// Whether `secret` has the hash `phc`; it is the caller's `turn`. A hash that cannot be read matches nothing.
    pub(crate) async fn verify(
        &self,
        turn: Turn,
        secret: Secret<String>,
        phc: String,
    ) -> Result<bool, HashingError> {
        self.run(turn, move || {
            argon2id()
                .verify_password(secret.expose().as_bytes(), phc.as_str())
                .is_ok()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        turn: impl Send + 'static,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| HashingError::Busy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await;
        let worker = worker.map_err(|_| HashingError::Busy)?;
        let hash = tokio::task::spawn_blocking(move || {
            let _held = (turn, place, worker);
            work()
        });
        hash.await.map_err(|_| HashingError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl Random for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    async fn turn() -> Turn {
        Turnstile::default().enter().await.unwrap()
    }

    #[tokio::test]
    async fn f68_a_caller_who_hangs_up_frees_nothing_before_the_hash_is_done() {
        let hasher = Hasher::new(1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        {
            let mut hash = std::pin::pin!(hasher.run((), move || wait.recv()));
            std::future::poll_fn(|context| {
                let _ = hash.as_mut().poll(context);
                std::task::Poll::Ready(())
            })
            .await;
        }
        assert_eq!(hasher.workers.available_permits(), 0, "it still runs");
        go.send(()).unwrap();
        assert_eq!(hasher.run((), || 7).await, Ok(7), "and is done");
    }

    #[tokio::test]
    async fn a_hash_matches_its_secret_only() {
        let hasher = Hasher::new(1);
        let phc = hasher.hash(secret("right"), &Zeros).await.unwrap();
        assert_eq!(
            hasher
                .verify(turn().await, secret("right"), phc.clone())
                .await,
            Ok(true)
        );
        assert_eq!(
            hasher.verify(turn().await, secret("wrong"), phc).await,
            Ok(false)
        );
        assert_eq!(
            hasher
                .verify(turn().await, secret("right"), "no hash".into())
                .await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn f68_a_full_line_at_one_client_leaves_the_others_alone() {
        let (guessed, other) = (Turnstile::default(), Turnstile::default());
        let _line = guessed
            .line
            .acquire_many(u32::try_from(LINE_PER_CLIENT).unwrap())
            .await
            .unwrap();
        assert_eq!(guessed.enter().await.err(), Some(HashingError::Busy));
        assert!(other.enter().await.is_ok());
    }

    #[tokio::test]
    async fn f68_a_full_queue_sends_callers_away() {
        let hasher = Hasher::new(1);
        let _everywhere = hasher
            .places
            .acquire_many(u32::try_from(QUEUE_PER_WORKER).unwrap() + 1)
            .await
            .unwrap();
        assert_eq!(
            hasher
                .verify(turn().await, secret("x"), String::new())
                .await,
            Err(HashingError::Busy)
        );
    }
}
