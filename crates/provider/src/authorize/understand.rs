//! Whether a client may ask for what it asks for. Nothing here depends on the user.

use countersign_core::{Client, GrantType, RequestedClaims, ResponseType, Scope};
use countersign_protocol::{
    AuthorizationParameters, AuthorizationRequest, ErrorCode, ErrorResponse,
};
use serde_json::Value;

use super::target::Target;
use crate::claims::{has, narrow_claims};
use crate::token::{GrantedAudience, GrantedScope, narrow_audience, narrow_scope_of_user};
use crate::{Provider, Settings};

/// The authentication context classes that a sign-in can meet: "1" is a password, typed in this browser.
pub(crate) const ACR_VALUES: [&str; 1] = ["1"];

/// The most characters of a name that is typed in ahead.
const MAX_HINT_LEN: usize = 255;

/// A request that its client may make. Only this module can make one.
pub(super) struct Understood {
    request: AuthorizationRequest,
    scope: GrantedScope,
    audience: GrantedAudience,
    claims: RequestedClaims,
    /// What the user has to agree to.
    needed: Scope,
    /// The authentication context class that the ID token is to tell.
    acr: Option<String>,
    /// The subjects that were named: no other user will do.
    subjects: Vec<String>,
}

impl Understood {
    /// The request.
    pub(super) const fn request(&self) -> &AuthorizationRequest {
        &self.request
    }

    /// Everything that the user has to agree to.
    pub(super) const fn needed(&self) -> &Scope {
        &self.needed
    }

    /// The subjects that were named.
    pub(super) fn subjects(&self) -> &[String] {
        &self.subjects
    }

    /// The name that is typed in ahead.
    pub(super) fn login_hint(&self) -> String {
        let hint = self.request.login_hint.as_deref().unwrap_or_default();
        let readable = hint.chars().filter(|char| !char.is_control());
        readable.take(MAX_HINT_LEN).collect()
    }

    /// All that a grant is made of.
    pub(super) fn into_parts(
        self,
    ) -> (
        AuthorizationRequest,
        GrantedScope,
        GrantedAudience,
        RequestedClaims,
        Option<String>,
    ) {
        (
            self.request,
            self.scope,
            self.audience,
            self.claims,
            self.acr,
        )
    }
}

impl Provider {
    /// Reads the request, and compares it with what its client may do.
    pub(super) async fn understand(
        &self,
        target: &Target,
        parameters: &AuthorizationParameters,
    ) -> Result<Understood, ErrorResponse> {
        let client = target.client();
        let settings = &client.settings;
        let request = parameters.read()?;
        self.settings.offers(request.response_type)?;
        may_ask_for(client, request.response_type)?;
        self.settings.has_enough_proof(client, &request)?;
        let scope = narrow_scope_of_user(settings, request.scope.clone())?;
        let scope = scope.without(|token| {
            token.as_str() == "offline_access" && !may_go_offline(client, request.response_type)
        });
        let audience = narrow_audience(settings, &request.resources, &self.settings.issuer)?;
        // OpenID Connect Core §5.5 speaks of requests with `openid` only.
        let (claims, released_by) = if has(scope.get(), "openid") {
            narrow_claims(&self.registry.load(), client, scope.get(), &request.claims)
        } else {
            (RequestedClaims::default(), Scope::empty())
        };
        let needed = scope
            .get()
            .iter()
            .chain(released_by.iter())
            .cloned()
            .collect();
        let acr = acr_to_tell(&request)?;
        let mut subjects = named_subjects(&request)?;
        if let Some(hint) = &request.id_token_hint {
            subjects.push(self.subject_of_hint(client, hint).await?);
        }
        Ok(Understood {
            request,
            scope,
            audience,
            claims,
            needed,
            acr,
            subjects,
        })
    }
}

/// RFC 6749 §4.1.2.1: `unauthorized_client`: "The client is not authorized to request an authorization code using this
/// method." Attack class 10: a flow that is off is off.
fn may_ask_for(client: &Client, response_type: ResponseType) -> Result<(), ErrorResponse> {
    let settings = &client.settings;
    let needs = [
        (response_type.has_code(), GrantType::AuthorizationCode),
        (response_type != ResponseType::Code, GrantType::Implicit),
    ];
    let may = settings.response_types.contains(&response_type)
        && needs
            .iter()
            .all(|(needed, grant_type)| !needed || settings.grant_types.contains(grant_type));
    if may {
        return Ok(());
    }
    Err(ErrorResponse::new(
        ErrorCode::UnauthorizedClient,
        &format!("this client may not use the response type '{response_type}'"),
    ))
}

