//! With the crate `openidconnect`.

use countersign_tests::TestClient;
use oauth2::basic::BasicErrorResponseType;
use oauth2::{
    ClientId, ClientSecret, CsrfToken, PkceCodeChallenge, RedirectUrl, RevocationUrl,
    StandardRevocableToken, TokenResponse as _,
};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJsonWebKey, CoreJwsSigningAlgorithm, CoreTokenResponse,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, JsonWebKey as _,
    LogoutRequest, Nonce, PostLogoutRedirectUrl, ProviderMetadataWithLogout, SubjectIdentifier,
    TokenResponse as _, UserInfoResponseType,
};
use serde_json::json;

use super::{BYE, CALLBACK, Production, code_of, refusal, scope};

/// A client as `openidconnect` makes it of a discovery document.
type OpenIdClient = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A relying party, written with `openidconnect`.
struct RelyingParty<'production> {
    production: &'production Production,
    metadata: ProviderMetadataWithLogout,
    client: OpenIdClient,
    secret: String,
}

impl<'production> RelyingParty<'production> {
    /// Knows the issuer and its credentials, and discovers the rest.
    fn discover(production: &'production Production, known: &TestClient) -> Self {
        let issuer = IssuerUrl::new(production.server.issuer.clone()).expect("a URL");
        let http = production.http();
        let metadata = ProviderMetadataWithLogout::discover(&issuer, &http);
        let metadata = metadata.expect("a document that is as it should be");
        let document = production.metadata("/tenant/.well-known/openid-configuration");
        let revocation = document["revocation_endpoint"]
            .as_str()
            .expect("an endpoint");
        let client = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(known.id.clone()),
            Some(ClientSecret::new(known.secret.clone())),
        )
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("a URL"))
        .set_revocation_url(RevocationUrl::new(revocation.to_owned()).expect("a URL"));
        Self {
            production,
            metadata,
            client,
            secret: known.secret.clone(),
        }
    }

    /// Lets the user sign in, and redeems the code.
    fn sign_in(&self) -> (CoreTokenResponse, Nonce) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (url, state, nonce) = self
            .client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(["email", "offline_access"].map(scope))
            .set_pkce_challenge(challenge)
            .url();
        let response = self.production.send_user(url.as_str());
        let code = code_of(&response, &state, self.metadata.issuer().as_str());
        let exchange = self.client.exchange_code(code).expect("an endpoint");
        let tokens = exchange
            .set_pkce_verifier(verifier)
            .request(&self.production.http());
        let tokens = tokens.expect("tokens");
        (tokens, nonce)
    }

    /// Verifies the ID token and what it says about the access token; gives the subject.
    fn verify(&self, tokens: &CoreTokenResponse, nonce: &Nonce, algorithm: &str) -> String {
        let token = tokens.id_token().expect("an ID token");
        let verifier = self.client.id_token_verifier();
        let claims = token.claims(&verifier, nonce);
        let claims = claims.expect("an ID token that is as it should be");
        let used = token.signing_alg().expect("an algorithm");
        assert_eq!(serde_json::to_value(used).expect("its name"), algorithm);
        // OpenID Connect Core §10.1: the key of HS256 is the secret; of the others, it lies in the JWKS.
        let secret = CoreJsonWebKey::new_symmetric(self.secret.clone().into_bytes());
        let key = match used {
            CoreJwsSigningAlgorithm::HmacSha256 => &secret,
            _ => token.signing_key(&verifier).expect("a key"),
        };
        let hash = AccessTokenHash::from_token(tokens.access_token(), used, key).expect("a hash");
        assert_eq!(claims.access_token_hash(), Some(&hash), "{algorithm}");
        assert!(token.claims(&verifier, &Nonce::new_random()).is_err());
        claims.subject().to_string()
    }

    /// The userinfo endpoint tells about the subject of the ID token.
    fn assert_userinfo(&self, tokens: &CoreTokenResponse, subject: &str, signed: bool) {
        let access = tokens.access_token().clone();
        let subject = SubjectIdentifier::new(subject.to_owned());
        let form = if signed {
            UserInfoResponseType::Jwt
        } else {
            UserInfoResponseType::Json
        };
        let asked = self
            .client
            .user_info(access, Some(subject))
            .expect("an endpoint");
        let told: CoreUserInfoClaims = asked
            .require_signed_response(signed)
            .set_response_type(form)
            .request(&self.production.http())
            .expect("claims");
        let email = told.email().map(|email| email.as_str());
        assert_eq!(email, Some("alice@example.com"));
        assert_eq!(told.email_verified(), Some(true));
    }

    /// Refreshes, revokes, and can refresh no more.
    fn refresh_and_revoke(&self, tokens: &CoreTokenResponse, subject: &str) {
        let http = self.production.http();
        let first = tokens.refresh_token().expect("a refresh token");
        let refreshed = self
            .client
            .exchange_refresh_token(first)
            .expect("an endpoint");
        let refreshed = refreshed.request(&http).expect("tokens");
        if let Some(token) = refreshed.id_token() {
            // OpenID Connect Core §12.2: "it SHOULD NOT have a `nonce` Claim".
            let no_nonce = |nonce: Option<&Nonce>| match nonce {
                None => Ok(()),
                Some(_) => Err("a nonce".to_owned()),
            };
            let claims = token.claims(&self.client.id_token_verifier(), no_nonce);
            assert_eq!(
                claims
                    .expect("an ID token that is as it should be")
                    .subject()
                    .as_str(),
                subject
            );
        }
        let last = refreshed.refresh_token().expect("a refresh token");
        let revocable = StandardRevocableToken::RefreshToken(last.clone());
        let revoked = self.client.revoke_token(revocable).expect("an endpoint");
        revoked.request(&http).expect("it is revoked");
        let again = self
            .client
            .exchange_refresh_token(last)
            .expect("an endpoint");
        assert_eq!(
            refusal(again.request(&http)),
            Some(BasicErrorResponseType::InvalidGrant)
        );
    }

    /// The address with which the user signs out, and comes back.
    fn sign_out_url(&self, tokens: &CoreTokenResponse, state: &CsrfToken) -> String {
        let endpoint = &self.metadata.additional_metadata().end_session_endpoint;
        let endpoint = endpoint.clone().expect("an end_session_endpoint");
        LogoutRequest::from(endpoint)
            .set_id_token_hint(tokens.id_token().expect("an ID token"))
            .set_post_logout_redirect_uri(
                PostLogoutRedirectUrl::new(BYE.to_owned()).expect("a URL"),
            )
            .set_state(state.clone())
            .http_get_url()
            .to_string()
    }
}

#[test]
fn openidconnect_signs_in_verifies_refreshes_and_revokes() {
    let production = Production::new();
    let plain = json!({});
    // The only algorithm that the crate takes here.
    let signed = json!({ "userinfo_signed_response_alg": "RS256" });
    for (algorithm, more) in [
        ("RS256", &plain),
        ("ES256", &signed),
        ("PS256", &plain),
        ("EdDSA", &plain),
        ("HS256", &plain),
    ] {
        let client = production.add_client(algorithm, algorithm, more);
        let party = RelyingParty::discover(&production, &client);
        let (tokens, nonce) = party.sign_in();
        let subject = party.verify(&tokens, &nonce, algorithm);
        party.assert_userinfo(&tokens, &subject, more == &signed);
        party.refresh_and_revoke(&tokens, &subject);
    }
}

#[test]
fn openidconnect_signs_out() {
    let production = Production::new();
    let client = production.add_client("web", "RS256", &json!({}));
    let party = RelyingParty::discover(&production, &client);
    let (tokens, _) = party.sign_in();
    let state = CsrfToken::new_random();
    let response = production.send_user(&party.sign_out_url(&tokens, &state));
    assert_eq!(response.redirect_uri, BYE);
    assert_eq!(response.get("state"), state.secret());
}
