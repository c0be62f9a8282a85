//! Redeeming an authorization code: RFC 6749 §4.1.3, RFC 7636 §4.6, RULES C1 to C3.

use countersign_core::{
    Authorization, Client, CodeVerifier, CurrentRefresh, Grant, GrantType, IssuedCode, RedirectUri,
};
use countersign_jose::authorization_code::{self, AuthorizationCode};
use countersign_jose::{base64url, digest};
use countersign_protocol::{CodeRequest, ErrorCode, ErrorResponse, TokenResponse};
use countersign_storage::{EndGrant, FoundGrant, SeenCode};
use subtle::ConstantTimeEq as _;

use super::narrow_audience::renew_audience;
use super::narrow_scope::renew_scope;
use crate::authenticate::IdentifiedClient;
use crate::authorize::may_refresh;
use crate::claims::has;
use crate::error::unavailable;
use crate::id_token::IdTokenSubject;
use crate::permit::{Evidence, Permit, Redeemed};
use crate::{Origin, Provider, audit};

/// A code that was found good for its client. Only this module can make one.
pub(crate) struct ProvenCode {
    client: IdentifiedClient,
    found: FoundGrant,
    seen: SeenCode,
    refresh: Option<CurrentRefresh>,
}

impl ProvenCode {
    /// The client that presented it.
    pub(crate) fn client(&self) -> &Client {
        self.client.client()
    }

    /// The grant, its client and its user.
    pub(crate) const fn found(&self) -> &FoundGrant {
        &self.found
    }

    /// What the decision stood on.
    pub(crate) const fn seen(&self) -> &SeenCode {
        &self.seen
    }

    /// The first refresh token of the grant, if it gets one.
    pub(crate) const fn refresh(&self) -> Option<&CurrentRefresh> {
        self.refresh.as_ref()
    }
}

/// The same for every reason: whoever holds a code that is not good is told nothing about it.
fn invalid_grant() -> ErrorResponse {
    ErrorResponse::new(
        ErrorCode::InvalidGrant,
        "the code is not good for this client, redirect_uri and code_verifier, or has ended",
    )
}

impl Provider {
    /// Answers a token request with a code.
    pub(super) async fn redeem(
        &self,
        client: IdentifiedClient,
        presented: Option<AuthorizationCode>,
        request: &CodeRequest,
        origin: Origin,
    ) -> Result<TokenResponse, ErrorResponse> {
        // RFC 6749 §5.2: "The authenticated client is not authorized to use this authorization grant type."
        let settings = &client.client().settings;
        if !settings.grant_types.contains(&GrantType::AuthorizationCode) {
            return Err(ErrorResponse::new(
                ErrorCode::UnauthorizedClient,
                "this client may not use the grant type authorization_code",
            ));
        }
        let presented = presented.ok_or_else(invalid_grant)?;
        let permit = self
            .permit_code(client.clone(), &presented, request, origin)
            .await?;
        match permit.redeem(self).await? {
            Redeemed::Authorized(authorized) => self.mint(*authorized),
            // Another request with the same code was quicker: this one is the replay (RULES C2).
            Redeemed::Changed => {
                let found = self.store.find_grant(presented.grant).await;
                let found = found.map_err(|error| unavailable(&error))?;
                match found {
                    Some(found) => Err(self.end_replayed(&found.grant, client.client()).await),
                    None => Err(invalid_grant()),
                }
            }
            Redeemed::Ended => Err(invalid_grant()),
        }
    }

    /// Checks the MAC of a code, before everything else. An unknown key may be a new one of another node (RULES R6).
    pub(super) async fn authenticate_code(
        &self,
        text: &str,
    ) -> Result<Option<AuthorizationCode>, ErrorResponse> {
        let Ok(key) = authorization_code::key_id(text) else {
            return Ok(None);
        };
        let now = self.clock.now();
        self.know_key(&key, now).await?;
        let ring = self.keys.at(now);
        let Some(key) = ring.code_by_id(&key) else {
            return Ok(None);
        };
        Ok(authorization_code::read(text, key).ok())
    }

