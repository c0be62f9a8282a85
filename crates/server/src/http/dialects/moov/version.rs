//! Which version of that wire is spoken: the header `X-Moov-Version`. All of them are alike at these two endpoints.

use axum::http::HeaderMap;

/// The header that names a version, in requests and in answers.
pub(super) const HEADER: &str = "x-moov-version";

/// A version that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    number: Number,
    name: &'static str,
}

/// Year, month and what that system counts within it; they are compared in this order.
type Number = (u16, u8, u8);

/// A request names a version that is none, or older than all that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("X-Moov-Version names a version such as v2024.01.00, and none before it")]
pub(super) struct NoSuchVersion;

impl Version {
    /// What is spoken, oldest first.
    const SPOKEN: [Self; 2] = [
        Self {
            number: (2024, 1, 0),
            name: "v2024.01.00",
        },
        Self {
            number: (2026, 7, 0),
            name: "v2026.07.00",
        },
    ];

    /// Its name on the wire.
    pub(super) const fn name(self) -> &'static str {
        self.name
    }

    /// The version for a request: the oldest if it names none, else the newest that is not newer than what it names.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, NoSuchVersion> {
        let mut named = headers.get_all(HEADER).iter();
        let wanted = match (named.next(), named.next()) {
            (None, _) => return Ok(Self::SPOKEN[0]),
            (Some(value), None) => value.to_str().ok().and_then(read),
            (Some(_), Some(_)) => None,
        };
        let wanted = wanted.ok_or(NoSuchVersion)?;
        let mut newest_first = Self::SPOKEN.into_iter().rev();
        newest_first
            .find(|version| version.number <= wanted)
            .ok_or(NoSuchVersion)
    }
}

/// `vYYYY.MM.DD`, in digits.
fn read(text: &str) -> Option<Number> {
    let mut parts = text.strip_prefix('v')?.split('.');
    let mut digits = |count| {
        let part = parts.next()?;
        let are_digits = part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        are_digits.then_some(part)
    };
    let (year, month, day) = (digits(4)?, digits(2)?, digits(2)?);
    let number = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    parts.next().is_none().then_some(number)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn answered(named: &[&'static str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for value in named {
            headers.append(HEADER, HeaderValue::from_static(value));
        }
        Version::of(&headers).ok().map(Version::name)
    }

    #[test]
    fn row_2_3_the_newest_version_that_is_not_newer_than_the_one_named() {
        let (old, new) = (Some("v2024.01.00"), Some("v2026.07.00"));
        let cases: [(&[&'static str], Option<&str>); 22] = [
            (&[], old),
            (&["v2024.01.00"], old),
            (&["v2024.01.01"], old),
            (&["v2025.10.00"], old),
            (&["v2026.06.99"], old),
            (&["v2026.07.00"], new),
            (&["v2026.07.01"], new),
            (&["v9999.99.99"], new),
            (&["v2023.12.31"], None),
            (&["v0000.00.00"], None),
            (&["2022"], None),
            (&[""], None),
            (&["v2024"], None),
            (&["2024.01.00"], None),
            (&["V2024.01.00"], None),
            (&["v2024.1.0"], None),
            (&["v2024.01.00.00"], None),
            (&["v2024.01.00."], None),
            (&["v2024.01.+1"], None),
            (&["v2024-01-00"], None),
            (&["v2024.01.00, v2026.07.00"], None),
            (&["v2024.01.00", "v2024.01.00"], None),
        ];
        for (named, expected) in cases {
            assert_eq!(answered(named), expected, "{named:?}");
        }
    }
}
