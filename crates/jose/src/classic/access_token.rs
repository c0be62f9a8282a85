//! Classic access tokens: their secrets, and their claims as they are written, read and judged.

use std::fmt;

use countersign_core::{KeyId, Scope, Secret, Timestamp};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::ClassicError;
use crate::base64url;
use crate::claims::check_begun;
use crate::crypto::{HmacHash, HmacKey};
use crate::jws::{JwsError, ProtectedHeader, SignError, assemble, check_len};
use crate::mac::MacKey;
use crate::members::{ClaimsError, Members};
use crate::reserved_claims::{self, ReservedClaim};

/// What the keys of one issuer are derived for.
const PURPOSE: &str = "classic-access-token";

/// What a shared secret is derived for, beside its audience.
const LABEL: &[u8] = b"countersign/classic access token/HS256";

/// The key of the classic access tokens of one issuer, and of nothing else (RULES R6). Every audience has a secret of its
/// own, which is derived from it.
#[derive(Clone)]
pub struct AccessTokenKey {
    id: KeyId,
    issuer: Box<str>,
    header: ProtectedHeader,
    mac: MacKey,
}

impl AccessTokenKey {
    /// Takes a secret of 256 random bits under the `kid` that tokens will carry, for tokens of `issuer`.
    #[must_use]
    pub fn new(id: KeyId, secret: Secret<[u8; 32]>, issuer: &str) -> Self {
        Self {
            header: super::header(&id),
            id,
            issuer: issuer.into(),
            mac: MacKey::new(secret).derive(PURPOSE, issuer),
        }
    }

    /// The id of the key, the `kid` of its tokens.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// What the holder of `audience` needs to check its tokens, or that of the tokens without `aud`: 43 characters of
    /// base64url, which are themselves the bytes of the HMAC key and are not to be decoded.
    ///
    /// Whoever has it can make tokens for this audience (RULES D1). It tells nothing about the secrets of others.
    #[must_use]
    pub fn shared_secret(&self, audience: Option<&str>) -> Secret<String> {
        // Lists of another length have another tag: the secret without audience is not that of an empty one.
        let derived = match audience {
            None => self.mac.mac(&[LABEL]),
            Some(audience) => self.mac.mac(&[LABEL, audience.as_bytes()]),
        };
        Secret::new(base64url::encode(&*Zeroizing::new(derived)))
    }

    fn hmac(&self, audience: Option<&str>) -> HmacKey {
        let secret = self.shared_secret(audience);
        HmacKey::new(HmacHash::Sha256, secret.expose().as_bytes())
    }
}

impl fmt::Debug for AccessTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokenKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The claims of a classic access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokenClaims {
    /// `cid`: the client that obtained it, by its id or its name.
    pub cid: String,
    /// `scope`: what it allows; always there, and empty if it is nothing.
    pub scope: Scope,
    /// `sub`: the user; absent if there is none.
    pub sub: Option<String>,
    /// `aud`: the one resource that may accept the token. It selects the secret under which the token is signed.
    pub aud: Option<String>,
    /// `iss`: who issued the token. A token may do without; if it is there, it is the issuer of its key.
    pub iss: Option<String>,
    /// `exp`: from then on the token is not accepted.
    pub exp: Timestamp,
    /// `nbf`: before then the token is not accepted.
    pub nbf: Timestamp,
    /// `iat`: when it was issued.
    pub iat: Timestamp,
    /// `jti`: the id of the token.
    pub jti: String,
    /// Further claims about the user. None may be [reserved](crate::access_token::is_reserved_claim) in a token that is made; in one that was read, they are all those that have no field here.
    pub further: Map<String, Value>,
}

impl AccessTokenClaims {
    /// The claims as JSON, unless one of the further ones is reserved.
    fn to_json(&self) -> Result<Vec<u8>, ReservedClaim> {
        reserved_claims::require_none(&self.further)?;
        let json = serde_json::to_vec(&Object(self))
            .expect("strings, integers and JSON values are always representable in JSON");
        Ok(json)
    }

    /// Reads claims without `aud`, which was taken out before: all types checked, all that are always written present.
    fn read(aud: Option<String>, mut members: Members) -> Result<Self, ClaimsError> {
        // RFC 7800 §3.1: who does not check the confirmation turns a bound token into a bearer token.
        if members.has("cnf") {
            return Err(ClaimsError::SenderConstrained);
        }
        let scope = members.required_text("scope")?;
        Ok(Self {
            cid: members.required_text("cid")?,
            scope: scope.parse().map_err(|_| ClaimsError::Malformed("scope"))?,
            sub: members.text("sub")?,
            aud,
            iss: members.text("iss")?,
            exp: members.required_time("exp")?,
            nbf: members.required_time("nbf")?,
            iat: members.required_time("iat")?,
            jti: members.required_text("jti")?,
            further: members.rest(),
        })
    }

