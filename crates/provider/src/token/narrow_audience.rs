//! For whom a token is: RFC 8707 §2, RFC 9068 §3.

use countersign_core::{ClientSettings, Issuer, ResourceUri};
use countersign_protocol::{ErrorCode, ErrorResponse};

/// An audience that was found to be the client's to ask for. Only this module can make one.
#[derive(Debug)]
pub(crate) struct GrantedAudience(Vec<String>);

impl GrantedAudience {
    /// The audience, which is never empty.
    pub(crate) fn get(&self) -> &[String] {
        &self.0
    }
}

/// The audience of a token: the resources asked for, if they are the client's; else its first one; else the issuer.
pub(super) fn narrow_audience(
    client: &ClientSettings,
    asked: &[ResourceUri],
    issuer: &Issuer,
) -> Result<GrantedAudience, ErrorResponse> {
    // RFC 8707 §2: invalid_target: "The requested resource is invalid, missing, unknown, or malformed."
    if let Some(resource) = asked
        .iter()
        .find(|resource| !client.resources.contains(resource))
    {
        return Err(ErrorResponse::new(
            ErrorCode::InvalidTarget,
            &format!("this client may not ask for the resource '{resource}'"),
        ));
    }
    let mut audience: Vec<String> = Vec::new();
    for resource in asked {
        if !audience.iter().any(|known| known == resource.as_str()) {
            audience.push(resource.to_string());
        }
    }
    if audience.is_empty() {
        // RFC 9068 §3: "If the request does not include a resource parameter, the authorization server MUST use a
        // default resource indicator in the aud claim."
        audience.push(
            client
                .resources
                .first()
                .map_or_else(|| issuer.to_string(), ToString::to_string),
        );
    }
    Ok(GrantedAudience(audience))
}
