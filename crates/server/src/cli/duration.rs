//! Durations, as people write them.

use thiserror::Error;

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum DurationError {
    /// It is not a whole number with a unit.
    #[error(
        "a duration is a whole number, alone for seconds or with s, m, h or d: 90, 90s, 15m, 24h, 7d"
    )]
    Form,
    /// No lifetime is as long as this.
    #[error("the duration has more than {} seconds", u32::MAX)]
    TooLong,
}

/// The seconds in a text such as `90`, `90s`, `15m`, `24h` or `7d`.
pub(super) fn seconds(text: &str) -> Result<u32, DurationError> {
    let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(DurationError::Form),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DurationError::Form);
    }
    let number: Option<u32> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or(DurationError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_number_and_at_most_one_unit() {
        for (text, expected) in [
            ("90", Ok(90)),
            ("90s", Ok(90)),
            ("15m", Ok(900)),
            ("24h", Ok(86_400)),
            ("7d", Ok(604_800)),
            ("0", Ok(0)),
            ("4294967295", Ok(u32::MAX)),
            ("4294967296", Err(DurationError::TooLong)),
            ("49711d", Err(DurationError::TooLong)),
            ("99999999999999999999", Err(DurationError::TooLong)),
            ("", Err(DurationError::Form)),
            ("h", Err(DurationError::Form)),
            ("-1", Err(DurationError::Form)),
            ("+1", Err(DurationError::Form)),
            ("1.5h", Err(DurationError::Form)),
            ("1 h", Err(DurationError::Form)),
            ("1H", Err(DurationError::Form)),
            ("1h30m", Err(DurationError::Form)),
            ("1w", Err(DurationError::Form)),
            ("1ms", Err(DurationError::Form)),
            ("١h", Err(DurationError::Form)),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
