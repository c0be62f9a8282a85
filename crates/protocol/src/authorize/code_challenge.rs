//! What a code is to be bound to: RFC 7636 §4.3.

use countersign_core::{CodeChallenge, CodeChallengeError};

use super::invalid_request;
use crate::{ErrorResponse, Form};

/// RFC 7636 §4.3 and §4.4.1. It has to be right in every request, also where there is no code to bind to it: whoever
/// sends it means to be protected by it.
pub(super) fn read_code_challenge(form: &Form) -> Result<Option<CodeChallenge>, ErrorResponse> {
    match (
        form.get("code_challenge"),
        form.get("code_challenge_method"),
    ) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) => {
            let challenge = challenge
                .parse()
                .map_err(|error: CodeChallengeError| invalid_request(&error.to_string()))?;
            Ok(Some(challenge))
        }
        (None, Some("S256")) => Err(ErrorResponse::missing_parameter("code_challenge")),
        // RFC 7636 §4.3: the method "defaults to plain if not present", and that is refused here (RFC 9700 §2.1.1).
        (_, _) => Err(invalid_request(
            "transform algorithm not supported: code_challenge_method must be S256",
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::{AuthorizationParameters, ErrorCode};

    /// RFC 7636 appendix B.
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn rfc7636_06_and_rfc7636_10_only_s256_binds_a_code() {
        let invalid = Err(ErrorCode::InvalidRequest);
        for (response_type, challenge, method, expected) in [
            ("code", CHALLENGE, "S256", Ok(true)),
            ("code", "", "", Ok(false)),
            // RFC 7636-03: the default is plain.
            ("code", CHALLENGE, "", invalid),
            ("code", CHALLENGE, "plain", invalid),
            ("code", CHALLENGE, "s256", invalid),
            ("code", CHALLENGE, "S512", invalid),
            ("code", "", "S256", invalid),
            ("code", "", "plain", invalid),
            ("code", &CHALLENGE[1..], "S256", invalid),
            (
                "code",
                "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw%2BcM",
                "S256",
                invalid,
            ),
            ("code+token", CHALLENGE, "S256", Ok(true)),
            // Nothing to bind.
            ("token", CHALLENGE, "S256", Ok(false)),
            ("token", CHALLENGE, "plain", invalid),
            ("token", "short", "S256", invalid),
        ] {
            let query = format!(
                "response_type={response_type}&code_challenge={challenge}&code_challenge_method={method}"
            );
            let read = AuthorizationParameters::parse(query.as_bytes())
                .unwrap()
                .read()
                .map(|request| request.code_challenge.is_some())
                .map_err(|error| error.error);
            assert_eq!(read, expected, "{query}");
        }
    }
}
