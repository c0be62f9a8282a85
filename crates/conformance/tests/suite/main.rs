//! Tests of the judge, against servers that are wrong on purpose.
#![expect(
    clippy::unwrap_used,
    reason = "all of this is test code, helpers included"
)]

mod bounds;
mod command_line;
mod every_check_can_fail;
mod fake;
mod sins;
mod virtue;
