//! Hashing what people chose: argon2id on a bounded number of threads.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use countersign_core::{Random, Secret};
use thiserror::Error;
use tokio::sync::Semaphore;

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