    /// Judges issuer and times; clocks may differ by `leeway_seconds`, but the end that the issuer set is the end.
    fn check(&self, issuer: &str, now: Timestamp, leeway_seconds: u32) -> Result<(), ClaimsError> {
        if self.iss.as_deref().is_some_and(|named| named != issuer) {
            return Err(ClaimsError::Issuer);
        }
        // RFC 7519 §4.1.4: "the current date/time MUST be before the expiration date/time".
        if now >= self.exp {
            return Err(ClaimsError::Expired);
        }
        check_begun(Some(self.nbf), self.iat, now, leeway_seconds)
    }
}

/// The object that stands in the token, in the order in which that server writes it. All names that have a field are
/// refused among the further claims, so none stands twice.
struct Object<'claims>(&'claims AccessTokenClaims);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let claims = self.0;
        let mut members = serializer.serialize_map(None)?;
        if let Some(iss) = &claims.iss {
            members.serialize_entry("iss", iss)?;
        }
        if let Some(aud) = &claims.aud {
            members.serialize_entry("aud", aud)?;
        }
        for (name, value) in &claims.further {
            members.serialize_entry(name, value)?;
        }
        members.serialize_entry("cid", &claims.cid)?;
        members.serialize_entry("scope", &format_args!("{}", claims.scope))?;
        if let Some(sub) = &claims.sub {
            members.serialize_entry("sub", sub)?;
        }
        members.serialize_entry("exp", &claims.exp)?;
        members.serialize_entry("nbf", &claims.nbf)?;
        members.serialize_entry("iat", &claims.iat)?;
        members.serialize_entry("jti", &claims.jti)?;
        members.end()
    }
}

/// Signs `claims` as a classic access token, under the secret of its audience. Not if a further claim is `cid` or
/// [reserved](crate::access_token::is_reserved_claim).
///
/// ```
/// use countersign_core::{Secret, Timestamp};
/// use countersign_jose::classic::{self, AccessTokenClaims, AccessTokenKey};
/// use countersign_jose::hmac_jws::{self, HmacAlgorithm, HmacKey};
///
/// let now = Timestamp::from_seconds(1_800_000_000);
/// let key = AccessTokenKey::new("classic-1".parse()?, Secret::new([7; 32]), "https://issuer.example");
/// let claims = AccessTokenClaims {
///     cid: "billing-worker".into(),
///     scope: "contacts.read contacts.write".parse()?,
///     sub: Some("512ab9a4".into()),
///     aud: Some("https://api.example".into()),
///     iss: None,
///     exp: now.plus(3600),
///     nbf: now,
///     iat: now,
///     jti: "9f2c".into(),
///     further: serde_json::Map::new(),
/// };
/// let token = classic::sign_access_token(&key, &claims)?;
///
/// // The issuer, when it is asked about the token.
/// assert_eq!(classic::key_id(&token).as_ref(), Some(key.id()));
/// assert_eq!(classic::verify_access_token(&key, &token, now, 5)?, claims);
///
/// // The API, which was given the secret of its audience as text. That of another verifies nothing.
/// let verifies = |audience| {
///     let text = key.shared_secret(audience).expose().clone();
///     let secret = Secret::new(text.into_bytes());
///     let theirs = HmacKey::new(HmacAlgorithm::Hs256, key.id().as_str(), &secret)?;
///     Ok::<_, hmac_jws::HmacKeyError>(hmac_jws::verify_with(&theirs, &token).is_ok())
/// };
/// assert!(verifies(Some("https://api.example"))?);
/// assert!(!verifies(Some("https://other.example"))? && !verifies(None)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sign_access_token(
    key: &AccessTokenKey,
    claims: &AccessTokenClaims,
) -> Result<String, SignError> {
    let hmac = key.hmac(claims.aud.as_deref());
    assemble(&key.header, &claims.to_json()?, |message| {
        Ok(hmac.sign([message]))
    })
}

/// Whether [`sign_access_token`] will find nothing wrong with `claims`, without signing: for whoever must know that a token
/// can be made before something is consumed for it. It takes every signature for as long as the longest of all algorithms.
pub fn check_access_token_signable(
    key: &AccessTokenKey,
    claims: &AccessTokenClaims,
) -> Result<(), SignError> {
    check_len(&key.header, &claims.to_json()?)
}

/// The claims of `text`, if it was signed under the secret of its audience and is alive at `now`. Clocks may differ by
/// `leeway_seconds` in what is yet to come; the end is the end.
///
/// The audience that the token names selects the secret, which then vouches for it; whether it is that of who asks is for
/// the caller to judge. So is everything that the holder of that secret can have made up (RULES D1).
///
/// Judged in this order: length, shape, key id, JSON and audience, and the whole signature in constant time, before any
/// other claim.
pub fn verify_access_token(
    key: &AccessTokenKey,
    text: &str,
    now: Timestamp,
    leeway_seconds: u32,
) -> Result<AccessTokenClaims, ClassicError> {
    let compact = super::take_apart_of(text, &key.id)?;
    let payload = base64url::decode(compact.payload).map_err(|_| JwsError::Encoding)?;
    let mut members = Members::parse(&payload)?;
    let aud = members.text("aud")?;
    super::require_signature(&compact, &key.hmac(aud.as_deref()))?;
    let claims = AccessTokenClaims::read(aud, members)?;
    claims.check(&key.issuer, now, leeway_seconds)?;
    Ok(claims)
}
