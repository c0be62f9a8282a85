//! A well-formed authorization request, and what makes it one, in the order in which faults are told.

use std::fmt;

use countersign_core::{CodeChallenge, ResourceUri, ResponseType, Scope, Secret};

use super::code_challenge::read_code_challenge;
use super::{
    Addressing, AuthorizationParameters, ClaimsParameter, Prompt, ResponseMode, invalid_request,
};
use crate::token::{read_resources, read_scope};
use crate::{ErrorCode, ErrorResponse, Form, FormError};

/// A well-formed authorization request, but for the client and the redirect URI, which are judged before.
///
/// `display`, `ui_locales`, `claims_locales` and parameters that nobody has defined are not read.
pub struct AuthorizationRequest {
    /// What is asked for.
    pub response_type: ResponseType,
    /// How the answer gets to the redirect URI.
    pub addressing: Addressing,
    /// The scope asked for; none if the parameter is absent. It has `openid` if the response has an ID token.
    pub scope: Option<Scope>,
    /// The resources asked for, in their order; empty if there is none (RFC 8707 §2.1).
    pub resources: Vec<ResourceUri>,
    /// What the client gave to find again in the ID token; there if the authorization response has one.
    pub nonce: Option<String>,
    /// What the code is to be bound to (RFC 7636 §4.3); none if the response has no code.
    pub code_challenge: Option<CodeChallenge>,
    /// What the user has to be asked.
    pub prompt: Prompt,
    /// Seconds that may have passed since the user proved who it is.
    pub max_age: Option<u32>,
    /// Who is expected to sign in, as given.
    pub login_hint: Option<String>,
    /// An ID token of who is expected to be signed in. Nothing of it has been checked.
    pub id_token_hint: Option<Secret<String>>,
    /// The authentication context classes that are welcome, the most welcome first.
    pub acr_values: Vec<String>,
    /// The claims that are asked for one by one.
    pub claims: ClaimsParameter,
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationRequest")
            .field("response_type", &self.response_type)
            .field("addressing", &self.addressing)
            .field("scope", &self.scope)
            .field("resources", &self.resources)
            .field("prompt", &self.prompt)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

impl AuthorizationRequest {
    /// The most characters that a nonce may have: it goes into every ID token of the grant.
    pub const MAX_NONCE_LEN: usize = 512;
}

impl AuthorizationParameters {
    /// Reads everything but the client and the redirect URI. Its errors are for the redirect URI, once that is known to
    /// be good.
    pub fn read(&self) -> Result<AuthorizationRequest, ErrorResponse> {
        self.refuse_repeated()?;
        let form = &self.form;
        refuse_request_objects(form)?;
        let response_type = read_response_type(form)?;
        refuse_unfit_response_mode(form, response_type)?;
        let scope = read_scope(form)?;
        let resources = read_resources(form)?;
        refuse_id_token_without_openid(response_type, scope.as_ref())?;
        Ok(AuthorizationRequest {
            response_type,
            addressing: self.addressing(),
            scope,
            resources,
            nonce: read_nonce(form, response_type)?,
            code_challenge: read_code_challenge(form)?.filter(|_| response_type.has_code()),
            prompt: Prompt::read(form.get("prompt"))?,
            max_age: read_max_age(form)?,
            login_hint: form.get("login_hint").map(str::to_owned),
            id_token_hint: form.secret("id_token_hint"),
            acr_values: read_acr_values(form),
            claims: ClaimsParameter::read(form.get("claims"))?,
        })
    }

    /// RFC 6749 §3.1: "Request and response parameters MUST NOT be included more than once" (attack class 9).
    fn refuse_repeated(&self) -> Result<(), ErrorResponse> {
        match self.repeated.first() {
            Some(name) => Err(FormError::Repeated(name.clone()).into()),
            None => Ok(()),
        }
    }
}

/// OpenID Connect Core §6.1, §6.2 and §7.2.1.
fn refuse_request_objects(form: &Form) -> Result<(), ErrorResponse> {
    let has = |name| form.get(name).is_some();
    // "request and request_uri parameters MUST NOT be used together".
    if has("request") && has("request_uri") {
        return Err(invalid_request(
            "request and request_uri are not used together",
        ));
    }
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        if has(name) {
            return Err(ErrorResponse::new(
                code,
                &format!("the parameter '{name}' is not supported"),
            ));
        }
    }
    Ok(())
}

/// RFC 6749 §3.1.1.
fn read_response_type(form: &Form) -> Result<ResponseType, ErrorResponse> {
    form.require("response_type")?.parse().map_err(|_| {
        ErrorResponse::new(
            ErrorCode::UnsupportedResponseType,
            "this response_type is not supported; see response_types_supported in the metadata",
        )
    })
}

fn refuse_unfit_response_mode(
    form: &Form,
    response_type: ResponseType,
) -> Result<(), ErrorResponse> {
    match form.get("response_mode").map(ResponseMode::find) {
        Some(None) => Err(invalid_request(
            "this response_mode is not supported; see response_modes_supported in the metadata",
        )),
        // OAuth 2.0 Multiple Response Types §3: such a response "MUST NOT" be encoded in the query.
        Some(Some(mode)) if !mode.can_carry(response_type) => {
            Err(invalid_request("no token is sent in the query"))
        }
        Some(Some(_)) | None => Ok(()),
    }
}

