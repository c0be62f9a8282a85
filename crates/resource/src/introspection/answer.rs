//! What an introspection endpoint says about a token, and whether the token is good by it: RFC 7662 §2.2.

use countersign_core::Timestamp;
use countersign_jose::json::{self, JsonError};
use serde_json::Value;
use thiserror::Error;

use super::members::Members;
use crate::token::TokenParts;
use crate::{AccessToken, InvalidToken};

/// Why an answer says nothing about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It is not a JSON object with unique members.
    #[error("the answer is refused: {0}")]
    Json(JsonError),
    /// `active` is missing, or neither true nor false.
    #[error("the member \"active\" is missing, or neither true nor false")]
    Active,
    /// A member has the wrong type or a value that cannot be.
    #[error("the member {0:?} is not well-formed")]
    Member(&'static str),
}

/// By what an answer is judged.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) audience: Vec<String>,
    pub(super) accept_missing_audience: bool,
    pub(super) leeway_seconds: u32,
}

/// What is said about an active token.
pub(super) struct ActiveToken {
    parts: TokenParts,
    token_type: Option<String>,
    is_access_token: bool,
    bound: bool,
}

impl ActiveToken {
    /// Reads an answer; `None` if the token is not active.
    pub(super) fn read(body: &[u8]) -> Result<Option<Self>, AnswerError> {
        let mut members = Members(json::parse_object(body).map_err(AnswerError::Json)?);
        match members.0.remove("active") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Ok(None),
            // "true" and 1 are what a template or another serializer makes of it, and then nothing else is certain.
            _ => return Err(AnswerError::Active),
        }
        // Refresh and ID tokens are active, too (attack class 67). Most issuers say nothing of what it is; those who do
        // say it in one of these, which stay among the further members.
        let token_use = members.peek("token_use")?.is_none_or(is_use_of_access);
        let typ = members.peek("typ")?.is_none_or(is_typ_of_access);
        Ok(Some(Self {
            is_access_token: token_use && typ,
            bound: members.0.contains_key("cnf"),
            token_type: members.text("token_type")?,
            parts: TokenParts {
                issuer: members.text("iss")?,
                subject: members.text("sub")?,
                client_id: members.text("client_id")?,
                audience: members.audience()?,
                scope: members.scope()?,
                expires_at: members.time("exp")?,
                issued_at: members.time("iat")?,
                not_before: members.time("nbf")?,
                id: members.text("jti")?,
                further: members.0,
            },
        }))
    }

    /// The token, if it is good here at `now`.
    pub(super) fn judge(self, rules: &Rules, now: Timestamp) -> Result<AccessToken, InvalidToken> {
        let leeway = i64::from(rules.leeway_seconds);
        let parts = &self.parts;
        if parts
            .issuer
            .as_ref()
            .is_some_and(|iss| *iss != rules.issuer)
        {
            return Err(InvalidToken::Issuer);
        }
        // RFC 7800 §3.1: who does not check the confirmation turns a bound token into a bearer token
        // (CVE-2024-49755).
        if self.bound {
            return Err(InvalidToken::SenderConstrained);
        }
        if !self.is_bearer(rules) {
            return Err(InvalidToken::Type);
        }
        let meant = match &parts.audience[..] {
            [] => rules.accept_missing_audience,
            several => several.iter().any(|aud| rules.audience.contains(aud)),
        };
        if !meant {
            return Err(InvalidToken::Audience);
        }
        // The issuer said so of its own time; an answer that contradicts ours is not believed (RFC 7662 §4).
        if parts.expires_at.is_some_and(|exp| now >= exp.plus(leeway)) {
            return Err(InvalidToken::Expired);
        }
        if parts.not_before.is_some_and(|nbf| now.plus(leeway) < nbf) {
            return Err(InvalidToken::NotYetValid);
        }
        Ok(AccessToken::from_parts(self.parts))
    }

    /// Whether it is an access token that whoever holds it may use.
    fn is_bearer(&self, rules: &Rules) -> bool {
        let said = match &self.token_type {
            // RFC 6749 §7.1 and RFC 6750 §4: the name of a type is case-insensitive.
            Some(token_type) => token_type.eq_ignore_ascii_case("bearer"),
            None => !(rules.accept_missing_audience && self.parts.audience.is_empty()),
        };
        said && self.is_access_token
    }
}

/// What Hydra and Cognito say of an access token. No RFC has it, so it is that and nothing like it.
fn is_use_of_access(token_use: &str) -> bool {
    matches!(token_use, "access_token" | "access")
}