    /// Decides whether a client may have a token for this code. Nothing is changed, unless the code was redeemed before:
    /// then its grant ends here (RULES C2).
    async fn permit_code(
        &self,
        client: IdentifiedClient,
        presented: &AuthorizationCode,
        request: &CodeRequest,
        origin: Origin,
    ) -> Result<Permit, ErrorResponse> {
        let found = self.store.find_grant(presented.grant).await;
        let found = found.map_err(|error| unavailable(&error))?;
        let found = found.ok_or_else(invalid_grant)?;
        let grant = &found.grant;
        let (authorization, code) = code_of(grant).ok_or_else(invalid_grant)?;
        let refused = |reason: CodeRefusal| {
            audit::code_refused(grant, &client.client().client_id, reason.name(), origin);
            invalid_grant()
        };
        if !bool::from(code.nonce.ct_eq(&presented.nonce)) {
            // The MAC was good: a key is in wrong hands, or storage went back in time.
            return Err(refused(CodeRefusal::AnotherNonce));
        }
        // RFC 6749 §4.1.3: "ensure that the authorization code was issued to the authenticated confidential client, or if the
        // client is public, ensure that the code was issued to "client_id" in the request".
        if grant.client != client.client().id {
            return Err(refused(CodeRefusal::AnotherClient));
        }
        if let Some(reason) = misfit(authorization, presented, request) {
            return Err(refused(reason));
        }
        let settings = &client.client().settings;
        let audience = renew_audience(
            settings,
            &grant.resources,
            &request.resources,
            &self.settings.issuer,
        )?;
        let now = self.clock.now();
        if let Some(redeemed_at) = code.redeemed_at {
            // RULES C2: "A replay by a request that would have succeeded the first time, within 10 minutes".
            if now.since(redeemed_at) <= IssuedCode::REPLAY_WINDOW {
                return Err(self.end_replayed(grant, client.client()).await);
            }
            return Err(refused(CodeRefusal::LateReplay));
        }
        // RULES C1: "Client, user, session and scope are checked again at redemption."
        let is_live = found.client_is_live && found.user_is_live() && found.session_is_there;
        if code.expires_at <= now || grant.lifetime.ends_at <= now {
            return Err(refused(CodeRefusal::Expired));
        }
        if !is_live {
            return Err(refused(CodeRefusal::Ended));
        }
        if client.client().epoch != grant.client_epoch {
            // The client in memory is older than the one in storage, for whose epoch the token has to be made.
            self.directory.forget(&client.client().client_id);
            return Err(ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "the client was changed a moment ago; try again",
            ));
        }
        let scope = renew_scope(settings, &grant.scope, None)?;
        let press = self.press(client.client())?;
        let user = found.user.as_ref().ok_or_else(invalid_grant)?;
        let id_token = has(scope.get(), "openid")
            .then(|| {
                self.plan_id_token(&IdTokenSubject {
                    client: client.client(),
                    user,
                    session: authorization.session,
                    facts: &authorization.facts,
                    scope: None,
                    with_nonce: true,
                })
            })
            .transpose()?;
        let refresh = may_refresh(client.client(), scope.get())
            .then(|| self.first_refresh())
            .transpose()?;
        let seen = SeenCode::of(grant).ok_or_else(invalid_grant)?;
        let proven = ProvenCode {
            client,
            found,
            seen,
            refresh,
        };
        let evidence = Evidence::Code(Box::new(proven));
        self.permit(evidence, scope, &audience, press, id_token)
    }

    /// Ends the grant of a code that was redeemed twice: RFC 6749 §4.1.2, "the authorization server MUST deny the request and
    /// SHOULD revoke (when possible) all tokens previously issued based on that authorization code". Unless storage says
    /// that it is done, it is not.
    async fn end_replayed(&self, grant: &Grant, client: &Client) -> ErrorResponse {
        match self.store.end_grant(grant.id).await {
            Ok(EndGrant::Ended) => {
                audit::code_replayed(grant, &client.client_id);
                invalid_grant()
            }
            Ok(EndGrant::NotFound) => invalid_grant(),
            Err(error) => unavailable(&error),
        }
    }
}

/// The code of a grant, and what it is bound to.
fn code_of(grant: &Grant) -> Option<(&Authorization, &IssuedCode)> {
    let authorization = grant.authorization.as_ref()?;
    Some((authorization, authorization.code.as_ref()?))
}

/// Why a code is refused. The client is told nothing of it; the operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodeRefusal {
    AnotherNonce,
    AnotherClient,
    RedirectUri,
    VerifierMissing,
    VerifierWrong,
    VerifierWithoutChallenge,
    LateReplay,
    Expired,
    Ended,
}

impl CodeRefusal {
    const fn name(self) -> &'static str {
        match self {
            // The MAC was good: a key is in wrong hands, or storage went back in time.
            Self::AnotherNonce => "the code is not the one that is stored",
            Self::AnotherClient => "it was issued to another client",
            Self::RedirectUri => "redirect_uri is not the one of the authorization request",
            Self::VerifierMissing => "code_verifier is missing",
            Self::VerifierWrong => "code_verifier is wrong",
            Self::VerifierWithoutChallenge => "code_verifier without a code_challenge",
            Self::LateReplay => "it was redeemed long ago",
            Self::Expired => "it has expired",
            Self::Ended => "its client, user or session has ended",
        }
    }
}

/// What a request does not repeat of that which the code is bound to.
fn misfit(
    authorization: &Authorization,
    presented: &AuthorizationCode,
    request: &CodeRequest,
) -> Option<CodeRefusal> {
    let facts = &authorization.facts;
    // RFC 6749 §4.1.3: "if the redirect_uri parameter was included in the authorization request ..., their values MUST be
    // identical"; RULES C1: its absence is bound as well.
    let bound = facts.redirect_uri.as_ref().map(RedirectUri::as_str);
    if bound != request.redirect_uri.as_deref() {
        return Some(CodeRefusal::RedirectUri);
    }
    // RULES C1: "Whether a challenge exists is inside the code's MAC; a verifier without a challenge is refused" (RFC 9700
    // §4.8.2).
    match (
        &facts.code_challenge,
        presented.has_challenge,
        &request.code_verifier,
    ) {
        (Some(challenge), true, Some(verifier)) => {
            let answer = challenge_of(verifier);
            let is_right = answer.as_bytes().ct_eq(challenge.as_str().as_bytes());
            (!bool::from(is_right)).then_some(CodeRefusal::VerifierWrong)
        }
        (None, false, None) => None,
        (None, false, Some(_)) => Some(CodeRefusal::VerifierWithoutChallenge),
        (Some(_), true, None) => Some(CodeRefusal::VerifierMissing),
        (Some(_), false, _) | (None, true, _) => Some(CodeRefusal::AnotherNonce),
    }
}

/// RFC 7636 §4.6: `BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))`.
fn challenge_of(verifier: &CodeVerifier) -> String {
    base64url::encode(&digest::sha256(verifier.text().expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use countersign_core::Secret;

    use super::*;

    #[test]
    fn rfc7636_09_the_worked_example_of_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let verifier = CodeVerifier::new(Secret::new(verifier.to_owned())).unwrap();
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge_of(&verifier), challenge);
    }
}
