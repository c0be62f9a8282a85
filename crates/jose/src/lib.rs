//! Keys, signatures and tokens of JOSE, for those who issue OAuth tokens and those who check them: strict, no I/O.
//!
//! This page is a manual. It says what the crate does, what it promises and what it leaves to you.
//!
//! # What is here
//!
//! | to do this | use |
//! | --- | --- |
//! | hold a private key ready to sign, publish its public half as JWK or PEM | [`SigningKey`] |
//! | take a public key from a JWK, or a set of them from its JSON | [`VerifyingKey`], [`VerifyingKeys`] |
//! | know when a key set that is published elsewhere has to be fetched | [`remote_key_set`] |
//! | issue and check JWT access tokens (RFC 9068) | [`access_token`] |
//! | issue and open tokens that only the issuer can read | [`opaque`] |
//! | sign ID tokens (OpenID Connect Core §2), with a key or a client's secret, and read one that comes back as a hint | [`id_token`] |
//! | sign and check what a client proves itself by (RFC 7523), with a key or its secret | [`client_assertion`] |
//! | write and read authorization codes and refresh tokens, of which only a row per grant is stored | [`authorization_code`], [`refresh_token`] |
//! | sign and check access and refresh tokens as JWTs with HS256, of the classic profile | [`classic`] |
//! | seal what a page carries from one request to the next | [`ticket`] |
//! | sign and verify any other compact JWS (RFC 7515) | [`jws`] |
//! | the same with a shared secret, kept apart | [`hmac_jws`] |
//! | look into a token without believing it | [`jws::UnverifiedHeader`], [`jws::UnverifiedClaims`] |
//! | seal bytes for storage | [`seal`] |
//! | authenticate bytes under keys of single purposes | [`mac`] |
//! | the building blocks: one spelling of base64url, JSON without duplicates, SHA-2 | [`base64url`], [`json`], [`digest`] |
//!
//! # Signing and verifying
//!
//! ```
//! use countersign_core::Timestamp;
//! use countersign_jose::access_token::{
//!     self, AccessTokenClaims, AccessTokenError, AccessTokenValidator, ExpectedAudience,
//! };
//! use countersign_jose::{JwkSet, SigningAlgorithm, SigningKey, VerifyingKeys};
//!
//! // The issuer: make a key once, keep its PKCS#8 form sealed, load it at start.
//! let (_, pkcs8) = SigningKey::generate(SigningAlgorithm::Es256)?;
//! let key = SigningKey::from_pkcs8(SigningAlgorithm::Es256, pkcs8.expose())?;
//! let published = JwkSet { keys: vec![key.public_jwk().clone()] };
//!
//! let now = Timestamp::from_seconds(1_800_000_000);
//! let token = access_token::sign(&key, &AccessTokenClaims {
//!     iss: "https://issuer.example".into(),
//!     sub: "billing-worker".into(),
//!     aud: vec!["https://api.example".into()],
//!     exp: now.plus(600),
//!     iat: now,
//!     nbf: None,
//!     jti: "9f2c".into(),
//!     client_id: "billing-worker".into(),
//!     scope: Some("accounts.read".parse()?),
//!     further: serde_json::Map::new(),
//! })?;
//!
//! // The API: what it needs is the issuer, its own name, and the published keys.
//! let (keys, refused) = VerifyingKeys::from_jwk_set(&published);
//! assert!(refused.is_empty());
//! let validator = AccessTokenValidator::new(
//!     "https://issuer.example",
//!     ExpectedAudience::OneOf(vec!["https://api.example".into()]),
//!     5,
//! );
//! let claims = validator.verify(&token, &keys, now)?;
//! assert_eq!(claims.client_id, "billing-worker");
//!
//! // The same token at another API is refused.
//! let elsewhere = AccessTokenValidator::new(
//!     "https://issuer.example",
//!     ExpectedAudience::OneOf(vec!["https://other.example".into()]),
//!     5,
//! );
//! assert_eq!(elsewhere.verify(&token, &keys, now), Err(AccessTokenError::Audience));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Promises
//!
//! - **One way to a key.** The `kid` of a token picks a key, byte for byte, and the key has exactly one algorithm, which
//!   the token must name. Nothing else in a header chooses anything. Only a client that has a single key need not name it.
//! - **One kind of token per door.** Every kind has its own `typ` or prefix, its own keys or derivations and its own
//!   functions; none is taken for another, even if all were made of one secret.
//! - **Secrets and public keys never meet.** They have different types, sets and functions; there is no place where a
//!   public key could be passed as an HMAC secret.
//! - **No check without issuer and audience.** A validator cannot be made without them. A classic token is signed under a
//!   secret of its issuer and audience.
//! - **One spelling per token.** Every changed, added or missing character makes it another token, and that one is refused.
//! - **Sizes first.** Lengths are checked before anything is split, decoded or parsed, and splitting does not allocate.
//! - **Time is an argument.** Nothing here asks for the time. Salts come from the [`Random`](countersign_core::Random)
//!   that you pass; only key generation and the randomness inside ECDSA and RSASSA-PSS come from the crypto backend,
//!   which does not let anybody replace it.
//! - **Keys are parsed once**, and the header of access tokens is encoded once per key.
//! - **Your process stays yours.** No global is set and no crypto provider installed. Of `jsonwebtoken` only the types
//!   [`Algorithm`], [`Jwk`] and [`JwkSet`] are used.
//! - **Secrets do not show.** No `Debug` here prints one.
//!
//! # What it does not do
//!
//! - It fetches nothing: keys are handed in, and a key that is no longer handed in verifies nothing. [`remote_key_set`] says
//!   when to fetch, and does not.
//! - It does not know whether a token was revoked, whether a code was redeemed, nor whether a `jti` was seen before: that an
//!   assertion is taken once is for the caller to see to.
//! - It does not read ID tokens for relying parties; a hint is judged by who issued it, and may have expired.
//! - No JWE, no JSON serialization, no detached or unencoded payloads, no ES512, no Ed448.
//! - No sender-constrained tokens yet: one with a `cnf` claim is refused rather than taken for a bearer token.
//!
//! # Algorithms
//!
//! | `alg` | sign | verify | keys |
//! | --- | --- | --- | --- |
//! | ES256 | yes | yes | P-256 |
//! | ES384 | yes | yes | P-384 |
//! | `EdDSA` | yes | yes | Ed25519 |
//! | RS256, PS256 | yes | yes | RSA, 2048 to 8192 bits (`ring` signs with up to 4096) |
//! | RS384, RS512, PS384, PS512 | no | yes | RSA, 2048 to 8192 bits |
//! | HS256, HS384, HS512 | [`hmac_jws`] | [`hmac_jws`] | at least as long as the hash |
//! | HS256 in classic tokens | [`classic`] | [`classic`] | derived, for each audience apart |
//! | HS256 in ID tokens | [`id_token`] | [`id_token`] | the client's secret, at least 32 bytes |
//! | HS256 in assertions of clients | [`client_assertion`] | [`client_assertion`] | the client's secret, at least 32 bytes |
//! | `none`, `RSA1_5`, everything else | no | no | |
//!
//! # Features
//!
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `ring` | yes | the crypto backend `ring`; it cannot generate RSA keys |
//! | `aws-lc-rs` | no | the crypto backend `aws-lc-rs`: RSA signatures twice as fast, Ed25519 more than twice; generates RSA keys |
//!
//! Both are additive: with both on, `aws-lc-rs` is used; with none, the crate does not compile. Keys (PKCS#8) that were
//! written under one load under the other.
//!
//! # What is refused, and why
//!
//! | refused | because |
//! | --- | --- |
//! | a token without `kid`, even if there is one key only | the day a second key comes must not change what is accepted |
//! | an assertion of a client without `kid`, if the client has not exactly one key | OpenID Connect Core §10.1 |
//! | `alg` that is not that of the key | HS/RS confusion (CVE-2015-9235); RFC 8725 §3.1 |
//! | `crit`, `b64` | no extension is understood, and ignoring one is how others were broken (CVE-2025-59420) |
//! | duplicate members in any JSON, at any depth | two parsers would see two tokens (RFC 7519 §4) |
//! | padding, line breaks, loose trailing bits in base64url | one token would have many spellings (CVE-2026-27840) |
//! | `typ` other than `at+jwt` for access tokens | an ID token is no access token (RFC 9068 §4, RFC 8725 §3.11) |
//! | `typ` other than `JWT` or none, or `events`, for ID tokens that come back as a hint | an access token or a logout token is no ID token (RFC 9068 §5, OpenID Connect Back-Channel Logout §2.4) |
//! | an assertion whose `aud` is an array, or anything but the issuer, byte for byte | it would open another door, too (CVE-2025-27370, CVE-2025-27371) |
//! | an assertion whose `iss` and `sub` are not both the client | nobody speaks for another |
//! | an assertion that has expired, or that lives for more than ten minutes | whoever takes one has to remember its `jti` for as long |
//! | an assertion without `jti`, or with one of more than 512 bytes | nothing else tells a replay (CVE-2020-5300, CVE-2020-15222) |
//! | `typ` other than `client-authentication+jwt`, `JWT` or none, for assertions | the keys of a client sign other kinds of JWT, too |
//! | a classic token that names another algorithm than HS256 or another `typ` than `JWT`, or anything in its header beside them and `kid` | whoever holds a secret can write whatever header; only one is ours |
//! | a classic token of another key, issuer or audience, or changed in one bit | who holds the secret of one audience makes no token for another |
//! | times that are strings, fractions, `null`, negative or beyond the year 9999 | CVE-2026-25537 |
//! | a missing `exp`, `iat`, `jti`, `iss`, `sub`, `aud` or `client_id` in access tokens | RFC 9068 §2.2 |
//! | a missing `exp`, `jti`, `iss`, `sub` or `aud` in assertions | RFC 7523 §3 |
//! | `cnf` | a bound token must not pass as a bearer token (CVE-2024-49755) |
//! | to mint a further claim whose name is reserved, in any letter case | what verifiers decide by, only the issuer says; some parsers take `SUB` for `sub` |
//! | an authorization code or refresh token of another length, key or issuer, or changed in one bit | whatever is read would be written again identically |
//! | a ticket of another key or issuer, or changed in one bit | what is inside was judged when it was sealed |
//! | RSA below 2048 bits, exponent 1, keys of the ROCA generator | RFC 7518 §3.3; CVE-2017-15361 |
//! | JWKs whose members disagree, with another `use` or `key_ops`, or sharing a `kid` | CVE-2022-23539, CVE-2022-23541 |
//! | an RSA JWK that does not name its algorithm | six would fit; [`VerifyingKey::from_jwk_for`] and [`VerifyingKeys::from_json`] take it from elsewhere |
//! | symmetric JWKs among public keys | RFC 8725 §3.1 |
//! | private JWKs in the JSON of a set | what was published is no secret, and anybody may have signed with it |
//! | the JSON of a JWK set with more than 512 KiB or 100 keys | whoever publishes it decides how much work it is |
//! | private keys in PEM that are encrypted, not PKCS#8, or not alone | [`PemError`] says how to convert them |
//! | tokens of more than 16 KiB, opaque ones of more than 4 KiB, tickets of more than 64 KiB | CVE-2025-61920, CVE-2025-30204; neither is issued either |
#![forbid(unsafe_code)]

pub mod access_token;
pub mod authorization_code;
pub mod base64url;
mod claims;
pub mod classic;
pub mod client_assertion;
mod crypto;
pub mod digest;
mod drawn_key_id;
mod framed;
pub mod hmac_jws;
pub mod id_token;
pub mod json;
mod jwk;
pub mod jws;
mod key_set;
pub mod mac;
mod mac_token;
mod members;
pub mod opaque;
mod pem;
pub mod refresh_token;
pub mod remote_key_set;
mod reserved_claims;
mod roca;
pub mod seal;
mod signing_key;
mod spki;
pub mod ticket;
mod verifying_key;

pub use countersign_core::SigningAlgorithm;
pub use jsonwebtoken::Algorithm;
pub use jsonwebtoken::jwk::{Jwk, JwkSet};

pub use self::jwk::JwkError;
pub use self::key_set::{DuplicateKeyId, JwkSetError, RefusedJwk, VerifyingKeys};
pub use self::pem::{PemError, private_key_pem};
pub use self::signing_key::{KeyError, SigningKey};
pub use self::verifying_key::{InvalidSignature, VerifyingKey};
