//! The parameter `claims`: OpenID Connect Core §5.5.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Map, Value};
use thiserror::Error;

use super::invalid_request;
use crate::ErrorResponse;
use crate::json::parse_object;

/// The claims that are asked for one by one.
///
/// Members that OpenID Connect does not define are ignored, at the top and within a claim. `null` stands for absent
/// everywhere but as a claim, where it asks "in the default manner".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimsParameter {
    /// For the userinfo endpoint, by name.
    pub userinfo: BTreeMap<String, ClaimRequest>,
    /// For the ID token, by name.
    pub id_token: BTreeMap<String, ClaimRequest>,
}

/// How one claim is asked for (OpenID Connect Core §5.5.1). The default is to ask for it as welcome, with any value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Whether it is needed for what the user wants to do.
    pub essential: bool,
    /// The values that will do, out of `value` and `values`; any if there is none.
    pub values: Vec<Value>,
}

/// Why a text asks for no claims.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// It is not JSON, no object, or has a member twice.
    #[error("the parameter 'claims' is a JSON object in which no member stands twice")]
    Json,
    /// What is asked for of one place is no list of claims.
    #[error("'{0}' in the parameter 'claims' is an object or null")]
    NotAnObject(&'static str),
    /// There are more than [`ClaimsParameter::MAX_CLAIMS`] in one place.
    #[error("'{0}' in the parameter 'claims' has at most {max} claims", max = ClaimsParameter::MAX_CLAIMS)]
    TooMany(&'static str),
    /// A claim is not asked for in the way of OpenID Connect Core §5.5.1.
    #[error(
        "the claim '{0}' is asked for by null or by an object with essential (boolean), value or values (list)"
    )]
    Claim(String),
}

impl ClaimsParameter {
    /// The most claims that may be asked for in one place.
    pub const MAX_CLAIMS: usize = 64;

    pub(super) fn read(text: Option<&str>) -> Result<Self, ErrorResponse> {
        text.map(str::parse)
            .transpose()
            .map(Option::unwrap_or_default)
            .map_err(|error: ClaimsError| invalid_request(&error.to_string()))
    }
}

impl FromStr for ClaimsParameter {
    type Err = ClaimsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut object = parse_object(text).ok_or(ClaimsError::Json)?;
        Ok(Self {
            userinfo: read_place(&mut object, "userinfo")?,
            id_token: read_place(&mut object, "id_token")?,
        })
    }
}

fn read_place(
    object: &mut Map<String, Value>,
    place: &'static str,
) -> Result<BTreeMap<String, ClaimRequest>, ClaimsError> {
    let claims = match object.remove(place) {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(claims)) => claims,
        Some(_) => return Err(ClaimsError::NotAnObject(place)),
    };
    if claims.len() > ClaimsParameter::MAX_CLAIMS {
        return Err(ClaimsError::TooMany(place));
    }
    claims
        .into_iter()
        .map(|(name, request)| match ClaimRequest::read(request) {
            Some(request) => Ok((name, request)),
            None => Err(ClaimsError::Claim(name)),
        })
        .collect()
}

impl ClaimRequest {
    fn read(request: Value) -> Option<Self> {
        let mut members = match request {
            Value::Null => return Some(Self::default()),
            Value::Object(members) => members,
            _ => return None,
        };
        let mut member = |name| members.remove(name).filter(|value| !value.is_null());
        let essential = match member("essential") {
            None => false,
            Some(Value::Bool(essential)) => essential,
            Some(_) => return None,
        };
        let mut values: Vec<Value> = member("value").into_iter().collect();
        match member("values") {
            None => {}
            Some(Value::Array(more)) => values.extend(more),
            Some(_) => return None,
        }
        Some(Self { essential, values })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::ErrorCode;

    fn asked(essential: bool, values: &[Value]) -> ClaimRequest {
        ClaimRequest {
            essential,
            values: values.to_vec(),
        }
    }

    #[test]
    fn oidc_core_38_claims_are_asked_for_one_by_one() {
        // OpenID Connect Core §5.5, with members that nobody has defined.
        let claims: ClaimsParameter = r#"{
            "userinfo": {
                "given_name": {"essential": true},
                "nickname": null,
                "http://example.info/claims/groups": null
            },
            "id_token": {
                "auth_time": {"essential": true, "why": [1]},
                "acr": {"value": "a", "values": ["b", "c"]},
                "sub": {"essential": null, "value": null, "values": null},
                "n": {"essential": false, "values": [1, {"x": 1}]}
            },
            "elsewhere": 1
        }"#
        .parse()
        .unwrap();
        let userinfo = BTreeMap::from([
            ("given_name".to_owned(), asked(true, &[])),
            ("nickname".to_owned(), ClaimRequest::default()),
            (
                "http://example.info/claims/groups".to_owned(),
                ClaimRequest::default(),
            ),
        ]);
        let id_token = BTreeMap::from([
            ("auth_time".to_owned(), asked(true, &[])),
            (
                "acr".to_owned(),
                asked(false, &[json!("a"), json!("b"), json!("c")]),
            ),
            ("sub".to_owned(), ClaimRequest::default()),
            ("n".to_owned(), asked(false, &[json!(1), json!({"x": 1})])),
        ]);
        assert_eq!(claims, ClaimsParameter { userinfo, id_token });
    }

