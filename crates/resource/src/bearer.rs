//! Where a request carries its token: RFC 6750 §2.1.

use http::{HeaderMap, header};

use crate::{MalformedReason, Refusal};

/// The bearer token of a request, from its one `Authorization` header.
///
/// Only there: a token in a query ends up in logs and histories (RFC 6750 §5.3), and one in a form would have to be
/// read before it is known who sends it. Nothing of the token is judged but its characters.
///
/// ```
/// use countersign_resource::{Refusal, bearer_token};
/// use http::{HeaderMap, HeaderValue, header};
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(bearer_token(&headers), Err(Refusal::Missing));
///
/// headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer mF_9.B5f-4.1JqM"));
/// assert_eq!(bearer_token(&headers), Ok("mF_9.B5f-4.1JqM"));
/// ```
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Refusal::Missing);
    };
    // Who reads the first and who reads the last would see two requests.
    if values.next().is_some() {
        return Err(Refusal::Malformed(MalformedReason::SeveralHeaders));
    }
    let bytes = value.as_bytes();
    let (scheme, rest) = match bytes.iter().position(|byte| *byte == b' ') {
        Some(space) => bytes.split_at(space),
        None => (bytes, &[][..]),
    };
    // RFC 9110 §11.1: "It uses a case-insensitive token to identify the authentication scheme".
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return Err(Refusal::Missing);
    }
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = &rest[spaces..];
    if token.is_empty() {
        return Err(Refusal::Malformed(MalformedReason::Empty));
    }
    if !is_b64token(token) {
        return Err(Refusal::Malformed(MalformedReason::Characters));
    }
    std::str::from_utf8(token).map_err(|_| Refusal::Malformed(MalformedReason::Characters))
}

/// RFC 6750 §2.1: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(bytes: &[u8]) -> bool {
    let padding = bytes.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = &bytes[..bytes.len() - padding];
    !body.is_empty()
        && body
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append(header::AUTHORIZATION, value);
        }
        headers
    }

    #[test]
    fn rfc6750_02_one_header_and_any_case() {
        const SEVERAL: Refusal = Refusal::Malformed(MalformedReason::SeveralHeaders);
        const EMPTY: Refusal = Refusal::Malformed(MalformedReason::Empty);
        const CHARACTERS: Refusal = Refusal::Malformed(MalformedReason::Characters);
        type Case = (&'static [&'static [u8]], Result<&'static str, Refusal>);
        let cases: [Case; 30] = [
            (&[], Err(Refusal::Missing)),
            (&[b"Bearer abc"], Ok("abc")),
            (&[b"bearer abc"], Ok("abc")),
            (&[b"BEARER abc"], Ok("abc")),
            (&[b"Bearer   abc"], Ok("abc")),
            (&[b"Bearer a.b.c-_~+/1=="], Ok("a.b.c-_~+/1==")),
            (&[b"Basic YTpi"], Err(Refusal::Missing)),
            (&[b"DPoP abc"], Err(Refusal::Missing)),
            (&[b"Bearerabc"], Err(Refusal::Missing)),
            (&[b"Bearer\tabc"], Err(Refusal::Missing)),
            (&[b"Bearer,abc"], Err(Refusal::Missing)),
            (&[b" Bearer abc"], Err(Refusal::Missing)),
            (&[b"abc"], Err(Refusal::Missing)),
            (&[b""], Err(Refusal::Missing)),
            (&[b"Bearer"], Err(EMPTY)),
            (&[b"Bearer "], Err(EMPTY)),
            (&[b"Bearer    "], Err(EMPTY)),
            (&[b"Bearer a b"], Err(CHARACTERS)),
            (&[b"Bearer \tabc"], Err(CHARACTERS)),
            (&[b"Bearer abc "], Err(CHARACTERS)),
            (&[b"Bearer abc, Bearer def"], Err(CHARACTERS)),
            (&[b"Bearer \"abc\""], Err(CHARACTERS)),
            (&[b"Bearer a=b"], Err(CHARACTERS)),
            (&[b"Bearer =="], Err(CHARACTERS)),
            (&[b"Bearer token=abc"], Err(CHARACTERS)),
            (&[b"Bearer ab\xc3\xa9"], Err(CHARACTERS)),
            (&[b"Bearer ab\xff"], Err(CHARACTERS)),
            (&[b"Bearer abc", b"Bearer abc"], Err(SEVERAL)),
            (&[b"Bearer abc", b"Basic YTpi"], Err(SEVERAL)),
            (&[b"Basic YTpi", b"Bearer abc"], Err(SEVERAL)),
        ];
        for (values, expected) in cases {
            let shown: Vec<_> = values
                .iter()
                .map(|value| String::from_utf8_lossy(value))
                .collect();
            assert_eq!(bearer_token(&headers(values)), expected, "{shown:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(value in proptest::collection::vec(0x20_u8..=0xff, 0..40)) {
            prop_assume!(!value.contains(&0x7f));
            let _ = bearer_token(&headers(&[&value]));
        }

        #[test]
        fn what_is_read_is_what_was_sent(token in "[A-Za-z0-9._~+/-]{1,40}={0,2}") {
            let headers = headers(&[format!("Bearer {token}").as_bytes()]);
            prop_assert_eq!(bearer_token(&headers), Ok(&token[..]));
        }
    }
}
