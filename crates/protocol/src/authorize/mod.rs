//! The authorization endpoint: RFC 6749 §3.1 and §4.1.1, OpenID Connect Core §3.1.2.1.

mod addressing;
mod claims;
mod code_challenge;
mod prompt;
mod request;

use countersign_core::Secret;

use crate::{ErrorCode, ErrorResponse, Form, FormError};

pub use addressing::{Addressing, ResponseMode};
pub use claims::{ClaimRequest, ClaimsError, ClaimsParameter};
pub use prompt::Prompt;
pub use request::AuthorizationRequest;

/// The parameters of an authorization request as they were given, before anything of them is believed.
///
/// They are read in three steps, since a fault is answered differently at each. First [`client_id`] and
/// [`redirect_uri`]: as long as these are not known to be good, nobody is redirected (RFC 6749 §4.1.2.1). Then
/// [`addressing`], which tells how the redirect URI gets its answer, be it an error. Then everything else, by [`read`].
///
/// `Debug` shows names only.
///
/// ```
/// use countersign_protocol::{AuthorizationParameters, ErrorCode, ResponseMode};
///
/// let parameters = AuthorizationParameters::parse(b"client_id=app&response_type=token&state=x&prompt=now")?;
/// assert_eq!(parameters.client_id()?, "app");
/// assert_eq!(parameters.redirect_uri()?, None);
/// assert_eq!(parameters.addressing().response_mode, ResponseMode::Fragment);
/// assert_eq!(parameters.read().unwrap_err().error, ErrorCode::InvalidRequest);
/// # Ok::<(), countersign_protocol::ErrorResponse>(())
/// ```
///
/// [`client_id`]: Self::client_id
/// [`redirect_uri`]: Self::redirect_uri
/// [`addressing`]: Self::addressing
/// [`read`]: Self::read
#[derive(Debug)]
pub struct AuthorizationParameters {
    encoded: Secret<String>,
    form: Form,
    /// The names of the parameters that are repeated against the rule; the form does not have them.
    repeated: Vec<String>,
}

impl AuthorizationParameters {
    /// The most bytes that a request may have.
    pub const MAX_LEN: usize = 16 * 1024;

    /// The parameters that may be given more than once (RFC 8707 §2).
    const REPEATABLE: &[&str] = &["resource"];

    /// Reads the query, or the body of a POST. It fails only where nothing can be read: a parameter that is repeated
    /// counts as absent here, and is a fault later.
    pub fn parse(encoded: &[u8]) -> Result<Self, FormError> {
        if encoded.len() > Self::MAX_LEN {
            return Err(FormError::TooLong);
        }
        // What is given is carried by pages, in which such characters would grow.
        if encoded.iter().any(u8::is_ascii_control) {
            return Err(FormError::ControlCharacters);
        }
        let (form, repeated) = Form::parse_apart(encoded, Self::REPEATABLE)?;
        let encoded = std::str::from_utf8(encoded).map_err(|_| FormError::NotUtf8)?;
        Ok(Self {
            encoded: Secret::new(encoded.to_owned()),
            form,
            repeated,
        })
    }

    /// What was given, byte for byte.
    #[must_use]
    pub fn encoded(&self) -> &str {
        self.encoded.expose()
    }

    /// The client that sends the browser, as given.
    pub fn client_id(&self) -> Result<&str, ErrorResponse> {
        self.once("client_id")?
            .ok_or_else(|| ErrorResponse::missing_parameter("client_id"))
    }

    /// Where the browser is to go with the answer, as given; none if the parameter is absent.
    pub fn redirect_uri(&self) -> Result<Option<&str>, ErrorResponse> {
        self.once("redirect_uri")
    }

    fn once(&self, name: &str) -> Result<Option<&str>, ErrorResponse> {
        match self.repeated.iter().find(|repeated| *repeated == name) {
            Some(repeated) => Err(FormError::Repeated(repeated.clone()).into()),
            None => Ok(self.form.get(name)),
        }
    }
}

