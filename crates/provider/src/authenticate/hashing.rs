//! Hashing what people chose: argon2id on a bounded number of threads.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use countersign_core::{Random, Secret};
use thiserror::Error;
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

/// How many callers may wait for a worker, per worker. More are sent away at once: a queue that takes longer to drain
/// than a client waits only does work for nobody.
const QUEUE_PER_WORKER: usize = 64;

/// The hashing workers.
///
/// Hashing costs about 10 ms and 19 MiB; without a bound, a flood of logins takes the machine (attack class 68).
pub(crate) struct Hasher {
    workers: Semaphore,
    places: Semaphore,
}

/// How many callers may wait for the turn of one client.
const LINE_PER_CLIENT: usize = 16;

/// The way of one client to the workers: one hash at a time and a short line, so that guessing at one client takes
/// neither the workers nor the memory from all others (RULES S1).
#[derive(Debug)]
pub(crate) struct Turnstile {
    line: Semaphore,
    turn: Mutex<()>,
}

/// The turn of one caller, until it is dropped.
pub(crate) struct Turn<'client> {
    _place: SemaphorePermit<'client>,
    _turn: MutexGuard<'client, ()>,
}

impl Default for Turnstile {
    fn default() -> Self {
        Self {
            line: Semaphore::new(LINE_PER_CLIENT),
            turn: Mutex::default(),
        }
    }
}

impl Turnstile {
    /// Waits for the turn, unless the line is full.
    pub(super) async fn enter(&self) -> Result<Turn<'_>, HashingError> {
        let place = self.line.try_acquire().map_err(|_| HashingError::Busy)?;
        Ok(Turn {
            _place: place,
            _turn: self.turn.lock().await,
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
            workers: Semaphore::new(workers),
            places: Semaphore::new(workers * (QUEUE_PER_WORKER + 1)),
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
        self.run(move || {
            argon2id()
                .hash_password_with_salt(secret.expose().as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(|_| HashingError::Failed)
        })
        .await?
    }

    /// Whether `secret` has the hash `phc`. A hash that cannot be read matches nothing.
    pub(crate) async fn verify(
        &self,
        secret: Secret<String>,
        phc: String,
    ) -> Result<bool, HashingError> {
        self.run(move || {
            argon2id()
                .verify_password(secret.expose().as_bytes(), phc.as_str())
                .is_ok()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let _place = self.places.try_acquire().map_err(|_| HashingError::Busy)?;
        let _worker = self
            .workers
            .acquire()
            .await
            .map_err(|_| HashingError::Busy)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| HashingError::Failed)
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

    #[tokio::test]
    async fn a_hash_matches_its_secret_only() {
        let hasher = Hasher::new(1);
        let phc = hasher.hash(secret("right"), &Zeros).await.unwrap();
        assert_eq!(hasher.verify(secret("right"), phc.clone()).await, Ok(true));
        assert_eq!(hasher.verify(secret("wrong"), phc).await, Ok(false));
        assert_eq!(
            hasher.verify(secret("right"), "no hash".into()).await,
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
            hasher.verify(secret("x"), String::new()).await,
            Err(HashingError::Busy)
        );
    }
}
