//! Checks access tokens in an API, those of Countersign or of any other issuer: JWTs by the keys of their issuer, all
//! others by asking it.
//!
//! This page is a manual. It says what the crate does, what it promises and what it leaves to you.
//!
//! # Three lines
//!
//! ```no_run
//! # async fn example(bearer: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use countersign_resource::Validator;
//!
//! let validator = Validator::from_issuer("https://login.example.com", "https://api.example.com").build()?;
//! let token = validator.validate(bearer).await?;
//! token.require_scope(&"accounts.read".parse()?)?;
//! # Ok(())
//! # }
//! ```
//!
//! The first line is for the start of your program, and opens no connection. The issuer is named exactly as it stands in
//! its tokens, and the audience is your API as it stands in `aud`. The keys come when the first token does, and from then
//! on in the background.
//!
//! # With axum
//!
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
#![cfg_attr(feature = "axum", doc = "```no_run")]
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use axum::Router;
//! use axum::routing::get;
//! use countersign_resource::{AccessToken, InvalidToken, ProtectLayer, Refusal, ResourceMetadata, Validator, routes};
//!
//! async fn accounts(token: AccessToken) -> Result<String, Refusal> {
//!     // A token need not be about anybody, and nobody has no accounts.
//!     let subject = token.subject().ok_or(InvalidToken::Claims)?;
//!     Ok(format!("the accounts of {subject}"))
//! }
//!
//! let metadata = ResourceMetadata::new("https://api.example.com")?.authorization_server("https://login.example.com");
//! let validator = Validator::from_issuer("https://login.example.com", "https://api.example.com").build()?;
//! let protect = ProtectLayer::new(validator)
//!     .require_scope("accounts.read".parse()?)
//!     .resource_metadata(metadata.well_known_url());
//! let app: Router = Router::new()
//!     .route("/accounts", get(accounts))
//!     .layer(protect)
//!     .merge(routes(&metadata));
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! Whoever comes without a good token is answered by the layer, and the handler is not called. Two rules:
//!
//! - Routes that are added after `.layer(protect)` are **open**: that is how axum has it with every layer, and how the
//!   metadata come to be public here.
//! - Scopes belong on the layer, or on what it is made of: then every challenge names all of them. A layer knows nothing of
//!   what a handler requires until the handler does.
//!
//! # What is here
//!
//! | to do this | use |
//! | --- | --- |
//! | judge JWT access tokens (RFC 9068) by the keys of an issuer that publishes metadata | [`Validator::from_issuer`] |
//! | the same by a JWK set at a URL, in a file, or at hand | [`Validator::from_jwks_url`], [`Validator::from_jwks_file`], [`Validator::from_jwks`] |
//! | not compute the same signature twice | [`ValidatorBuilder::verified_tokens`] |
//! | know at the start whether the keys can be had | [`Validator::ready`] |
//! | judge opaque tokens, or see every revocation at once, by introspection (RFC 7662) | [`Introspector`] |
//! | prove to the introspection endpoint who asks, by secret or by key | [`IntrospectionCredentials`] |
//! | take both kinds of tokens | [`Checker::both`] |
//! | take the token out of a request | [`bearer_token`], [`Checker::check`] |
//! | read what a token says | [`AccessToken`], [`AccessToken::claims_as`] |
//! | require scopes | [`ValidatorBuilder::require_scope`], [`IntrospectorBuilder::require_scope`], [`AccessToken::require_scope`] |
//! | protect a service that speaks `http`: axum, hyper, any with a response body made `From<String>` | `ProtectLayer` (feature `tower`) |
//! | have the token or your own claims as arguments of a handler | `AccessToken` and `Claims` as extractors (feature `axum`) |
//! | answer a refusal as RFC 6750 §3 has it, without the layer | [`Refusal::response`], [`Challenge`] |
//! | publish from whom clients get tokens (RFC 9728) | [`ResourceMetadata`], `routes` (feature `axum`) |
//! | send requests in your own way | [`Transport`] |
//! | trust an issuer with a certificate authority of its own | `HttpTransport::with_root_certificates` (feature `http-client`) |
//!
//! # JWT or introspection
//!
//! | | [`Validator`] | [`Introspector`] |
//! | --- | --- | --- |
//! | tokens | JWTs with `typ: at+jwt` | any |
//! | each request to your API costs | one signature, some 20 to 60 µs, or none | one request to the issuer, or none with its cache |
//! | strangers with rubbish cost | at most one fetch per 30 seconds | one question each, at most 64 at a time |
//! | a revoked token | is good until `exp` | is refused at once, with the cache within 60 seconds at most |
//! | while the issuer is down | goes on for a day | refuses with 503 |
//! | needs credentials at the issuer | no | yes |
//!
//! # Promises
//!
//! - **No check without issuer and audience.** Nothing that judges tokens can be made without them (CVE-2026-22748).
//! - **It fails closed.** What cannot be judged is refused, with 503 and `Retry-After`. No error of whatever kind lets
//!   anybody in.
//! - **The hot path is local.** While the key of a token is at hand, [`Validator::validate`] asks nobody, waits for
//!   nobody and takes no lock. With [`ValidatorBuilder::verified_tokens`] it takes that of one part of the memory, to look
//!   there and for no longer.
//! - **One fetch, whoever asks.** A thousand requests that need a key wait for one fetch, at most 5 seconds, and who is
//!   cancelled meanwhile cancels nothing. This holds across runtimes, too: an attempt whose runtime is not driven any more is
//!   given up after that time, and the next who needs it makes another. Keys that are merely old are replaced in the
//!   background; where two attempts in a row were cut off there, as in a program that makes a runtime for each call, one call
//!   waits for the next.
//! - **Strangers set no pace for a [`Validator`].** Unknown `kid`s lead to one fetch per cool-down (30 seconds), a token that no key could make
//!   good to none: its shape, its `typ` or its `alg` (`HS256`) is not that of an access token signed by a published key. Nor
//!   does one take a place of the service behind a `ProtectLayer`.
//! - **Strangers set the pace of an [`Introspector`], up to a bound.** Only the issuer knows whether a text is a token, so
//!   whoever sends any text makes this API ask about it, one question for each, and no refusal is kept. At most 64 questions
//!   are in flight at a time ([`IntrospectorBuilder::max_in_flight`]). Who comes then waits for a turn, and is answered with
//!   503 when the 5 seconds are over that a judgement may take in all. So a flood of rubbish can keep good tokens waiting, or
//!   out. Where that matters, limit the requests of strangers before this crate, or take JWTs. With a
//!   [cache](IntrospectorBuilder::cache), what it holds costs no question, and all who come with the same token at the same
//!   time share one.
//! - **Who hangs up cancels nothing that others wait for**: neither keys nor, with a cache, the answer about a token.
//! - **An outage is survived.** A host that hangs, fails or answers rubbish takes away no key for a day
//!   ([`FetchRules`]). An answer is cut off after 512 KiB, while it arrives.
//! - **A key that is gone verifies nothing.** From the fetch that shows that it was removed or replaced, whatever was
//!   verified by it before.
//! - **Nobody is sent elsewhere.** No redirect is followed, what a token says about keys (`jku`, `x5u`, `jwk`) is not
//!   looked at, and only `https` is asked, or `http` on the loopback interface: by its address, or as `localhost`, wherever
//!   your resolver says that is.
//! - **The key fixes the algorithm**, byte for byte the `kid` picks the key; all that [`countersign_jose`] promises about
//!   tokens is promised here.
//! - **Your process stays yours.** No global is set, no crypto provider is installed, no proxy is taken from the
//!   environment. Time comes from the [`Clock`] that you pass, if you do. What cargo does with the features of rustls is
//!   another matter: see [Features](#features).
//! - **Secrets do not show.** Neither `Debug` nor a log nor an answer holds a token. What callers are told does not say
//!   what was wrong with it, except that it has expired.
//!
//! # Does and does not
//!
//! | | |
//! | --- | --- |
//! | RFC 9068 access tokens: `typ`, `iss`, `aud`, `exp`, `nbf`, `iat`, and all that must be there | yes |
//! | ES256, ES384, `EdDSA`, RS256 to RS512, PS256 to PS512 | yes |
//! | several audiences, clocks that differ by up to 60 seconds | yes |
//! | RFC 8414 metadata, `OpenID` Connect Discovery, `Cache-Control`, `ETag` | yes |
//! | RFC 6750 challenges with `scope` and RFC 9728 `resource_metadata` | yes |
//! | opaque tokens by RFC 7662, with `client_secret_basic` or `private_key_jwt` | yes |
//! | tokens of several issuers | one [`Validator`] for each; you choose by your own rule, never by the token's word alone |
//! | JWTs with `typ: JWT` or none, as older issuers write them | no; ask their introspection endpoint |
//! | HS256 tokens of the classic profile | no; whoever can check one can forge one: ask the introspection endpoint |
//! | ID tokens, logout tokens | no, they are no access tokens |
//! | encrypted tokens (JWE) | no |
//! | sender-constrained tokens (`DPoP`, mutual TLS) | not yet; they are refused rather than taken for bearer tokens |
//! | tokens in a query or a form | no (RFC 6750 §5.3) |
//! | who may do what, beyond scopes | no, that is yours |
//!
//! # Features
//!
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `ring` | yes | the crypto backend `ring` |
//! | `aws-lc-rs` | no | the crypto backend `aws-lc-rs`; with both on, it is used |
//! | `http-client` | yes | `HttpTransport`; without it, give a [`Transport`] of your own to all that fetches |
//! | `tower` | no | `ProtectLayer` |
//! | `axum` | no | the extractors and `routes`; turns on `tower` |
//!
//! All are additive. One of the two backends must be on. There is no database in any of them, and no web framework but
//! with `axum`. Keys are fetched on a task of [tokio](https://docs.rs/tokio), whose runtime needs its timer on, and its
//! I/O for `HttpTransport`, which is HTTP/1.1 by hyper, with TLS by rustls.
//!
//! **If your program has rustls, too:** cargo unites the features of rustls over the whole program, and where two of its
//! backends are on, rustls does not choose. `rustls::ClientConfig::builder()` then panics in your own code, or in that of a
//! library, unless it is told which provider to take. This crate always tells it, and yet may be what brings the second
//! backend: `ring`, into a program that has `aws_lc_rs`, which is the default of rustls. The ways out, each of which will do:
//!
//! - take this crate with the backend that is there: `default-features = false, features = ["aws-lc-rs", "http-client"]`
//! - install a provider at the start of `main`: `rustls::crypto::aws_lc_rs::default_provider().install_default()`
//! - bring a [`Transport`] of your own and leave `http-client` out, and there is no rustls here:
//!   `default-features = false, features = ["ring"]`
//!
//! # What is refused, and why
//!
//! | refused | answered | because |
//! | --- | --- | --- |
//! | no token, or another scheme than Bearer | 401 without an error code | RFC 6750 §3.1 |
//! | two `Authorization` headers, an empty token, characters that none has | 400 `invalid_request` | two readers would see two requests |
//! | all that [`countersign_jose`] refuses: wrong `typ`, `alg`, signature, times, duplicate members and more | 401 `invalid_token` | see its page |
//! | a token of another issuer or for another audience | 401 `invalid_token` | RFC 9068 §4 |
//! | a token whose `kid` nobody knows, once the host of the keys has said so | 401 `invalid_token` | its key was never there, or was removed |
//! | a token whose `kid` is not at hand, and the last attempt to fetch the keys failed | 503 | it may be new |
//! | any token, if the host publishes a JWK set without a usable key | 401 `invalid_token`; [`Validator::ready`] says [`KeysFailure::NoUsableKey`] | whoever publishes no key has revoked all |
//! | a token with `cnf` | 401 `invalid_token` | a bound token must not pass as a bearer token (CVE-2024-49755) |
//! | an introspection answer without `active: true`, or without an audience of ours | 401 `invalid_token` | RFC 7662 §2.2, §4; CVE-2021-32701 |
//! | an introspection answer whose `token_use` or `typ` is not that of an access token | 401 `invalid_token` | refresh and ID tokens are active, too |
//! | a token that lacks a required scope | 403 `insufficient_scope` with all scopes that are required there | RFC 6750 §3.1 |
//! | any token while no keys could be fetched, or no clear answer of the issuer | 503 | nobody can say |
//! | metadata that name another issuer, were it only by a final slash | [`DiscoveryError::Issuer`] | RFC 8414 §3.3 |
//! | a JWK set with duplicate members, more than 100 keys, or more than 512 KiB | [`KeysFailure::KeySet`] | it could mean two things; CVE-2025-61920 |
//! | keys in it that are private, symmetric, weak, for encryption, or share a `kid` | passed over; an error only if none is left at hand | RFC 7517 §5, RFC 8725 §3.1 |
//!
//! # Testing your API
//!
//! Sign your own tokens with a key of your own and a clock that stands still; nothing is fetched:
//!
//! ```
//! use std::sync::Arc;
//!
//! use countersign_jose::access_token::{self, AccessTokenClaims};
//! use countersign_resource::{FixedClock, Refusal, SigningAlgorithm, SigningKey, Timestamp, Validator};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let now = Timestamp::from_seconds(1_800_000_000);
//! let (key, _) = SigningKey::generate(SigningAlgorithm::Es256)?;
//! let token = access_token::sign(&key, &AccessTokenClaims {
//!     iss: "https://login.example.com".into(),
//!     sub: "jane".into(),
//!     aud: vec!["https://api.example.com".into()],
//!     exp: now.plus(600),
//!     iat: now,
//!     nbf: None,
//!     jti: "1".into(),
//!     client_id: "web-app".into(),
//!     scope: Some("accounts.read".parse()?),
//!     further: serde_json::from_str(r#"{"groups": ["finance"]}"#)?,
//! })?;
//!
//! let keys = serde_json::json!({ "keys": [key.public_jwk()] }).to_string();
//! let clock = Arc::new(FixedClock::at(now));
//! let validator = Validator::from_jwks("https://login.example.com", keys, "https://api.example.com")
//!     .clock(clock.clone())
//!     .build()?;
//! let good = validator.validate(&token).await?;
//! assert_eq!(good.subject(), Some("jane"));
//! assert_eq!(good.claim("groups"), Some(&serde_json::json!(["finance"])));
//! assert_eq!(good.require_scope(&"accounts.write".parse()?).unwrap_err().status(), 403);
//!
//! clock.advance(610);
//! assert!(matches!(validator.validate(&token).await, Err(Refusal::InvalidToken(_))));
//! # Ok(())
//! # })
//! # }
//! ```
#![forbid(unsafe_code)]

