//! For how long an answer may be kept: RFC 9111 §4.2.

use http::{HeaderMap, header};

/// Seconds for which the answer may be kept, as far as it says: `max-age` less the `Age` that it has already. An answer
/// that is not to be kept is good for 0 seconds.
pub(super) fn max_age(headers: &HeaderMap) -> Option<u32> {
    let mut shortest: Option<u32> = None;
    for value in headers.get_all(header::CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or("").split(',') {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            let seconds = match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => Some(0),
                "max-age" => delta_seconds(argument),
                _ => continue,
            };
            // RFC 9111 §4.2.1: what is invalid or said twice in different ways is taken for stale.
            let seconds = seconds.unwrap_or(0);
            shortest = Some(shortest.map_or(seconds, |known| known.min(seconds)));
        }
    }
    let age = headers.get(header::AGE).and_then(|age| age.to_str().ok());
    let age = age.and_then(delta_seconds).unwrap_or(0);
    shortest.map(|seconds| seconds.saturating_sub(age))
}

/// RFC 9111 §1.2.2: digits, and as many as fit; RFC 9111 §5.2: recipients take quotes, too.
fn delta_seconds(text: &str) -> Option<u32> {
    let digits = text.trim().trim_matches('"');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn rfc9111_5_2_2_1_max_age_less_age() {
        let cases: [(&[&'static str], Option<&'static str>, Option<u32>); 17] = [
            (&[], None, None),
            (&["public"], None, None),
            (&["max-age=300"], None, Some(300)),
            (&["public, MAX-AGE = \"60\" , immutable"], None, Some(60)),
            (&["public", "max-age=60"], None, Some(60)),
            (&["max-age=300"], Some("100"), Some(200)),
            (&["max-age=300"], Some("400"), Some(0)),
            (&["max-age=300"], Some("-1"), Some(300)),
            (&["public"], Some("100"), None),
            (&["no-store"], None, Some(0)),
            (&["no-cache, max-age=300"], None, Some(0)),
            (&["max-age=300, max-age=10"], None, Some(10)),
            (&["max-age"], None, Some(0)),
            (&["max-age=-1"], None, Some(0)),
            (&["max-age=1.5"], None, Some(0)),
            (&["max-age=99999999999999999999"], None, Some(u32::MAX)),
            (&["s-maxage=300, x-max-age=5"], None, None),
        ];
        for (cache_control, age, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in cache_control {
                headers.append(header::CACHE_CONTROL, HeaderValue::from_static(value));
            }
            if let Some(age) = age {
                headers.insert(header::AGE, HeaderValue::from_static(age));
            }
            assert_eq!(max_age(&headers), expected, "{cache_control:?} {age:?}");
        }
    }
}
