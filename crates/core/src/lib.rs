//! The one model of Countersign: identifiers, scopes, resources, clients, users, grants, secrets, keys, clock and
//! randomness.
//!
//! Every other crate speaks in these types. They are well-formed by construction: whoever holds a [`Scope`] or a
//! [`ClientId`] need not check it again. Nothing here does I/O, asks the system for the time or for randomness:
//! both are passed in as a [`Clock`] and a [`Random`].
//!
//! ```
//! use countersign_core::{ClientId, Scope};
//!
//! let client_id: ClientId = "billing-worker".parse()?;
//! let scope: Scope = "/accounts.read /accounts.write".parse()?;
//! assert!(scope.contains_all(&"/accounts.read".parse()?));
//! assert_eq!(client_id.as_str(), "billing-worker");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod authorization;
mod client;
mod client_id;
mod client_keys;
mod client_secret;
mod client_settings;
mod grant;
mod issuer;
mod key;
mod loopback;
mod names;
mod openid;
mod password;
mod pkce;
mod random;
mod redirect_uri;
mod registry;
mod resource;
mod revision;
mod scope;
mod secret;
mod session;
mod text;
mod time;
mod token_id;
mod user;
mod username;
pub mod wazo;

pub use authorization::{Authorization, AuthorizationFacts, IssuedCode, RequestedClaims};
pub use client::{Client, NewClient};
pub use client_id::{ClientId, ClientIdError};
pub use client_keys::{JwkSetDocument, JwkSetDocumentError, JwksUri, JwksUriError};
pub use client_secret::{ClientSecret, SecretHash};
pub use client_settings::{ClientSettings, SettingsError};
pub use grant::{CurrentRefresh, Generation, Grant, GrantLifetime, GrantUser, LastGeneration};
pub use issuer::{Issuer, IssuerError};
pub use key::{KeyId, KeyIdError, KeyPurpose, KeyRecord, SigningAlgorithm};
pub use names::{
    AccessTokenFormat, AuthMethod, GrantType, IntrospectionReach, TokenProfile, UnknownName,
};
pub use openid::{ApplicationType, IdTokenAlgorithm, ResponseType, SubjectType};
pub use password::{Password, PasswordError};
pub use pkce::{CodeChallenge, CodeChallengeError, CodeVerifier, CodeVerifierError};
pub use random::Random;
pub use redirect_uri::{RedirectUri, RedirectUriError};
pub use registry::{DefinitionError, ResourceDefinition, ScopeDefinition};
pub use resource::{ResourceUri, ResourceUriError};
pub use revision::Revision;
pub use scope::{Scope, ScopeError, ScopeToken};
pub use secret::Secret;
pub use session::{Consent, Session};
pub use time::{Clock, FixedClock, Timestamp};
pub use token_id::{EntityId, EntityIdError, EntityIds, Epoch, GrantId, TokenId, TokenIdError};
pub use user::{NewUser, PasswordHash, ProfileError, User, UserProfile};
pub use username::{Username, UsernameError, UsernameKey};