/// What a JWT says of itself in its header (RFC 9068 §2.1), or Keycloak among the claims. Media types are
/// case-insensitive (RFC 7515 §4.1.9).
fn is_typ_of_access(typ: &str) -> bool {
    ["Bearer", "JWT", "at+jwt", "application/at+jwt"]
        .iter()
        .any(|known| typ.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::introspection::members::LATEST;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn rules() -> Rules {
        Rules {
            issuer: "https://as.example".into(),
            audience: vec!["https://api.example".into(), "urn:api".into()],
            accept_missing_audience: false,
            leeway_seconds: 5,
        }
    }

    /// The answer for a good token, with `changes` over it; null takes a member out.
    fn answer(changes: &Value) -> Vec<u8> {
        let mut members = json!({
            "active": true,
            "iss": "https://as.example",
            "sub": "alice",
            "client_id": "app",
            "aud": "https://api.example",
            "scope": "read write",
            "token_type": "Bearer",
            "exp": NOW.as_seconds() + 60,
            "iat": NOW.as_seconds() - 60,
        });
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                members.as_object_mut().unwrap().remove(name);
            } else {
                members[name] = value.clone();
            }
        }
        serde_json::to_vec(&members).unwrap()
    }

    fn judge(changes: &Value, rules: &Rules) -> Result<(), InvalidToken> {
        let active = ActiveToken::read(&answer(changes)).unwrap().unwrap();
        active.judge(rules, NOW).map(|_| ())
    }

    #[test]
    fn rfc7662_2_2_what_makes_a_token_good_here() {
        use InvalidToken::{Audience, Expired, Issuer, NotYetValid, SenderConstrained, Type};
        let at = |seconds: i64| NOW.as_seconds() + seconds;
        let cases = [
            (json!({}), Ok(())),
            (
                json!({"sub": null, "client_id": null, "scope": null, "iat": null}),
                Ok(()),
            ),
            (json!({"iss": null}), Ok(())),
            (json!({"iss": "https://as.example/"}), Err(Issuer)),
            (json!({"iss": ""}), Err(Issuer)),
            (json!({"aud": ["https://other.example", "urn:api"]}), Ok(())),
            (json!({"aud": "https://other.example"}), Err(Audience)),
            (json!({"aud": "https://api.example/"}), Err(Audience)),
            (json!({"aud": []}), Err(Audience)),
            (json!({"aud": null}), Err(Audience)),
            (json!({"exp": null}), Ok(())),
            (json!({"exp": at(-4)}), Ok(())),
            (json!({"exp": at(-5)}), Err(Expired)),
            (json!({"exp": 0}), Err(Expired)),
            (json!({"nbf": at(5)}), Ok(())),
            (json!({"nbf": at(6)}), Err(NotYetValid)),
            (json!({"cnf": {"jkt": "x"}}), Err(SenderConstrained)),
            (json!({"cnf": 1}), Err(SenderConstrained)),
            (json!({"token_type": "bearer"}), Ok(())),
            (json!({"token_type": null}), Ok(())),
            (json!({"token_type": "DPoP"}), Err(Type)),
            (json!({"token_type": "refresh_token"}), Err(Type)),
        ];
        for (changes, expected) in cases {
            assert_eq!(judge(&changes, &rules()), expected, "{changes}");
        }
    }

    #[test]
    fn e67_only_what_is_called_an_access_token_is_one() {
        let good = [
            ("token_use", &["access_token", "access"][..]),
            (
                "typ",
                &[
                    "Bearer",
                    "bearer",
                    "JWT",
                    "jwt",
                    "at+jwt",
                    "AT+JWT",
                    "application/at+jwt",
                ],
            ),
        ];
        let bad = [
            (
                "token_use",
                &[
                    "refresh_token",
                    "Refresh_Token",
                    "refresh",
                    "id_token",
                    "id",
                    "Access_Token",
                    "access_token ",
                    "",
                ][..],
            ),
            (
                "typ",
                &[
                    "Refresh",
                    "Offline",
                    "ID",
                    "Logout",
                    "DPoP",
                    "logout+jwt",
                    "dpop+jwt",
                    "token-introspection+jwt",
                    "at+jwt ",
                    "at",
                    "",
                ],
            ),
        ];
        let missing_audience = Rules {
            accept_missing_audience: true,
            ..rules()
        };
        for (cases, expected) in [(good, Ok(())), (bad, Err(InvalidToken::Type))] {
            for (name, values) in cases {
                for value in values {
                    let changes = json!({ name: value });
                    assert_eq!(judge(&changes, &rules()), expected, "{changes}");
                    let changes = json!({ name: value, "aud": null });
                    assert_eq!(judge(&changes, &missing_audience), expected, "{changes}");
                }
            }
        }
        // One good word does not hide the other.
        for changes in [
            json!({"token_use": "access_token", "typ": "Refresh"}),
            json!({"token_use": "refresh_token", "typ": "Bearer"}),
        ] {
            assert_eq!(
                judge(&changes, &rules()),
                Err(InvalidToken::Type),
                "{changes}"
            );
        }
    }

    #[test]
    fn e67_without_an_audience_the_answer_must_say_that_it_is_an_access_token() {
        let rules = Rules {
            accept_missing_audience: true,
            ..rules()
        };
        let cases = [
            (json!({"aud": null}), Ok(())),
            (json!({"aud": []}), Ok(())),
            (
                json!({"aud": null, "token_type": null}),
                Err(InvalidToken::Type),
            ),
            (
                json!({"aud": "https://other.example"}),
                Err(InvalidToken::Audience),
            ),
            (json!({"token_type": null}), Ok(())),
        ];
        for (changes, expected) in cases {
            assert_eq!(judge(&changes, &rules), expected, "{changes}");
        }
    }

    #[test]
    fn e53_an_answer_of_the_wrong_types_says_nothing() {
        let cases = [
            (json!({"active": "true"}), AnswerError::Active),
            (json!({"active": 1}), AnswerError::Active),
            (json!({"active": null}), AnswerError::Active),
            (json!({"exp": "1900000000"}), AnswerError::Member("exp")),
            (json!({"exp": 1.9e9}), AnswerError::Member("exp")),
            (json!({"exp": -1}), AnswerError::Member("exp")),
            (json!({"exp": LATEST + 1}), AnswerError::Member("exp")),
            (json!({"exp": u64::MAX}), AnswerError::Member("exp")),
            (json!({"nbf": true}), AnswerError::Member("nbf")),
            (json!({"iat": {}}), AnswerError::Member("iat")),
            (
                json!({"iss": ["https://as.example"]}),
                AnswerError::Member("iss"),
            ),
            (json!({"sub": 7}), AnswerError::Member("sub")),
            (json!({"client_id": 7}), AnswerError::Member("client_id")),
            (json!({"jti": 7}), AnswerError::Member("jti")),
            (json!({"token_type": 7}), AnswerError::Member("token_type")),
            (
                json!({"token_use": ["access_token"]}),
                AnswerError::Member("token_use"),
            ),
            (json!({"token_use": true}), AnswerError::Member("token_use")),
            (json!({"typ": ["Bearer"]}), AnswerError::Member("typ")),
            (json!({"typ": {}}), AnswerError::Member("typ")),
            (json!({"aud": 7}), AnswerError::Member("aud")),
            (json!({"aud": [7]}), AnswerError::Member("aud")),
            (
                json!({"aud": {"urn:api": true}}),
                AnswerError::Member("aud"),
            ),
            (json!({"scope": ["read"]}), AnswerError::Member("scope")),
            (
                json!({"scope": "read  write"}),
                AnswerError::Member("scope"),
            ),
        ];
        for (changes, expected) in cases {
            let read = ActiveToken::read(&answer(&changes));
            assert_eq!(read.err(), Some(expected), "{changes}");
        }
        assert_eq!(
            ActiveToken::read(br#"{"active":true,"exp":null}"#).err(),
            Some(AnswerError::Member("exp"))
        );
        assert_eq!(
            ActiveToken::read(br#"{"active":true,"token_use":null}"#).err(),
            Some(AnswerError::Member("token_use"))
        );
    }

    #[test]
    fn e66_an_answer_with_two_opinions_says_nothing() {
        let cases = [
            (
                &br#"{"active":false,"active":true}"#[..],
                JsonError::DuplicateMember,
            ),
            (
                br#"{"active":true,"aud":"urn:api","aud":"x"}"#,
                JsonError::DuplicateMember,
            ),
            (br#"[{"active":true}]"#, JsonError::NotAnObject),
            (b"true", JsonError::NotAnObject),
            (b"", JsonError::Syntax),
            (b"<html>", JsonError::Syntax),
            (br#"{"active":true} {"active":false}"#, JsonError::Syntax),
        ];
        for (body, expected) in cases {
            let shown = String::from_utf8_lossy(body);
            let read = ActiveToken::read(body);
            assert_eq!(read.err(), Some(AnswerError::Json(expected)), "{shown}");
        }
    }

    #[test]
    fn what_is_inactive_is_not_read_any_further() {
        let read = ActiveToken::read(br#"{"active":false,"exp":"x","aud":7}"#);
        assert!(matches!(read, Ok(None)));
    }

    #[test]
    fn further_members_are_kept_and_active_is_none_of_them() {
        let body = answer(&json!({"username": "al", "groups": ["a"], "typ": "Bearer"}));
        let token = ActiveToken::read(&body).unwrap().unwrap();
        let token = token.judge(&rules(), NOW).unwrap();
        assert_eq!(token.claim("groups"), Some(&json!(["a"])));
        assert_eq!(token.claim("username"), Some(&json!("al")));
        assert_eq!(token.claim("typ"), Some(&json!("Bearer")));
        assert_eq!(token.claim("active"), None);
        assert_eq!(token.subject(), Some("alice"));
        assert_eq!(token.expires_at(), Some(NOW.plus(60)));
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = ActiveToken::read(&body);
        }

        #[test]
        fn no_member_of_another_type_lets_a_token_in(
            name in "active|aud|iss|exp|nbf|cnf|token_type|token_use|typ",
            value in prop_oneof![
                Just(json!([])), Just(json!({})), Just(json!(1.5)), Just(json!("x")), Just(json!(false)),
                any::<i64>().prop_filter_map("no time", |n| (!(0..=LATEST).contains(&n)).then(|| json!(n))),
            ],
        ) {
            let good = match ActiveToken::read(&answer(&json!({ name: value }))) {
                Ok(Some(token)) => token.judge(&rules(), NOW).is_ok(),
                _ => false,
            };
            prop_assert!(!good);
        }
    }
}
