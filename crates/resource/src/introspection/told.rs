//! What an issuer says that does not answer a question: RFC 6749 §5.2.

use countersign_jose::json;
use serde_json::Value;

/// The most characters of it that are repeated in a log.
const MAX_LEN: usize = 200;

/// The fewest characters of a token that nobody guesses. What is shorter may stand in any text, and whoever sends it must
/// not silence the log.
const TOKEN_LEN: usize = 20;

/// `error` and `error_description`, for the log of the operator, who looks for what is wrong with the credentials. Nothing
/// if it repeats the token or the `proof` of who asks, which is the secret or an assertion; what is no printable ASCII does
/// not belong there, and is not repeated either.
pub(super) fn told(body: &[u8], token: &str, proof: &str) -> Option<String> {
    let members = json::parse_object(body).ok()?;
    let texts =
        ["error", "error_description"].map(|name| members.get(name).and_then(Value::as_str));
    let text = texts.into_iter().flatten().collect::<Vec<_>>().join(": ");
    let repeats_token = token.len() >= TOKEN_LEN && text.contains(token);
    let repeats_proof = !proof.is_empty() && text.contains(proof);
    if text.is_empty() || repeats_token || repeats_proof {
        return None;
    }
    let printable = |char: char| char == ' ' || char.is_ascii_graphic();
    let shown = text.chars().take(MAX_LEN);
    Some(
        shown
            .map(|char| if printable(char) { char } else { '?' })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "cs_at_0123456789abcdef";

    #[test]
    fn rfc6749_5_2_what_is_wrong_is_told_in_one_printable_line_without_secrets() {
        let long = "a".repeat(10_000);
        let cases = [
            (json!({"error": "invalid_client"}), Some("invalid_client")),
            (
                json!({"error": "invalid_client", "error_description": "the kid is not known", "error_uri": "x"}),
                Some("invalid_client: the kid is not known"),
            ),
            (json!({"error_description": "no"}), Some("no")),
            (
                json!({"error": "a\nlevel=ERROR \u{1b}[31m\u{202e}\u{e9}"}),
                Some("a?level=ERROR ?[31m??"),
            ),
            (json!({"error": long}), Some(&long[..200])),
            (json!({"error": format!("not {TOKEN}")}), None),
            (json!({"error": "not s3cret"}), None),
            // Neither whole nor in part.
            (json!({"error": format!("{}{TOKEN}", &long[..190])}), None),
            (json!({"error": ["x"]}), None),
            (json!({"error": ""}), None),
            (json!({}), None),
        ];
        for (body, expected) in cases {
            let told = told(body.to_string().as_bytes(), TOKEN, "s3cret");
            assert_eq!(told.as_deref(), expected, "{body}");
        }
        // What may stand in any text silences nobody.
        let body = br#"{"error":"invalid_client"}"#;
        assert!(told(body, "client", "").is_some());
        for body in ["", "<html>", "[]", r#"{"error":"a","error":"b"}"#] {
            assert_eq!(told(body.as_bytes(), TOKEN, ""), None, "{body}");
        }
    }
}
