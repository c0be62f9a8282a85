//! The `Authorization` header: HTTP Basic as real clients send it, and Bearer.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use countersign_core::Secret;
use percent_encoding::percent_decode;

use crate::{ErrorCode, ErrorResponse};

/// RFC 7617 uses base64 with padding; some clients leave the padding out, which changes nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the `Authorization` header of a request holds.
#[derive(Debug)]
pub enum AuthorizationHeader {
    /// There is none.
    Absent,
    /// HTTP Basic (RFC 7617).
    Basic(BasicCredentials),
    /// A bearer token (RFC 6750 §2.1).
    Bearer(Secret<String>),
}

/// The user and password of HTTP Basic, in each way in which a client may have meant them.
///
/// RFC 6749 §2.3.1 wants both halves form-encoded; many clients send them raw. Neither can be told from the bytes, so
/// both readings are kept, and whoever checks the secret accepts either.
#[derive(Debug)]
pub struct BasicCredentials {
    /// The readings, most literal first: one or two, and never two equal ones.
    pub readings: Vec<BasicPair>,
}

/// One reading of HTTP Basic credentials.
#[derive(Debug, PartialEq, Eq)]
pub struct BasicPair {
    /// The client id.
    pub user: String,
    /// The client secret.
    pub password: Secret<String>,
}

impl AuthorizationHeader {
    /// Reads the values of all `Authorization` headers of a request.
    pub fn read(values: &[&str]) -> Result<Self, ErrorResponse> {
        let invalid = |text| Err(ErrorResponse::new(ErrorCode::InvalidRequest, text));
        let value = match values {
            [] => return Ok(Self::Absent),
            [value] => value.trim_matches(' '),
            _ => return invalid("there is more than one Authorization header"),
        };
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let rest = rest.trim_start_matches(' ');
        // RFC 9110 §11.1: the scheme is case-insensitive.
        if scheme.eq_ignore_ascii_case("basic") {
            BasicCredentials::read(rest)
                .map(Self::Basic)
                .ok_or_else(|| {
                    ErrorResponse::new(
                        ErrorCode::InvalidClient,
                        "the Authorization header is not Basic base64(client_id:client_secret)",
                    )
                })
        } else if scheme.eq_ignore_ascii_case("bearer") {
            Ok(Self::Bearer(Secret::new(rest.to_owned())))
        } else {
            invalid("the Authorization scheme is not known here")
        }
    }
}

impl BasicCredentials {
    fn read(base64: &str) -> Option<Self> {
        let bytes = Secret::new(BASE64.decode(base64).ok()?);
        // RFC 7617 §2: the user-id has no colon, the password may; so the first one parts them.
        let colon = bytes.expose().iter().position(|byte| *byte == b':')?;
        let (user, password) = (&bytes.expose()[..colon], &bytes.expose()[colon + 1..]);
        let mut readings = Vec::new();
        // Each half may be raw or form-encoded for itself.
        for user in [text(user), form_decoded(user)] {
            for password in [text(password), form_decoded(password)] {
                let reading = BasicPair {
                    user: user.clone(),
                    password: Secret::new(password),
                };
                if !readings.contains(&reading) {
                    readings.push(reading);
                }
            }
        }
        Some(Self { readings })
    }

    /// Whether one of the readings has this user.
    #[must_use]
    pub fn names(&self, user: &str) -> bool {
        self.readings.iter().any(|reading| reading.user == user)
    }
}

/// UTF-8 if it is that, else Latin-1, which any bytes are.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// RFC 6749 appendix B.
fn form_decoded(bytes: &[u8]) -> String {
    let spaced: Vec<u8> = bytes
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    text(&percent_decode(&spaced).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn basic(bytes: &[u8]) -> AuthorizationHeader {
        let value = format!("Basic {}", BASE64.encode(bytes));
        AuthorizationHeader::read(&[&value]).unwrap()
    }

    fn reads_as(bytes: &[u8], user: &str, password: &str) -> bool {
        let AuthorizationHeader::Basic(credentials) = basic(bytes) else {
            return false;
        };
        credentials
            .readings
            .iter()
            .any(|reading| reading.user == user && reading.password.expose() == password)
    }

    #[test]
    fn seed_0_1_the_encodings_of_real_clients_are_read() {
        // What openid-client, PayPal's SDK and python-requests send for the same id and secret.
        let (user, password) = ("cl:i d", "s:e c+\u{e9}");
        assert!(
            reads_as(b"cl%3Ai+d:s%3Ae+c%2B%C3%A9", user, password),
            "form-encoded UTF-8"
        );
        assert!(
            reads_as("id:s:\u{e9} cret".as_bytes(), "id", "s:\u{e9} cret"),
            "raw UTF-8"
        );
        assert!(reads_as(b"id:s:\xe9 c", "id", "s:\u{e9} c"), "raw Latin-1");
        assert!(
            reads_as(b"id:s%3A%E9", "id", "s:\u{e9}"),
            "form-encoded Latin-1"
        );
        assert!(reads_as(b"a%2Bb:x+y", "a+b", "x+y"), "each half for itself");
    }

    #[test]
    fn the_first_colon_parts_and_either_half_may_be_empty() {
        assert!(reads_as(b"id:a:b:c", "id", "a:b:c"));
        assert!(reads_as(b":", "", ""));
    }

    #[test]
    fn scheme_is_case_insensitive() {
        for scheme in ["Basic", "basic", "BASIC", "bAsIc"] {
            let value = format!("{scheme}  {}", BASE64.encode("a:b"));
            assert!(matches!(
                AuthorizationHeader::read(&[&value]),
                Ok(AuthorizationHeader::Basic(_))
            ));
        }
        let bearer = AuthorizationHeader::read(&["bEARER abc"]);
        assert!(
            matches!(bearer, Ok(AuthorizationHeader::Bearer(token)) if token.expose() == "abc")
        );
    }

    #[test]
    fn broken_headers_are_refused() {
        let code = |values: &[&str]| AuthorizationHeader::read(values).map_err(|error| error.error);
        for value in ["Basic", "Basic !!!", "Basic YQ==", "Basic YTpi YTpi"] {
            assert_eq!(
                code(&[value]).unwrap_err(),
                ErrorCode::InvalidClient,
                "{value}"
            );
        }
        assert_eq!(code(&["Digest x"]).unwrap_err(), ErrorCode::InvalidRequest);
        assert_eq!(
            code(&["Basic YTpi", "Basic YTpi"]).unwrap_err(),
            ErrorCode::InvalidRequest
        );
        assert!(matches!(code(&[]), Ok(AuthorizationHeader::Absent)));
    }

    #[test]
    fn debug_hides_the_secret() {
        assert!(!format!("{:?}", basic(b"id:hunter2")).contains("hunter2"));
    }

    proptest! {
        #[test]
        fn raw_credentials_always_come_back(user in "[^:]{0,20}", password in ".{0,20}") {
            let bytes = format!("{user}:{password}");
            prop_assert!(reads_as(bytes.as_bytes(), &user, &password));
        }

        #[test]
        fn any_header_reads_or_is_refused(value in ".{0,80}") {
            let _ = AuthorizationHeader::read(&[&value]);
        }
    }
}
