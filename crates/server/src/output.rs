//! What the command line says: results on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use countersign_core::Timestamp;
use countersign_storage::StoreError;
use serde::Serialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// A failed command: a word for programs, a sentence for people.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    exit: u8,
}

impl Failure {
    /// The command was understood and failed.
    pub(crate) fn new(code: &'static str, message: impl Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            exit: 1,
        }
    }

    /// The command was not understood.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self {
            code: "usage",
            message: message.to_string(),
            exit: 2,
        }
    }

    /// Tells it on standard error and gives the exit code: 1 for a failed command, 2 for a misunderstood one.
    pub(crate) fn report(&self, format: Format) -> ExitCode {
        let line = match format {
            Format::Text => format!("error: {}", self.message),
            Format::Json => json!({ "error": self.code, "message": self.message }).to_string(),
        };
        // Nobody is left to tell if standard error is closed.
        let _ = writeln!(io::stderr(), "{line}");
        ExitCode::from(self.exit)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) => Self::new(
                "storage",
                format!(
                    "{error}; the database of this data folder is damaged: restore a backup, see: countersign recover --help"
                ),
            ),
            error => Self::new("storage", error),
        }
    }
}

/// Writes a result: `text` for people, `value` for programs.
pub(crate) fn print(format: Format, text: &str, value: &impl Serialize) -> Result<(), Failure> {
    let line = match format {
        Format::Text => text.trim_end().to_owned(),
        Format::Json => {
            serde_json::to_string_pretty(value).map_err(|error| Failure::new("internal", error))?
        }
    };
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
        // Whoever reads has read enough: `countersign client list | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::new("output", error)),
    }
}

/// Tells about something that did not stop the command: one line on standard error.
pub(crate) fn warn(format: Format, text: &str) {
    let line = match format {
        Format::Text => format!("warning: {text}"),
        Format::Json => json!({ "warning": text }).to_string(),
    };
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Lines up rows of cells under their headings.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(headings.to_vec())];
    lines.extend(
        rows.iter()
            .map(|row| line(row.iter().map(String::as_str).collect())),
    );
    lines.join("\n")
}

/// A time for people: RFC 3339 in UTC, such as `2026-11-21T16:47:36Z`. Programs get seconds.
pub(crate) fn date(time: Timestamp) -> String {
    let date = OffsetDateTime::from_unix_timestamp(time.as_seconds()).ok();
    // Behind the year 9999 there is no such date.
    date.and_then(|date| date.format(&Rfc3339).ok())
        .unwrap_or_else(|| time.to_string())
}

/// Lines up the members of one JSON object, for people: times as dates, and nothing that is empty.
pub(crate) fn members_table(members: &Map<String, Value>) -> String {
    let shown = |name: &str, value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(seconds) if name.ends_with("_at") => {
            let time = seconds.as_i64().map(Timestamp::from_seconds);
            time.map_or_else(|| seconds.to_string(), date)
        }
        Value::Array(list) => list
            .iter()
            .map(|one| one.as_str().unwrap_or_default())
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    };
    let rows: Vec<Vec<String>> = members
        .iter()
        .filter(|(_, value)| **value != json!([]) && **value != json!({}))
        .map(|(name, value)| vec![name.clone(), shown(name, value)])
        .collect();
    table(&["MEMBER", "VALUE"], &rows)
}

/// A value as one of its JSON object's members, or an empty object if it is none.
pub(crate) fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// The same, with these lists in it even if they are empty: programs walk over them.
pub(crate) fn object_with_lists(value: &impl Serialize, lists: &[&str]) -> Map<String, Value> {
    let mut members = object(value);
    for name in lists {
        members.entry(*name).or_insert_with(|| json!([]));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_rfc_3339_in_utc() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_795_279_656, "2026-11-21T16:47:36Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "253402300800"),
            (i64::MAX, "9223372036854775807"),
        ] {
            assert_eq!(date(Timestamp::from_seconds(seconds)), expected);
        }
    }
}