impl Settings {
    /// The response types that are offered at all.
    pub(crate) fn response_types(&self) -> impl Iterator<Item = ResponseType> {
        // RFC 9700 §2.1.2: "clients SHOULD NOT use the implicit grant ... or other response types issuing access tokens in
        // the authorization response".
        let offered = |it: &ResponseType| !self.strict || *it == ResponseType::Code;
        ResponseType::ALL.into_iter().filter(offered)
    }

    /// RFC 6749 §4.1.2.1: `unsupported_response_type`: "The authorization server does not support obtaining an authorization
    /// code using this method."
    fn offers(&self, response_type: ResponseType) -> Result<(), ErrorResponse> {
        if self
            .response_types()
            .any(|offered| offered == response_type)
        {
            return Ok(());
        }
        Err(ErrorResponse::new(
            ErrorCode::UnsupportedResponseType,
            "this response type is not offered here; see response_types_supported in the metadata",
        ))
    }

    /// RFC 7636 §4.4.1: "If the server requires Proof Key for Code Exchange ... and the client does not send the
    /// `code_challenge` in the request, the authorization endpoint MUST return ... `invalid_request`".
    fn has_enough_proof(
        &self,
        client: &Client,
        request: &AuthorizationRequest,
    ) -> Result<(), ErrorResponse> {
        let settings = &client.settings;
        let is_required = self.strict || settings.require_pkce || settings.is_public();
        if is_required && request.response_type.has_code() && request.code_challenge.is_none() {
            return Err(ErrorResponse::new(
                ErrorCode::InvalidRequest,
                "this client must use PKCE: send a code_challenge with code_challenge_method=S256",
            ));
        }
        Ok(())
    }
}

/// OpenID Connect Core §11: "The Authorization Server MUST ignore the `offline_access` request unless the Client is using a
/// `response_type` value that would result in an Authorization Code being returned"; and without a refresh token there
/// is nothing to go on with.
fn may_go_offline(client: &Client, response_type: ResponseType) -> bool {
    response_type.has_code()
        && client
            .settings
            .grant_types
            .contains(&GrantType::RefreshToken)
}

/// OpenID Connect Core §3.1.2.1: `acr_values` is a wish. §5.5.1.1: "If this is an Essential Claim and the requirement
/// cannot be met, then the Authorization Server MUST treat that outcome as a failed authentication attempt."
fn acr_to_tell(request: &AuthorizationRequest) -> Result<Option<String>, ErrorResponse> {
    let claim = request.claims.id_token.get("acr");
    let is_met = |value: &Value| value.as_str().is_some_and(|acr| ACR_VALUES.contains(&acr));
    if let Some(claim) = claim
        && claim.essential
        && !claim.values.is_empty()
        && !claim.values.iter().any(is_met)
    {
        return Err(ErrorResponse::new(
            ErrorCode::UnmetAuthenticationRequirements,
            "the essential acr that is asked for cannot be met here; see acr_values_supported",
        ));
    }
    let is_asked = claim.is_some() || !request.acr_values.is_empty();
    Ok(is_asked.then(|| ACR_VALUES[0].to_owned()))
}

/// OpenID Connect Core §5.5.1 and §3.1.2.2: a request that names a `sub` is answered for that user or not at all.
fn named_subjects(request: &AuthorizationRequest) -> Result<Vec<String>, ErrorResponse> {
    let claims = [
        request.claims.id_token.get("sub"),
        request.claims.userinfo.get("sub"),
    ];
    let mut subjects = Vec::new();
    for claim in claims.into_iter().flatten() {
        match claim.values.as_slice() {
            [] => {}
            [Value::String(sub)] => subjects.push(sub.clone()),
            _ => {
                return Err(ErrorResponse::new(
                    ErrorCode::InvalidRequest,
                    "the claim 'sub' can be asked for with one value, a string",
                ));
            }
        }
    }
    Ok(subjects)
}
