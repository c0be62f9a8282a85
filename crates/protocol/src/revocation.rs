//! The revocation endpoint: RFC 7009.

use countersign_core::Secret;

use crate::{AuthorizationHeader, ErrorResponse, Form, PresentedClient};

/// A well-formed request to the revocation endpoint.
#[derive(Debug)]
pub struct RevocationRequest {
    /// Who says to send it.
    pub client: PresentedClient,
    /// The token that is to end. The hint is not read: the shape of a token tells its kind, so a wrong hint changes
    /// nothing (RFC 7009 §2.1).
    pub token: Secret<String>,
}

impl RevocationRequest {
    /// Reads a request from the values of its `Authorization` headers and its body.
    pub fn read(authorization: &[&str], form: &Form) -> Result<Self, ErrorResponse> {
        let client = PresentedClient::read(AuthorizationHeader::read(authorization)?, form)?;
        let token = form.require_secret("token")?;
        Ok(Self { client, token })
    }
}
