//! What a validator is made of.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::{Clock, Scope};
use countersign_jose::Algorithm;
use countersign_jose::access_token::{AccessTokenValidator, ExpectedAudience};
use countersign_jose::remote_key_set::FetchRules;

use super::{Inner, Validator};
use crate::keys::{Keys, Source};
use crate::transport::{self, Transport};
use crate::verified_tokens::VerifiedTokens;
use crate::{BuildError, SystemClock};

/// The most seconds by which clocks may differ: what lies further off is no matter of clocks.
pub const MAX_CLOCK_SKEW: u32 = 60;

/// Seconds by which clocks may differ, if nothing else is said.
pub(crate) const DEFAULT_CLOCK_SKEW: u32 = 10;

/// The most seconds for which a key is used that came with an answer, whatever is said.
const MAX_KEY_AGE: u32 = 7 * 86_400;

/// Where the keys come from.
pub(super) enum Origin {
    Discovery,
    Url(String),
    File(PathBuf),
    Given(Vec<u8>),
}

/// Makes a [`Validator`].
#[must_use = "a builder validates nothing"]
pub struct ValidatorBuilder {
    issuer: String,
    audience: Vec<String>,
    origin: Origin,
    clock_skew: u32,
    required_scope: Scope,
    rsa_algorithm: Algorithm,
    verified_tokens: usize,
    fetch_rules: FetchRules,
    transport: Option<Arc<dyn Transport>>,
    clock: Arc<dyn Clock>,
}

impl ValidatorBuilder {
    pub(super) fn new(issuer: String, audience: String, origin: Origin) -> Self {
        Self {
            issuer,
            audience: vec![audience],
            origin,
            clock_skew: DEFAULT_CLOCK_SKEW,
            required_scope: Scope::empty(),
            rsa_algorithm: Algorithm::RS256,
            verified_tokens: 0,
            fetch_rules: FetchRules::default(),
            transport: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Accepts tokens that are meant for `another` audience, too: an API that goes by several names.
    pub fn audience(mut self, another: impl Into<String>) -> Self {
        self.audience.push(another.into());
        self
    }

    /// The seconds by which the clocks of issuer and API may differ: 10, if nothing is said, and at most
    /// [`MAX_CLOCK_SKEW`].
    pub fn clock_skew(mut self, seconds: u32) -> Self {
        self.clock_skew = seconds;
        self
    }

    /// Refuses tokens without every scope token of `required`. Called again, it adds to what is required.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever requires a scope has just made it for that"
    )]
    pub fn require_scope(mut self, required: Scope) -> Self {
        let both = self.required_scope.iter().chain(&required);
        self.required_scope = both.cloned().collect();
        self
    }

    /// The one algorithm of RSA keys that do not name theirs: RS256, if nothing is said.
    pub fn rsa_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.rsa_algorithm = algorithm;
        self
    }

    /// Keeps up to `capacity` tokens that were found good, so that their signatures are not computed again. 0, which is
    /// the default, keeps none.
    ///
    /// What is kept is the claims under a SHA-256 of the token. An entry ends with its token or its key, whichever ends
    /// first, and required scopes are judged each time.
    pub fn verified_tokens(mut self, capacity: usize) -> Self {
        self.verified_tokens = capacity;
        self
    }

    /// How long fetched keys are good, and how often they are asked for. Within reason: `cool_down` is 1 second at least,
    /// or strangers would set the pace; nothing that is old is used for more than 7 days, or a key that was removed would
    /// never go.
    pub fn fetch_rules(mut self, rules: FetchRules) -> Self {
        self.fetch_rules = FetchRules {
            default_max_age: rules.default_max_age.min(MAX_KEY_AGE),
            min_max_age: rules.min_max_age.min(MAX_KEY_AGE),
            max_max_age: rules.max_max_age.min(MAX_KEY_AGE),
            cool_down: rules.cool_down.max(1),
            keep_stale: rules.keep_stale.min(MAX_KEY_AGE),
        };
        self
    }

    /// What sends the requests; without it, that of the feature `http-client`.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Where the time comes from; without it, from the machine.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The validator. Nothing is fetched or read yet: a service starts while its issuer is down. Who wants to know asks
    /// [`Validator::ready`].
    pub fn build(self) -> Result<Validator, BuildError> {
        if self.issuer.is_empty() {
            return Err(BuildError::EmptyIssuer);
        }
        if self.audience.iter().any(String::is_empty) {
            return Err(BuildError::EmptyAudience);
        }
        if self.clock_skew > MAX_CLOCK_SKEW {
            return Err(BuildError::ClockSkew(self.clock_skew));
        }
        let rsa_algorithm = rsa(self.rsa_algorithm)?;
        let clock = self.clock;
        let fetched = |source| {
            let clock = Arc::clone(&clock);
            Keys::fetched(source, rsa_algorithm, self.fetch_rules, clock)
        };
        let keys = match self.origin {
            Origin::Given(json) => Keys::given(&json, rsa_algorithm)?,
            Origin::File(path) => fetched(Source::File(path)),
            Origin::Url(url) => {
                let url = url.parse()?;
                fetched(Source::Url(url, transport::or_own(self.transport)?))
            }
            Origin::Discovery => {
                let issuer = Box::new(self.issuer.parse()?);
                fetched(Source::Issuer(issuer, transport::or_own(self.transport)?))
            }
        };
        let verified = match self.verified_tokens {
            0 => None,
            capacity => Some(VerifiedTokens::new(capacity)),
        };
        let audience = ExpectedAudience::OneOf(self.audience);
        Ok(Validator(Arc::new(Inner {
            judge: AccessTokenValidator::new(self.issuer, audience, self.clock_skew),
            leeway_seconds: self.clock_skew,
            required_scope: self.required_scope,
            keys,
            verified,
            clock,
        })))
    }
}

/// The algorithm, if RSA has it.
fn rsa(algorithm: Algorithm) -> Result<Algorithm, BuildError> {
    match algorithm {
        Algorithm::RS256
        | Algorithm::RS384
        | Algorithm::RS512
        | Algorithm::PS256
        | Algorithm::PS384
        | Algorithm::PS512 => Ok(algorithm),
        _ => Err(BuildError::RsaAlgorithm),
    }
}

impl fmt::Debug for ValidatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValidatorBuilder")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
