//! What an operator decides once for the whole service.

use countersign_core::wazo::AccessList;
use countersign_core::{AccessTokenFormat, AuthMethod, Issuer, SigningAlgorithm, TokenProfile};

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
    /// How clients may authenticate; what is not among these is neither advertised nor accepted. Without
    /// [`AuthMethod::None`] there are no public clients.
    pub auth_methods: Vec<AuthMethod>,
    /// Which members tokens have where the client does not say.
    pub token_profile: TokenProfile,
    /// How classic tokens are made.
    pub classic: ClassicSettings,
    /// The wazo dialect; none if it is not switched on.
    pub wazo: Option<WazoSettings>,
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

/// How classic tokens are made, for clients of that [`TokenProfile`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassicSettings {
    /// What of the client goes into `cid`.
    pub cid: ClassicCid,
    /// Whether access tokens name the issuer (`iss`).
    pub iss: bool,
    /// Seconds for which an access token is good where the client does not say.
    pub access_token_lifetime: u32,
}

impl Default for ClassicSettings {
    fn default() -> Self {
        Self {
            cid: ClassicCid::Id,
            iss: false,
            access_token_lifetime: 3_600,
        }
    }
}

/// What of the client goes into the claim `cid` of classic access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassicCid {
    /// Its `client_id`.
    Id,
    /// Its name for people (`client_name`); the `client_id` if it has none.
    Name,
}

/// What the wazo dialect gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WazoSettings {
    /// What every token gives access to, beside what the policies of its user say.
    pub default_acl: AccessList,
    /// Seconds for which a token is good where the request does not say.
    pub access_token_lifetime: u32,
    /// The most live sessions of one user, but for users whose purpose is `internal`.
    pub max_sessions: u32,
}

impl Default for WazoSettings {
    fn default() -> Self {
        let own = "auth.users.me.#".parse().ok();
        Self {
            default_acl: own.into_iter().collect(),
            access_token_lifetime: 7_200,
            max_sessions: 100,
        }
    }
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
            auth_methods: vec![
                AuthMethod::ClientSecretBasic,
                AuthMethod::ClientSecretPost,
                AuthMethod::PrivateKeyJwt,
                AuthMethod::None,
            ],
            token_profile: TokenProfile::Standard,
            classic: ClassicSettings::default(),
            wazo: None,
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
