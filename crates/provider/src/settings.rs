//! What an operator decides once for the whole service.

use countersign_core::{AccessTokenFormat, Issuer, SigningAlgorithm};

use crate::throttle::ThrottleSettings;

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
    /// Whether only what RFC 9700 recommends is offered, whatever clients are registered for: the response type `code`, always
    /// with PKCE, and no password grant.
    pub strict: bool,
    /// What access tokens look like where the client does not say.
    pub access_token_format: AccessTokenFormat,
    /// How access tokens are signed where the client does not say.
    pub access_token_algorithm: SigningAlgorithm,
    /// Seconds for which an access token is good (RULES A7); at most
    /// [`ClientSettings::MAX_ACCESS_TOKEN_LIFETIME`](countersign_core::ClientSettings::MAX_ACCESS_TOKEN_LIFETIME).
    pub access_token_lifetime: u32,
    /// Seconds in which the refresh token before the current one may be tried again, where the client does not say; 0
    /// for never, at the cost that an answer lost on the wire loses the grant (RULES R2).
    pub refresh_retry_window: u32,
    /// Seconds after which a grant ends, whatever happens (RULES R11); at most
    /// [`ClientSettings::MAX_REFRESH_TOKEN_LIFETIME`](countersign_core::ClientSettings::MAX_REFRESH_TOKEN_LIFETIME).
    pub refresh_token_lifetime: u32,
    /// Seconds for which a refresh token may lie unused (RULES R11).
    pub refresh_token_idle_lifetime: u32,
    /// Seconds in which an authorization code may be redeemed; RFC 6749 §4.1.2 advises ten minutes at most.
    pub authorization_code_lifetime: u32,
    /// Seconds for which an ID token is good.
    pub id_token_lifetime: u32,
    /// Seconds for which a session may lie idle before the user has to sign in again.
    pub session_idle_lifetime: u32,
    /// Seconds after which the user has to sign in again, whatever happens.
    pub session_lifetime: u32,
    /// The most sessions that one user may have; with one more, the oldest ends.
    pub max_sessions: u32,
    /// The most grants that one user may have with one client; with one more, the oldest ends (RULES R10).
    pub max_grants: u32,
    /// Seconds after which a key gets a successor; 0 for never (RULES T6).
    pub key_rotation_interval: i64,
    /// How those are slowed down who guess (RULES S5).
    pub throttle: ThrottleSettings,
    /// Seconds for which clients and keys are used from memory while storage does not answer (RULES A3).
    pub cache_max_stale: i64,
    /// How many secrets or passwords are hashed at the same time.
    pub hashing_workers: usize,
}

/// How long verifiers may keep the JWKS, in seconds.
pub const JWKS_MAX_AGE: i64 = 300;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// The most seconds that two clocks may differ.
pub const CLOCK_SKEW: u32 = 60;

impl Settings {
    /// The defaults, for `issuer`.
    #[must_use]
    pub fn new(issuer: Issuer) -> Self {
        Self {
            issuer,
            strict: false,
            access_token_format: AccessTokenFormat::Jwt,
            access_token_algorithm: SigningAlgorithm::default(),
            access_token_lifetime: 600,
            refresh_retry_window: 30,
            refresh_token_lifetime: 365 * DAY,
            refresh_token_idle_lifetime: 30 * DAY,
            authorization_code_lifetime: 60,
            id_token_lifetime: 3_600,
            session_idle_lifetime: 12 * 3_600,
            session_lifetime: 14 * DAY,
            max_sessions: 100,
            max_grants: 100,
            key_rotation_interval: 90 * i64::from(DAY),
            throttle: ThrottleSettings::default(),
            cache_max_stale: 300,
            hashing_workers: 2,
        }
    }
}