mod bearer;
mod build_error;
mod challenge;
mod checker;
mod clock;
mod discovery;
mod endpoint;
#[cfg(feature = "axum")]
mod extract;
mod introspection;
mod keys;
#[cfg(feature = "tower")]
mod layer;
mod random;
mod refusal;
mod resource_metadata;
mod token;
mod transport;
mod validator;
mod verified_tokens;

pub use countersign_core::{Clock, FixedClock, Random, Scope, Secret, Timestamp};
pub use countersign_jose::access_token::{AccessTokenError, ClaimsError};
pub use countersign_jose::jws::JwsError;
pub use countersign_jose::remote_key_set::FetchRules;
pub use countersign_jose::{
    Algorithm, JwkError, JwkSetError, RefusedJwk, SigningAlgorithm, SigningKey,
};

pub use self::bearer::bearer_token;
pub use self::build_error::BuildError;
pub use self::challenge::Challenge;
pub use self::checker::Checker;
pub use self::clock::SystemClock;
pub use self::discovery::DiscoveryError;
pub use self::endpoint::EndpointError;
#[cfg(feature = "axum")]
pub use self::extract::{Claims, ClaimsRejection, LayerMissing, routes};
pub use self::introspection::{
    AnswerError, IntrospectionCredentials, IntrospectionError, Introspector, IntrospectorBuilder,
    MAX_CACHE_AGE,
};
pub use self::keys::{KeysError, KeysFailure};
#[cfg(feature = "tower")]
pub use self::layer::{Protect, ProtectLayer};
pub use self::random::SystemRandom;
pub use self::refusal::{InvalidToken, MalformedReason, Refusal};
pub use self::resource_metadata::{ResourceMetadata, ResourceMetadataError};
pub use self::token::AccessToken;
#[cfg(feature = "http-client")]
pub use self::transport::HttpTransport;
pub use self::transport::{Limits, Transport, TransportError};
pub use self::validator::{MAX_CLOCK_SKEW, Validator, ValidatorBuilder};
