//! What goes over the wire of OAuth 2, one module per endpoint: requests, responses, errors, metadata.
//!
//! Bytes come in through [`Form::parse`] and become a typed request, or a typed [`ErrorResponse`]; nothing after this
//! crate meets a repeated parameter, an oversize value or bad syntax. Nothing here does I/O or knows HTTP headers
//! beyond the text of `Authorization` and `WWW-Authenticate`.
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
mod client_auth;
mod error;
mod form;
mod introspection;
mod metadata;
mod revocation;
mod token;

pub use authorization::{AuthorizationHeader, BasicCredentials, BasicPair};
pub use client_auth::PresentedClient;
pub use error::{Challenge, ErrorCode, ErrorDescription, ErrorResponse};
pub use form::{Form, FormError};
pub use introspection::{
    ActiveToken, IntrospectionCaller, IntrospectionRequest, IntrospectionResponse,
};
pub use metadata::AuthorizationServerMetadata;
pub use revocation::RevocationRequest;
pub use token::{
    AskedFor, GrantRequest, PasswordRequest, RefreshRequest, TokenRequest, TokenResponse,
};

/// The media type of every request body (RFC 6749 appendix B).
pub const FORM_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The most bytes that a request body may have.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The most characters that one presented token may have.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;
