//! Server metadata: RFC 8414 and OpenID Connect Discovery, made from what is there, so that it cannot lie.

use countersign_core::{
    AuthMethod, GrantType, IdTokenAlgorithm, ResponseType, SigningAlgorithm, SubjectType,
};
use countersign_protocol::{Prompt, ProviderMetadata, ResponseMode};

use crate::Provider;
use crate::Settings;
use crate::authorize::ACR_VALUES;
use crate::claims::{OPENID_SCOPES, standard_claims};
use crate::token::GRANT_TYPES;

/// The paths of the endpoints, below the issuer.
pub mod paths {
    /// The authorization endpoint.
    pub const AUTHORIZE: &str = "/oauth2/authorize";
    /// The token endpoint.
    pub const TOKEN: &str = "/oauth2/token";
    /// The introspection endpoint.
    pub const INTROSPECT: &str = "/oauth2/introspect";
    /// The revocation endpoint.
    pub const REVOKE: &str = "/oauth2/revoke";
    /// The JWK Set.
    pub const JWKS: &str = "/oauth2/jwks";
    /// The userinfo endpoint.
    pub const USERINFO: &str = "/userinfo";
    /// The end session endpoint.
    pub const LOGOUT: &str = "/logout";
    /// Where the form of the sign-in page goes.
    pub const SIGN_IN: &str = "/sign-in";
    /// Where the form of the page for choosing an account goes.
    pub const SELECT_ACCOUNT: &str = "/select-account";
    /// Where the form of the consent page goes.
    pub const CONSENT: &str = "/consent";
    /// Where the form of the page goes that asks before it signs out.
    pub const CONFIRM_SIGN_OUT: &str = "/logout/confirm";
    /// The metadata of OpenID Connect Discovery.
    pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
}

/// Claims of ID tokens that are not about the user.
const PROTOCOL_CLAIMS: [&str; 11] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
];

/// The algorithms of the keys that clients may have (RFC 8414 §2: "The value 'none' MUST NOT be used").
const KEY_ALGORITHMS: [&str; 10] = [
    "ES256", "ES384", "EdDSA", "Ed25519", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
];

/// How assertions can be signed where these methods are offered.
fn assertion_algorithms(methods: &[AuthMethod]) -> Vec<&'static str> {
    let mut algorithms = Vec::new();
    if methods.contains(&AuthMethod::PrivateKeyJwt) {
        algorithms.extend(KEY_ALGORITHMS);
    }
    if methods.contains(&AuthMethod::ClientSecretJwt) {
        algorithms.push("HS256");
    }
    algorithms
}

impl Settings {
    /// How clients may authenticate, each method once, in the order in which all are listed.
    fn auth_methods(&self) -> impl Iterator<Item = AuthMethod> {
        AuthMethod::ALL
            .into_iter()
            .filter(|method| self.auth_methods.contains(method))
    }

    /// The grant types that are offered at all: those of the token endpoint, and `implicit` if a response type needs it.
    fn grant_types(&self) -> impl Iterator<Item = GrantType> {
        let has_implicit = self.response_types().any(|it| it != ResponseType::Code);
        GRANT_TYPES
            .into_iter()
            .filter(|grant_type| !self.strict || *grant_type != GrantType::Password)
            .chain(has_implicit.then_some(GrantType::Implicit))
    }
}

impl Provider {
    /// The metadata document.
    #[must_use]
    pub fn metadata(&self) -> ProviderMetadata {
        let issuer = &self.settings.issuer;
        let methods: Vec<_> = self.settings.auth_methods().collect();
        let names = |methods: &[AuthMethod]| methods.iter().map(|it| it.name()).collect();
        let confidential: Vec<_> = methods
            .iter()
            .copied()
            .filter(|method| *method != AuthMethod::None)
            .collect();
        let assertion_algorithms = assertion_algorithms(&methods);
        let signing = self.signing_algorithms();
        ProviderMetadata {
            issuer: issuer.to_string(),
            authorization_endpoint: issuer.endpoint(paths::AUTHORIZE),
            token_endpoint: issuer.endpoint(paths::TOKEN),
            userinfo_endpoint: issuer.endpoint(paths::USERINFO),
            jwks_uri: issuer.endpoint(paths::JWKS),
            end_session_endpoint: issuer.endpoint(paths::LOGOUT),
            scopes_supported: self.known_scopes(),
            response_types_supported: self
                .settings
                .response_types()
                .map(ResponseType::name)
                .collect(),
            response_modes_supported: ResponseMode::ALL.map(ResponseMode::name).to_vec(),
            grant_types_supported: self.settings.grant_types().map(GrantType::name).collect(),
            acr_values_supported: ACR_VALUES.to_vec(),
            subject_types_supported: SubjectType::ALL.map(SubjectType::name).to_vec(),
            id_token_signing_alg_values_supported: IdTokenAlgorithm::ALL
                .into_iter()
                .filter(|algorithm| match algorithm {
                    IdTokenAlgorithm::Signed(algorithm) => signing.contains(algorithm),
                    IdTokenAlgorithm::Hs256 => true,
                })
                .map(IdTokenAlgorithm::name)
                .collect(),
            userinfo_signing_alg_values_supported: signing
                .iter()
                .map(|algorithm| algorithm.name())
                .collect(),
            // A browser window of any kind: the pages are plain.
            display_values_supported: vec!["page"],
            prompt_values_supported: Prompt::NAMES.to_vec(),
            claim_types_supported: vec!["normal"],
            claims_supported: PROTOCOL_CLAIMS
                .into_iter()
                .chain(standard_claims())
                .collect(),
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            require_request_uri_registration: false,
            code_challenge_methods_supported: vec!["S256"],
            authorization_response_iss_parameter_supported: true,
            // RFC 6749 §3.2.1: a public client names itself.
            token_endpoint_auth_methods_supported: names(&methods),
            token_endpoint_auth_signing_alg_values_supported: assertion_algorithms.clone(),
            introspection_endpoint: issuer.endpoint(paths::INTROSPECT),
            introspection_endpoint_auth_methods_supported: names(&confidential),
            introspection_endpoint_auth_signing_alg_values_supported: assertion_algorithms.clone(),
            revocation_endpoint: issuer.endpoint(paths::REVOKE),
            // RFC 7009 §2.1: public clients may revoke their tokens, naming themselves.
            revocation_endpoint_auth_methods_supported: names(&methods),
            revocation_endpoint_auth_signing_alg_values_supported: assertion_algorithms,
        }
    }

    /// The algorithms for which there is a key in use.
    fn signing_algorithms(&self) -> Vec<SigningAlgorithm> {
        let ring = self.keys.at(self.clock.now());
        let has_key = |algorithm: &SigningAlgorithm| ring.signing(*algorithm).is_some();
        SigningAlgorithm::ALL.into_iter().filter(has_key).collect()
    }

    /// The scopes of OpenID Connect, and those that an operator has defined.
    fn known_scopes(&self) -> Vec<String> {
        let registry = self.registry.load();
        let defined = registry
            .scopes
            .iter()
            .map(|definition| definition.name.as_str());
        let mut all: Vec<String> = OPENID_SCOPES.into_iter().map(str::to_owned).collect();
        all.extend(
            defined
                .filter(|name| !OPENID_SCOPES.contains(name))
                .map(str::to_owned),
        );
        all
    }
}
