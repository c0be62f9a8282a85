//! Who asks, and where the answer goes: RFC 6749 §3.1.2 and §4.1.2.1. "The authorization server ... MUST NOT automatically
//! redirect the user-agent to the invalid redirection URI."

use std::sync::Arc;

use countersign_core::{AuthMethod, Client, RedirectUri, ResponseType};
use countersign_protocol::{Addressing, AuthorizationParameters, ErrorCode, ErrorResponse};

use crate::claims::has;
use crate::directory::KnownClient;
use crate::pages::ErrorPage;
use crate::{Provider, audit};

/// The most characters of a refused redirect URI that are logged.
const MAX_LOGGED: usize = 120;

/// A client that is known, and a redirect URI that is one of its own. Only this module can make one.
pub(super) struct Target {
    client: Arc<KnownClient>,
    redirect_uri: RedirectUri,
    /// Whether the request named it (RFC 6749 §4.1.3).
    is_named: bool,
    addressing: Addressing,
}

impl Target {
    /// The client.
    pub(super) fn client(&self) -> &Client {
        &self.client.client
    }

    /// Where its users go back to.
    pub(super) const fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// The redirect URI, if the request named it: then the token request has to name it, too.
    pub(super) fn named_redirect_uri(&self) -> Option<RedirectUri> {
        self.is_named.then(|| self.redirect_uri.clone())
    }

    /// Whether it is sure that what is sent reaches the client itself. RFC 8252 §8.6: a client on loopback or with a scheme of
    /// its own can be played by any program on the device, so "the authorization server SHOULD NOT process authorization
    /// requests automatically without user consent or interaction".
    pub(super) fn is_proven(&self, response_type: ResponseType) -> bool {
        let settings = &self.client().settings;
        settings.is_reached_by(&self.redirect_uri, response_type)
    }

    /// How the client wants to be answered.
    pub(super) const fn addressing(&self) -> &Addressing {
        &self.addressing
    }
}

fn page(text: &str) -> ErrorPage {
    ErrorResponse::new(ErrorCode::InvalidRequest, text).into()
}

impl Provider {
    /// Finds the client, and the one of its redirect URIs that is meant.
    pub(super) async fn target(
        &self,
        parameters: &AuthorizationParameters,
    ) -> Result<Target, ErrorPage> {
        let client_id = parameters.client_id().map_err(ErrorPage::from)?;
        let client = self
            .known_client(client_id)
            .await
            .map_err(ErrorPage::from)?;
        let client = client.ok_or_else(|| page("there is no client with this client_id"))?;
        // What is not offered is not taken, whichever way it comes: a public client may get tokens here, and never come to the
        // token endpoint.
        if client.client.settings.is_public() {
            self.require_offered(AuthMethod::None)
                .map_err(|_| page("public clients are not served here"))?;
        }
        let registered = &client.client.settings.redirect_uris;
        let named = parameters.redirect_uri().map_err(ErrorPage::from)?;
        let redirect_uri = match named {
            Some(named) => meant_by(&client.client, named)?,
            None => only_one_of(registered, parameters)?,
        };
        Ok(Target {
            redirect_uri,
            is_named: named.is_some(),
            addressing: parameters.addressing(),
            client,
        })
    }
}

/// RFC 9700 §2.1: "the authorization server MUST ensure that the two URIs are equal"; see [`RedirectUri::is_meant_by`].
fn meant_by(client: &Client, named: &str) -> Result<RedirectUri, ErrorPage> {
    let registered = &client.settings.redirect_uris;
    let found = registered.iter().find(|uri| uri.is_meant_by(named));
    found.and_then(|_| named.parse().ok()).ok_or_else(|| {
        let logged: String = named.chars().take(MAX_LOGGED).collect();
        audit::redirect_uri_refused(&client.client_id, &logged);
        let id = &client.client_id;
        if registered.is_empty() {
            page(&format!("the client '{id}' has no redirect URIs: it is not one that sends its users here"))
        } else {
            // What was sent stands in the log only: a page must not say what others put into it.
            page(&format!(
                "the redirect_uri is not one that is registered for the client '{id}'; they are compared byte for byte"
            ))
        }
    })
}

/// RFC 6749 §3.1.2.3: "If multiple redirection URIs have been registered ... the client MUST include a redirection URI".
/// OpenID Connect Core §3.1.2.1: `redirect_uri` is REQUIRED there.
fn only_one_of(
    registered: &[RedirectUri],
    parameters: &AuthorizationParameters,
) -> Result<RedirectUri, ErrorPage> {
    let missing = || ErrorPage::from(ErrorResponse::missing_parameter("redirect_uri"));
    let [only] = registered else {
        return Err(missing());
    };
    let asks_for_openid = parameters.read().is_ok_and(|request| {
        request
            .scope
            .as_ref()
            .is_some_and(|scope| has(scope, "openid"))
    });
    if asks_for_openid {
        return Err(missing());
    }
    Ok(only.clone())
}
