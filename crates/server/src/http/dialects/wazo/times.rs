//! Points in time as that system writes them.

use countersign_core::Timestamp;

use crate::output::date;

/// A time in UTC without a zone, as in `2022-01-01T00:00:00.000000`: those of tokens.
pub(super) fn without_zone(time: Timestamp) -> String {
    let date = date(time);
    let seconds = date.strip_suffix('Z').unwrap_or(&date);
    format!("{seconds}.000000")
}

/// A time in UTC that says so, as in `2022-01-01T00:00:00.000000+00:00`: `created_at` of refresh tokens.
pub(super) fn with_zone(time: Timestamp) -> String {
    without_zone(time) + "+00:00"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_seed() {
        let time = Timestamp::from_seconds(1_640_995_200);
        assert_eq!(without_zone(time), "2022-01-01T00:00:00.000000");
        assert_eq!(with_zone(time), "2022-01-01T00:00:00.000000+00:00");
    }
}
