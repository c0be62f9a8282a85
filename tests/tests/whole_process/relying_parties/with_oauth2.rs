//! With the crate `oauth2`, which knows nothing of OpenID Connect.

use countersign_tests::TestClient;
use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AuthType, AuthUrl, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    IntrospectionUrl, PkceCodeChallenge, RedirectUrl, ResourceOwnerPassword, ResourceOwnerUsername,
    RevocationUrl, StandardRevocableToken, TokenIntrospectionResponse as _, TokenResponse as _,
    TokenUrl,
};
use serde_json::json;

use super::{CALLBACK, Production, code_of, refusal, scope};

/// The endpoints that RFC 8414 tells of, by the names of their members.
fn endpoint(production: &Production, name: &str) -> String {
    let document = production.metadata("/.well-known/oauth-authorization-server/tenant");
    assert_eq!(document["issuer"], production.server.issuer);
    document[name].as_str().expect("an endpoint").to_owned()
}

/// A client as `oauth2` makes it.
type OAuthClient = BasicClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

fn oauth_client(production: &Production, client: &TestClient) -> OAuthClient {
    let endpoint = |name: &str| endpoint(production, name);
    BasicClient::new(ClientId::new(client.id.clone()))
        .set_client_secret(ClientSecret::new(client.secret.clone()))
        .set_auth_uri(AuthUrl::new(endpoint("authorization_endpoint")).expect("a URL"))
        .set_token_uri(TokenUrl::new(endpoint("token_endpoint")).expect("a URL"))
        .set_introspection_url(
            IntrospectionUrl::new(endpoint("introspection_endpoint")).expect("a URL"),
        )
        .set_revocation_url(RevocationUrl::new(endpoint("revocation_endpoint")).expect("a URL"))
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("a URL"))
}

/// The token is active for `scope`, and is not any more once it is revoked.
fn assert_ends_when_revoked(
    production: &Production,
    client: &OAuthClient,
    tokens: &BasicTokenResponse,
    subject: &str,
) {
    let http = production.http();
    let access = tokens.access_token();
    let told = client.introspect(access).request(&http).expect("an answer");
    assert!(told.active());
    assert_eq!(told.scopes(), Some(&vec![scope("read")]));
    assert_eq!(told.client_id(), Some(client.client_id()));
    assert_eq!(told.sub(), Some(subject));
    let revocable = StandardRevocableToken::AccessToken(access.clone());
    let revoked = client.revoke_token(revocable).expect("an endpoint");
    revoked.request(&http).expect("it is revoked");
    let told = client.introspect(access).request(&http).expect("an answer");
    assert!(!told.active());
}

#[test]
fn oauth2_gets_tokens_by_code_client_credentials_and_password() {
    let production = Production::new();
    let grant_types = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
    ];
    let members = json!({ "grant_types": grant_types });
    let known = production.add_client("app", "RS256", &members);
    let user = production.home.json(&["user", "show", "alice"]);
    let subject = user["sub"].as_str().expect("an id").to_owned();
    let http = production.http();
    for method in [AuthType::BasicAuth, AuthType::RequestBody] {
        let client = oauth_client(&production, &known).set_auth_type(method);

        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client.authorize_url(CsrfToken::new_random);
        let request = request
            .add_scope(scope("read"))
            .set_pkce_challenge(challenge);
        let (url, state) = request.url();
        let response = production.send_user(url.as_str());
        let code = code_of(&response, &state, &production.server.issuer);
        let exchange = client.exchange_code(code).set_pkce_verifier(verifier);
        let tokens = exchange.request(&http).expect("tokens");
        assert!(
            tokens.refresh_token().is_some(),
            "without openid, a refresh token is due"
        );
        assert_ends_when_revoked(&production, &client, &tokens, &subject);

        let asked = client
            .exchange_client_credentials()
            .add_scope(scope("read"));
        let tokens = asked.request(&http).expect("tokens");
        assert!(tokens.refresh_token().is_none());
        assert_ends_when_revoked(&production, &client, &tokens, "app");

        let name = ResourceOwnerUsername::new(production.user.name.clone());
        let password = ResourceOwnerPassword::new(production.user.password.clone());
        let asked = client.exchange_password(&name, &password);
        let tokens = asked
            .add_scope(scope("read"))
            .request(&http)
            .expect("tokens");
        assert_ends_when_revoked(&production, &client, &tokens, &subject);
        let wrong = ResourceOwnerPassword::new("not her password".to_owned());
        let asked = client.exchange_password(&name, &wrong).request(&http);
        assert_eq!(refusal(asked), Some(BasicErrorResponseType::InvalidGrant));
    }
}

#[test]
fn oauth2_without_the_verifier_gets_nothing() {
    let production = Production::new();
    let known = production.add_client("app", "RS256", &json!({}));
    let client = oauth_client(&production, &known);
    let (challenge, _) = PkceCodeChallenge::new_random_sha256();
    let request = client.authorize_url(CsrfToken::new_random);
    let request = request
        .add_scope(scope("read"))
        .set_pkce_challenge(challenge);
    let (url, state) = request.url();
    let response = production.send_user(url.as_str());
    let code = code_of(&response, &state, &production.server.issuer);
    let refused = client.exchange_code(code).request(&production.http());
    assert_eq!(refusal(refused), Some(BasicErrorResponseType::InvalidGrant));
}
