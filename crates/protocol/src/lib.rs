//! What goes over the wire of OAuth 2, one module per endpoint: requests, responses, errors, metadata.
//!
//! Bytes come in through [`Form::parse`] and become a typed request, or a typed [`ErrorResponse`]; nothing after this
//! crate meets a repeated parameter, an oversize value or bad syntax. Nothing here does I/O or knows HTTP headers
//! beyond the text of `Authorization`, `WWW-Authenticate` and `Location`.
//!
//! | endpoint | in | out |
//! | --- | --- | --- |
//! | authorization | [`AuthorizationParameters`], then [`AuthorizationRequest`] | [`AuthorizationResponse`] |
//! | token | [`TokenRequest`] | [`TokenResponse`] |
//! | introspection | [`IntrospectionRequest`] | [`IntrospectionResponse`] |
//! | revocation | [`RevocationRequest`] | nothing |
//! | userinfo | [`UserinfoRequest`] | claims |
//! | end session | [`LogoutRequest`] | [`post_logout_location`] |
//! | metadata | | [`ProviderMetadata`] |
//!
//! The authorization endpoint alone reads in steps, since who sent a faulty request may still be owed an answer.
//!
//! ```
//! use countersign_protocol::{Form, GrantRequest, TokenRequest};
//!
//! let form = Form::parse(b"grant_type=client_credentials&scope=read", TokenRequest::REPEATABLE)?;
//! let request = TokenRequest::read(&["Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3"], &form)?;
//! let GrantRequest::ClientCredentials(asked) = request.grant else { unreachable!() };
//! assert_eq!(asked.scope.map(|scope| scope.to_string()).as_deref(), Some("read"));
//! # Ok::<(), countersign_protocol::ErrorResponse>(())
//! ```
#![forbid(unsafe_code)]

mod authorization;
mod authorization_response;
mod authorize;
mod client_auth;
mod error;
mod form;
mod introspection;
mod json;
mod json_object;
mod logout;
mod metadata;
mod query;
mod revocation;
mod token;
mod userinfo;

pub use authorization::{AuthorizationHeader, BasicCredentials, BasicPair};
pub use authorization_response::{
    AuthorizationResponse, AuthorizationSuccess, Delivery, IssuedAccessToken,
};
pub use authorize::{
    Addressing, AuthorizationParameters, AuthorizationRequest, ClaimRequest, ClaimsError,
    ClaimsParameter, Prompt, ResponseMode,
};
pub use client_auth::{JWT_BEARER, PresentedClient};
pub use error::{Challenge, ErrorCode, ErrorDescription, ErrorResponse};
pub use form::{Form, FormError};
pub use introspection::{
    ActiveToken, IntrospectionCaller, IntrospectionRequest, IntrospectionResponse,
};
pub use json_object::{JsonObject, NotAnObject, WrongType};
pub use logout::{LogoutRequest, post_logout_location};
pub use metadata::ProviderMetadata;
pub use revocation::RevocationRequest;
pub use token::{
    AskedFor, CodeRequest, GrantRequest, PasswordRequest, RefreshRequest, TokenRequest,
    TokenResponse,
};
pub use userinfo::UserinfoRequest;

/// The media type of every request body (RFC 6749 appendix B).
pub const FORM_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The most bytes that a request body may have.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The most characters that one presented token may have.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;