/// OpenID Connect Core §3.1.2.1: "OpenID Connect requests MUST contain the openid scope value."
fn refuse_id_token_without_openid(
    response_type: ResponseType,
    scope: Option<&Scope>,
) -> Result<(), ErrorResponse> {
    let has_openid = scope.is_some_and(|it| it.iter().any(|token| token.as_str() == "openid"));
    if response_type.has_id_token() && !has_openid {
        return Err(invalid_request(
            "an ID token is for requests with the scope openid",
        ));
    }
    Ok(())
}

/// OpenID Connect Core §3.2.2.1 and §3.3.2.11: required where the authorization response has an ID token.
fn read_nonce(form: &Form, response_type: ResponseType) -> Result<Option<String>, ErrorResponse> {
    match form.get("nonce") {
        None if response_type.has_id_token() => Err(ErrorResponse::missing_parameter("nonce")),
        Some(nonce) if nonce.chars().count() > AuthorizationRequest::MAX_NONCE_LEN => {
            Err(invalid_request(&format!(
                "a nonce has at most {} characters",
                AuthorizationRequest::MAX_NONCE_LEN
            )))
        }
        nonce => Ok(nonce.map(str::to_owned)),
    }
}

fn read_max_age(form: &Form) -> Result<Option<u32>, ErrorResponse> {
    form.get("max_age")
        .map(|text| {
            if text.bytes().all(|byte| byte.is_ascii_digit()) {
                // What is too large to be counted is longer than any session lasts.
                Ok(text.parse().unwrap_or(u32::MAX))
            } else {
                Err(invalid_request("max_age is a number of seconds"))
            }
        })
        .transpose()
}

