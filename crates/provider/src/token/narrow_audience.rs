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
pub(crate) fn narrow_audience(
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
    Ok(audience_of(client, asked.iter(), issuer))
}

/// The audience of a refreshed token: RFC 8707 §2.2, the resources asked for, if they are among the granted ones; else
/// all of those that the client may still ask for. Granted without naming any was the default of the client.
pub(super) fn renew_audience(
    client: &ClientSettings,
    granted: &[ResourceUri],
    asked: &[ResourceUri],
    issuer: &Issuer,
) -> Result<GrantedAudience, ErrorResponse> {
    let refuse = |resource: &ResourceUri, why| {
        Err(ErrorResponse::new(
            ErrorCode::InvalidTarget,
            &format!("the resource '{resource}' {why}"),
        ))
    };
    let default = client
        .resources
        .first()
        .map_or(&[][..], std::slice::from_ref);
    let granted = if granted.is_empty() { default } else { granted };
    if let Some(resource) = asked.iter().find(|resource| !granted.contains(resource)) {
        return refuse(resource, "was not granted");
    }
    let wanted = if asked.is_empty() { granted } else { asked };
    let still_allowed = |resource: &&ResourceUri| client.resources.contains(resource);
    if let Some(resource) = wanted.first()
        && !wanted.iter().any(|resource| still_allowed(&resource))
    {
        return refuse(resource, "is not the client's to ask for any more");
    }
    Ok(audience_of(
        client,
        wanted.iter().filter(still_allowed),
        issuer,
    ))
}

/// The resources as an audience, each once; the default without any.
fn audience_of<'uri>(
    client: &ClientSettings,
    resources: impl Iterator<Item = &'uri ResourceUri>,
    issuer: &Issuer,
) -> GrantedAudience {
    let mut audience: Vec<String> = Vec::new();
    for resource in resources {
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
    GrantedAudience(audience)
}

#[cfg(test)]
mod tests {
    use countersign_core::GrantType;

    use super::*;

    #[test]
    fn rfc8707_07_a_refresh_gets_resources_that_were_granted_and_are_still_allowed() {
        let cases = [
            // (the client's resources now, granted, asked for, given)
            ("urn:a urn:b", "urn:a urn:b", "", Ok("urn:a urn:b")),
            ("urn:a urn:b", "urn:a urn:b", "urn:b", Ok("urn:b")),
            (
                "urn:a urn:b",
                "urn:b",
                "urn:a",
                Err(ErrorCode::InvalidTarget),
            ),
            ("urn:a", "urn:a urn:b", "", Ok("urn:a")),
            (
                "urn:a",
                "urn:a urn:b",
                "urn:b",
                Err(ErrorCode::InvalidTarget),
            ),
            ("urn:a", "urn:b", "", Err(ErrorCode::InvalidTarget)),
            // Granted without naming any: the client's default, whatever that is now.
            ("urn:a urn:b", "", "", Ok("urn:a")),
            ("urn:a urn:b", "", "urn:a", Ok("urn:a")),
            ("urn:a urn:b", "", "urn:b", Err(ErrorCode::InvalidTarget)),
            ("", "", "", Ok("https://as.example")),
            ("", "", "urn:a", Err(ErrorCode::InvalidTarget)),
        ];
        let issuer = "https://as.example".parse().unwrap();
        let resources = |text: &str| -> Vec<ResourceUri> {
            text.split_whitespace()
                .map(|uri| uri.parse().unwrap())
                .collect()
        };
        for (allowed, granted, asked, expected) in cases {
            let client = ClientSettings {
                resources: resources(allowed),
                ..ClientSettings::new(vec![GrantType::RefreshToken])
            };
            let renewed = renew_audience(&client, &resources(granted), &resources(asked), &issuer)
                .map(|audience| audience.get().join(" "))
                .map_err(|error| error.error);
            let expected = expected.map(str::to_owned);
            assert_eq!(renewed, expected, "{allowed:?} {granted:?} {asked:?}");
        }
    }
}
