//! `countersign recover`.

use clap::Args;
use countersign_core::{Clock as _, Timestamp};
use serde_json::json;
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Global;
use crate::host::SystemClock;
use crate::output::{Failure, date, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    countersign recover --restored-to 2026-11-21T09:00:00Z\n      \
    After a backup that was made at nine was put in the place of the database.\n\n\
    Refresh tokens that were issued since then are newer than the database. Without this declaration they are \
    refused, and their users have to sign in again. With it they are accepted; so are those that were revoked since \
    then, for the revocations are lost. Repeat them: countersign revoke --help")]
pub(crate) struct Recover {
    /// When the backup was made, as `backup` has told it: RFC 3339, or seconds since 1970
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    restored_to: Timestamp,
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a time is written 2026-11-21T09:00:00Z (RFC 3339), or in seconds since 1970")]
struct TimeError;

fn parse_time(text: &str) -> Result<Timestamp, TimeError> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().map_err(|_| TimeError)?;
        return Ok(Timestamp::from_seconds(seconds));
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimeError)?;
    Ok(Timestamp::from_seconds(time.unix_timestamp()))
}

impl Recover {
    pub(crate) async fn run(&self, global: &Global) -> Result<(), Failure> {
        let restored_to = self.restored_to;
        if restored_to > SystemClock.now() {
            return Err(Failure::new(
                "time_in_the_future",
                format!(
                    "{} is in the future; give the time at which the backup was made",
                    date(restored_to)
                ),
            ));
        }
        let opened = global.provider().await?;
        opened.provider.declare_restore(restored_to).await?;
        let gap = opened.store.restore_gap().await?;
        let declared_at = gap.map(|gap| gap.declared_at);
        let text = format!(
            "Declared: the database was restored to {}. Sessions that are in the copy go on \
            with the refresh tokens that they were given since; whoever signed in later has to sign in again.\n\n\
            Lost is what was changed since then; repeat it:\n  \
            revocations         countersign revoke --user | --client | --grant\n  \
            users               countersign user disable | set-password | remove\n  \
            clients             countersign client apply | rotate-secret | remove\n  \
            compromised keys    countersign key revoke\n\n\
            If nobody knows any more what was revoked, end everything: countersign revoke --all --yes",
            date(restored_to)
        );
        let document = json!({ "restored_to": restored_to, "declared_at": declared_at });
        print(global.format(), &text, &document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_or_seconds() {
        for (text, expected) in [
            ("2026-11-21T09:00:00Z", Some(1_795_251_600)),
            ("2026-11-21T10:00:00+01:00", Some(1_795_251_600)),
            // Of a fraction, what is certainly before the backup.
            ("2026-11-21T09:00:00.999Z", Some(1_795_251_600)),
            ("1795251600", Some(1_795_251_600)),
            ("0", Some(0)),
            ("", None),
            ("-1", None),
            ("2026-11-21", None),
            ("2026-11-21T09:00:00", None),
            ("2026-13-21T09:00:00Z", None),
            ("yesterday", None),
            ("99999999999999999999", None),
        ] {
            let time = parse_time(text).ok().map(Timestamp::as_seconds);
            assert_eq!(time, expected, "{text}");
        }
    }
}
