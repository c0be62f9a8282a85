//! Secrets and passwords: from standard input or a prompt, never from an argument that others can see.

use std::io::{self, IsTerminal as _, Read};

use countersign_core::{Password, Secret};

use crate::output::{Failure, Format, warn};

/// Reads a secret up to the end of the input; one line end there is not part of it.
///
/// `what` it is goes into the error. Of a secret with more than `max` bytes, as many are read as show that it is too long.
pub(super) fn read(
    what: &'static str,
    input: impl Read,
    max: usize,
) -> Result<Secret<String>, Failure> {
    let limit = max.saturating_add(3);
    let mut read = Secret::new(String::with_capacity(limit));
    input
        .take(u64::try_from(limit).unwrap_or(u64::MAX))
        .read_to_string(read.expose_mut())
        .map_err(|error| Failure::new(what, format!("cannot read the {what}: {error}")))?;
    let text = read.expose();
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(Secret::new(
        line.strip_suffix('\r').unwrap_or(line).to_owned(),
    ))
}

/// A new password: from standard input if so asked, else typed twice on the terminal.
///
/// `instead` says what to do where there is no terminal.
pub(super) fn new_password(from_stdin: bool, instead: &str) -> Result<Secret<String>, Failure> {
    if from_stdin {
        return read("password", io::stdin().lock(), Password::MAX_BYTES);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "there is no terminal on which to ask for the password; {instead}"
        )));
    }
    // Ctrl-C comes while the terminal shows nothing of what is typed, and a process that dies of it leaves it so.
    #[cfg(unix)]
    let _outlived = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
        .map_err(|error| Failure::new("password", error))?;
    typed_twice(|prompt| rpassword::prompt_password(prompt).map(Secret::new))
}

fn typed_twice(
    mut ask: impl FnMut(&str) -> io::Result<Secret<String>>,
) -> Result<Secret<String>, Failure> {
    let mut ask = |prompt| {
        ask(prompt)
            .map_err(|error| Failure::new("password", format!("cannot read the password: {error}")))
    };
    let first = ask("Password: ")?;
    if first == ask("The same again: ")? {
        Ok(first)
    } else {
        Err(Failure::new(
            "password",
            "the two passwords differ; nothing was changed",
        ))
    }
}

/// Warns of a password that is easily guessed. It is taken all the same.
pub(super) fn warn_if_weak(format: Format, password: &Secret<String>) {
    if Password::new(password).is_ok_and(|password| password.is_weak()) {
        warn(
            format,
            &format!(
                "the password has fewer than {} characters and is easily guessed",
                Password::WEAK_BELOW
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_not_part_of_a_secret() {
        for (input, expected) in [
            (&b"secret"[..], Some("secret")),
            (b"secret\n", Some("secret")),
            (b"secret\r\n", Some("secret")),
            (b"secret\n\n", Some("secret\n")),
            (b" a b ", Some(" a b ")),
            (b"", Some("")),
            (b"\xff", None),
            (b"longer than may be", Some("longer than m")),
        ] {
            let read = read("secret", input, 10).ok();
            let read = read.map(|secret| secret.expose().clone());
            assert_eq!(read.as_deref(), expected, "{input:?}");
        }
    }

    #[test]
    fn a_typed_password_is_taken_only_if_it_is_typed_twice() {
        let typed = |texts: [&str; 2]| {
            let mut texts = texts.into_iter().map(str::to_owned);
            typed_twice(|_| {
                texts
                    .next()
                    .map(Secret::new)
                    .ok_or(io::ErrorKind::Other.into())
            })
        };
        let taken = typed(["correct horse", "correct horse"]).unwrap();
        assert_eq!(taken.expose(), "correct horse");
        assert!(typed(["correct horse", "correct hoarse"]).is_err());
    }
}