fn invalid_request(description: &str) -> ErrorResponse {
    ErrorResponse::new(ErrorCode::InvalidRequest, description)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn attack_9_a_repeated_client_or_redirect_uri_names_nobody() {
        type Read = Result<(String, Option<String>), ErrorCode>;
        let read = |query: &str| -> Read {
            let parameters = AuthorizationParameters::parse(query.as_bytes()).unwrap();
            let client_id = parameters.client_id().map_err(|error| error.error)?;
            let redirect_uri = parameters.redirect_uri().map_err(|error| error.error)?;
            Ok((client_id.to_owned(), redirect_uri.map(str::to_owned)))
        };
        let invalid = || Err(ErrorCode::InvalidRequest);
        let cases: [(&str, Read); 10] = [
            ("client_id=a", Ok(("a".into(), None))),
            ("client_id=a&redirect_uri=", Ok(("a".into(), None))),
            (
                "client_id=a&redirect_uri=b%2Fc",
                Ok(("a".into(), Some("b/c".into()))),
            ),
            (
                "client_id=a&x=1&x=2&state=1&state=2",
                Ok(("a".into(), None)),
            ),
            ("", invalid()),
            ("client_id=", invalid()),
            ("client_id=a&client_id=a", invalid()),
            ("client_id=a&client%5fid=", invalid()),
            ("client_id=a&redirect_uri=b&redirect_uri=c", invalid()),
            ("client_id=a&redirect_uri=b&redirect_uri=", invalid()),
        ];
        for (query, expected) in cases {
            assert_eq!(read(query), expected, "{query}");
        }
    }

    #[test]
    fn what_was_given_is_kept_byte_for_byte_and_not_shown() {
        let query = "client_id=a&&state=%61%6A+hunter2&nonce&raw=%zz&resource=urn:a&resource=urn:b";
        let parameters = AuthorizationParameters::parse(query.as_bytes()).unwrap();
        assert_eq!(parameters.encoded(), query);
        let shown = format!("{parameters:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("urn:a"),
            "{shown}"
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let parse = |query: &[u8]| AuthorizationParameters::parse(query).map(|_| ());
        let of_len = |len: usize| format!("x={}", "a".repeat(len - 2));
        let max = AuthorizationParameters::MAX_LEN;
        assert_eq!(parse(of_len(max).as_bytes()), Ok(()));
        for raw in [&b"state=a\x00"[..], b"state=a\nb", b"\x7f"] {
            assert_eq!(parse(raw), Err(FormError::ControlCharacters));
        }
        assert_eq!(parse(of_len(max + 1).as_bytes()), Err(FormError::TooLong));
        assert_eq!(parse(b"state=%ff"), Err(FormError::NotUtf8));
        assert_eq!(parse(b"state=\xff"), Err(FormError::NotUtf8));
        let many = "a=1&".repeat(Form::MAX_PARAMETERS + 1);
        assert_eq!(parse(many.as_bytes()), Err(FormError::TooManyParameters));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(parameters) = AuthorizationParameters::parse(&bytes) {
                prop_assert_eq!(parameters.encoded().as_bytes(), bytes.as_slice());
                let _ = (parameters.client_id(), parameters.addressing(), parameters.read());
            }
        }

        #[test]
        fn any_parameters_are_read_or_refused(
            pairs in proptest::collection::vec(
                "(client_id|response_type|response_mode|scope|resource|nonce|state|prompt|max_age|claims|\
                 code_challenge|code_challenge_method|acr_values|request)=\
                 (code|token|id_token|code[+]token|query|form_post|openid|none|S256|[0-9]{1,12}|.{0,9}|\
                 [{]\"id_token\":[{]\"a\":(null|1|[{][}])[}][}])",
                0..9,
            ),
        ) {
            let parameters = AuthorizationParameters::parse(pairs.join("&").as_bytes());
            let Ok(parameters) = parameters else { return Ok(()) };
            let addressing = parameters.addressing();
            if let Ok(request) = parameters.read() {
                prop_assert!(addressing.response_mode.can_carry(request.response_type));
                prop_assert_eq!(addressing, request.addressing);
                prop_assert!(request.nonce.is_some() || !request.response_type.has_id_token());
            }
        }
    }
}