/// A "space-separated string"; what is in it never fails (OpenID Connect Core §15.1).
fn read_acr_values(form: &Form) -> Vec<String> {
    form.get("acr_values")
        .into_iter()
        .flat_map(|text| text.split(' '))
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(query: &str) -> Result<AuthorizationRequest, ErrorResponse> {
        AuthorizationParameters::parse(query.as_bytes())
            .unwrap()
            .read()
    }

    fn fault(query: &str) -> Option<ErrorCode> {
        read(query).err().map(|error| error.error)
    }

    #[test]
    fn every_parameter_is_read() {
        let request = read(&format!(
            "response_type=id_token+code&response_mode=form_post&state=s&scope=openid+a&resource=urn:a&\
             resource=urn:b&nonce=n&code_challenge={CHALLENGE}&code_challenge_method=S256&\
             prompt=login+consent&max_age=60&login_hint=l&id_token_hint=h&acr_values=2++1&\
             claims=%7B%22id_token%22%3A%7B%22email%22%3Anull%7D%7D"
        ))
        .unwrap();
        assert_eq!(request.response_type, ResponseType::CodeIdToken);
        assert_eq!(request.addressing.response_mode, ResponseMode::FormPost);
        assert_eq!(request.addressing.state.as_deref(), Some("s"));
        assert_eq!(request.scope, Some("openid a".parse().unwrap()));
        assert_eq!(
            request.resources,
            ["urn:a", "urn:b"].map(|uri| uri.parse::<ResourceUri>().unwrap())
        );
        assert_eq!(request.nonce.as_deref(), Some("n"));
        assert_eq!(request.code_challenge, Some(CHALLENGE.parse().unwrap()));
        assert!(request.prompt.login && request.prompt.consent && !request.prompt.none);
        assert_eq!(request.max_age, Some(60));
        assert_eq!(request.login_hint.as_deref(), Some("l"));
        assert_eq!(request.id_token_hint, Some(Secret::new("h".to_owned())));
        assert_eq!(request.acr_values, ["2", "1"]);
        assert!(request.claims.id_token.contains_key("email"));
        assert!(request.claims.userinfo.is_empty());
    }

    #[test]
    fn rfc6749_12_and_oidc_core_58_what_is_not_read_never_fails() {
        for query in [
            "response_type=code",
            "response_type=code&client_id=&redirect_uri=nonsense",
            "response_type=code&display=%00&ui_locales=x--&claims_locales=*&acr_values=+&login_hint=%22",
            "response_type=code&extra=foo&prompt=&max_age=&claims=&request=&registration=",
            "response_type=code&nonce=&code_challenge=&code_challenge_method=",
        ] {
            assert_eq!(fault(query), None, "{query}");
        }
        let request = read("response_type=code&acr_values=+&nonce=&scope=").unwrap();
        assert!(request.acr_values.is_empty() && request.nonce.is_none());
        assert_eq!(request.scope, None);
    }

    #[test]
    fn rfc6749_13_and_attack_9_any_repeated_parameter_is_a_fault() {
        for name in [
            "client_id",
            "redirect_uri",
            "response_type",
            "response_mode",
            "scope",
            "state",
            "nonce",
            "prompt",
            "max_age",
            "claims",
            "code_challenge",
            "code_challenge_method",
            "login_hint",
            "unknown",
        ] {
            let refusal = read(&format!("{name}=a&response_type=code&{name}=")).unwrap_err();
            assert_eq!(refusal.error, ErrorCode::InvalidRequest, "{name}");
            let description = refusal.error_description.as_str();
            assert!(description.contains(&format!("'{name}'")), "{description}");
        }
    }

    #[test]
    fn rfc6749_14_and_oidc_core_21_the_first_fault_is_told_by_its_code() {
        use ErrorCode::{
            InvalidRequest, InvalidScope, InvalidTarget, RegistrationNotSupported,
            RequestNotSupported, RequestUriNotSupported, UnsupportedResponseType,
        };
        // From the last check to the first: each fault is told before all that come before it here.
        let mut query = String::new();
        for (more, expected) in [
            ("claims=x", InvalidRequest),
            ("max_age=x", InvalidRequest),
            ("prompt=create", InvalidRequest),
            ("code_challenge=x", InvalidRequest),
            ("resource=x", InvalidTarget),
            ("scope=%22", InvalidScope),
            ("response_mode=x", InvalidRequest),
        ] {
            query = format!("{query}&{more}");
            let all = format!("response_type=code{query}");
            assert_eq!(fault(&all), Some(expected), "{all}");
        }
        assert_eq!(fault(&query), Some(InvalidRequest));
        for (more, expected) in [
            ("response_type=bogus", UnsupportedResponseType),
            ("registration=%7B%7D", RegistrationNotSupported),
            ("request_uri=https://a.example", RequestUriNotSupported),
        ] {
            query = format!("{query}&{more}");
            assert_eq!(fault(&query), Some(expected), "{query}");
        }
        for (query, expected) in [
            ("response_type=code&request=x", RequestNotSupported),
            // OIDC-Core-42.
            ("response_type=code&request=x&request_uri=y", InvalidRequest),
            ("request=x&scope=%22", RequestNotSupported),
            ("request=x&state=1&state=2", InvalidRequest),
            ("response_type=none", UnsupportedResponseType),
            ("response_type=Code", UnsupportedResponseType),
            ("scope=a", InvalidRequest),
            ("response_type=", InvalidRequest),
        ] {
            assert_eq!(fault(query), Some(expected), "{query}");
        }
    }

    #[test]
    fn oidc_core_26_no_token_is_asked_for_in_the_query() {
        for response_type in ResponseType::ALL {
            let fault_of = |mode: &str| {
                let response_type = response_type.name().replace(' ', "+");
                fault(&format!(
                    "response_type={response_type}&scope=openid&nonce=n&response_mode={mode}"
                ))
            };
            let in_query =
                (response_type != ResponseType::Code).then_some(ErrorCode::InvalidRequest);
            assert_eq!(fault_of("query"), in_query, "{response_type}");
            assert_eq!(fault_of("fragment"), None, "{response_type}");
            assert_eq!(fault_of("form_post"), None, "{response_type}");
        }
    }

    #[test]
    fn oidc_core_25_an_id_token_in_the_response_needs_openid_and_a_nonce() {
        for response_type in ResponseType::ALL {
            let name = response_type.name().replace(' ', "+");
            let needed = response_type
                .has_id_token()
                .then_some(ErrorCode::InvalidRequest);
            for (rest, expected) in [
                ("scope=openid&nonce=n", None),
                ("scope=openid", needed),
                ("scope=openid&nonce=", needed),
                ("scope=openid2&nonce=n", needed),
                ("nonce=n", needed),
            ] {
                let query = format!("response_type={name}&{rest}");
                assert_eq!(fault(&query), expected, "{query}");
            }
        }
    }

    #[test]
    fn a_nonce_is_bounded() {
        let max = AuthorizationRequest::MAX_NONCE_LEN;
        let of_len = |len: usize| format!("response_type=code&nonce={}", "%C3%A9".repeat(len));
        assert_eq!(fault(&of_len(max)), None);
        assert_eq!(fault(&of_len(max + 1)), Some(ErrorCode::InvalidRequest));
    }

    #[test]
    fn oidc_core_59_max_age_is_a_number_of_seconds() {
        for (text, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", Some(u32::MAX)),
            ("99999999999999999999999", Some(u32::MAX)),
            ("-1", None),
            ("%2B1", None),
            ("1.5", None),
            ("1e3", None),
            ("1+", None),
            ("%D9%A1", None),
            ("x", None),
        ] {
            let query = format!("response_type=code&max_age={text}");
            let read = read(&query).map(|request| request.max_age);
            assert_eq!(read.ok().flatten(), expected, "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing_that_is_personal_or_secret() {
        let request = read(
            "response_type=code&state=hunter1&nonce=hunter2&login_hint=hunter3&id_token_hint=hunter4&\
             claims=%7B%22id_token%22%3A%7B%22sub%22%3A%7B%22value%22%3A%22hunter5%22%7D%7D%7D",
        )
        .unwrap();
        assert!(!format!("{request:?}").contains("hunter"));
    }
}
