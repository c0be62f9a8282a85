//! For how long an answer may be kept: RFC 9111 §4.2.

use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap};

/// Seconds for which the answer is fresh still, if it says; 0 if it is not to be kept.
pub(super) fn max_age(headers: &HeaderMap) -> Option<u32> {
    let values = headers.get_all(CACHE_CONTROL).iter();
    let directives: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let has = |name: &str| directives.iter().any(|it| it.eq_ignore_ascii_case(name));
    if has("no-store") || has("no-cache") {
        return Some(0);
    }
    let lifetime = directives.iter().find_map(|it| {
        let (name, value) = it.split_once('=')?;
        let value = value.trim_matches('"');
        name.eq_ignore_ascii_case("max-age").then(|| seconds(value))
    })??;
    let age = headers.get(AGE).and_then(|value| value.to_str().ok());
    Some(lifetime.saturating_sub(age.and_then(seconds).unwrap_or(0)))
}

/// RFC 9111 §1.2.2: what is too large is as large as can be.
fn seconds(digits: &str) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9111_05_2_2_1_the_lifetime_is_what_the_answer_says() {
        for (cache_control, age, expected) in [
            (&[][..], None, None),
            (&["max-age=300"], None, Some(300)),
            (&["public, Max-Age=\"60\""], None, Some(60)),
            (&["public", "max-age=60"], None, Some(60)),
            (&["max-age=300"], Some("299"), Some(1)),
            (&["max-age=300"], Some("301"), Some(0)),
            (&["max-age=300"], Some("old"), Some(300)),
            (&["max-age=99999999999999999999"], None, Some(u32::MAX)),
            (&["max-age=60, no-cache"], None, Some(0)),
            (&["No-Store"], None, Some(0)),
            (&["s-maxage=60"], None, None),
            (&["max-age=-1"], None, None),
            (&["max-age="], None, None),
            (&["max-age"], None, None),
        ] {
            let mut headers = HeaderMap::new();
            for value in cache_control {
                headers.append(CACHE_CONTROL, value.parse().unwrap());
            }
            if let Some(age) = age {
                headers.insert(AGE, age.parse().unwrap());
            }
            assert_eq!(max_age(&headers), expected, "{cache_control:?} {age:?}");
        }
    }
}