    #[test]
    fn nothing_asked_for_is_fine() {
        for text in ["{}", r#"{"userinfo":null}"#, r#"{"id_token":{},"x":[]}"#] {
            assert_eq!(text.parse(), Ok(ClaimsParameter::default()), "{text}");
        }
        assert_eq!(ClaimsParameter::read(None), Ok(ClaimsParameter::default()));
    }

    #[test]
    fn attack_66_what_is_no_claims_request_is_refused() {
        let claim = |name: &str| ClaimsError::Claim(name.to_owned());
        for (text, expected) in [
            ("", ClaimsError::Json),
            ("x", ClaimsError::Json),
            ("[]", ClaimsError::Json),
            ("null", ClaimsError::Json),
            ("{} {}", ClaimsError::Json),
            (r#"{"id_token":{},"id_token":null}"#, ClaimsError::Json),
            (r#"{"id_token":{"a":null,"\u0061":{}}}"#, ClaimsError::Json),
            (r#"{"x":[{"a":1,"a":1}]}"#, ClaimsError::Json),
            (
                r#"{"id_token":{"a":{"essential":true,"essential":false}}}"#,
                ClaimsError::Json,
            ),
            (r#"{"id_token":[]}"#, ClaimsError::NotAnObject("id_token")),
            (r#"{"userinfo":"a"}"#, ClaimsError::NotAnObject("userinfo")),
            (r#"{"userinfo":{"a":true}}"#, claim("a")),
            (r#"{"userinfo":{"a":["b"]}}"#, claim("a")),
            (r#"{"userinfo":{"a":{"essential":1}}}"#, claim("a")),
            (r#"{"userinfo":{"a":{"essential":"true"}}}"#, claim("a")),
            (r#"{"id_token":{"a":{"values":"b"}}}"#, claim("a")),
            (r#"{"id_token":{"a":{"values":{}}}}"#, claim("a")),
        ] {
            assert_eq!(text.parse::<ClaimsParameter>(), Err(expected), "{text}");
            if !text.is_empty() {
                let refusal = ClaimsParameter::read(Some(text)).unwrap_err();
                assert_eq!(refusal.error, ErrorCode::InvalidRequest, "{text}");
            }
        }
    }

    #[test]
    fn the_number_of_claims_and_their_depth_is_bounded() {
        let of_count = |count: usize| {
            let claims: Vec<_> = (0..count).map(|n| format!("\"c{n}\":null")).collect();
            format!("{{\"userinfo\":{{{}}}}}", claims.join(",")).parse::<ClaimsParameter>()
        };
        assert!(of_count(ClaimsParameter::MAX_CLAIMS).is_ok());
        assert_eq!(
            of_count(ClaimsParameter::MAX_CLAIMS + 1),
            Err(ClaimsError::TooMany("userinfo"))
        );
        let deep = format!("{{\"x\":{}", "[".repeat(16_000));
        assert_eq!(deep.parse::<ClaimsParameter>(), Err(ClaimsError::Json));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"[\{\}\[\]":,a-c0-9 \\]{0,40}"#) {
            let _ = text.parse::<ClaimsParameter>();
        }
    }
}
