//! What an operator decides once for the whole service.

use countersign_core::{AccessTokenFormat, Issuer, SigningAlgorithm};

/// The settings of a [`Provider`](crate::Provider).
///
/// ```
/// use countersign_provider::Settings;
///
/// let settings = Settings::new("https://login.example.com".parse()?);
/// assert_eq!(settings.access_token_lifetime, 600);
/// # Ok::<(), countersign_core::IssuerError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Who issues the tokens. From configuration only, never from a request (RULES S4).
    pub issuer: Issuer,
    /// What access tokens look like where the client does not say.
    pub access_token_format: AccessTokenFormat,
    /// How access tokens are signed where the client does not say.
    pub access_token_algorithm: SigningAlgorithm,
    /// Seconds for which an access token is good (RULES A7); at most
    /// [`ClientSettings::MAX_ACCESS_TOKEN_LIFETIME`](countersign_core::ClientSettings::MAX_ACCESS_TOKEN_LIFETIME).
    pub access_token_lifetime: u32,
    /// Seconds for which clients and keys are used from memory while storage does not answer (RULES A3).
    pub cache_max_stale: i64,
    /// How many secrets or passwords are hashed at the same time.
    pub hashing_workers: usize,
}

/// How long verifiers may keep the JWKS, in seconds.
pub const JWKS_MAX_AGE: i64 = 300;

/// The most seconds that two clocks may differ.
pub const CLOCK_SKEW: u32 = 60;

impl Settings {
    /// The defaults, for `issuer`.
    #[must_use]
    pub fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            access_token_format: AccessTokenFormat::Jwt,
            access_token_algorithm: SigningAlgorithm::default(),
            access_token_lifetime: 600,
            cache_max_stale: 300,
            hashing_workers: 2,
        }
    }
}
