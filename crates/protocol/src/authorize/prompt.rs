//! What the user has to be asked: OpenID Connect Core §3.1.2.1.

use super::invalid_request;
use crate::ErrorResponse;

/// The values of the parameter `prompt`; all false if it is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the parameter is a set of these"
)]
pub struct Prompt {
    /// No page may be shown; then no other is set.
    pub none: bool,
    /// The user has to sign in, even if signed in already.
    pub login: bool,
    /// The user has to be asked to agree, even if asked already.
    pub consent: bool,
    /// The user has to be asked which account is meant.
    pub select_account: bool,
}

impl Prompt {
    /// The values that are read.
    pub const NAMES: [&str; 4] = ["none", "login", "consent", "select_account"];

    /// Reads a "space-delimited, case-sensitive list".
    pub(super) fn read(text: Option<&str>) -> Result<Self, ErrorResponse> {
        let mut prompt = Self::default();
        for value in text.into_iter().flat_map(|text| text.split(' ')) {
            match value {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                // Initiating User Registration via OpenID Connect §4.1.1: a provider that does not know `create`
                // answers `invalid_request`.
                _ => {
                    return Err(invalid_request(&format!(
                        "prompt has values out of: {}",
                        Self::NAMES.join(" ")
                    )));
                }
            }
        }
        // "If this parameter contains none with any other value, an error is returned."
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
            return Err(invalid_request("prompt=none goes with no other value"));
        }
        Ok(prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn oidc_core_11_none_stands_alone_and_unknown_values_are_refused() {
        const ABSENT: Prompt = Prompt {
            none: false,
            login: false,
            consent: false,
            select_account: false,
        };
        let none = Prompt {
            none: true,
            ..ABSENT
        };
        let login = Prompt {
            login: true,
            ..ABSENT
        };
        let all_but_none = Prompt {
            none: false,
            login: true,
            consent: true,
            select_account: true,
        };
        for (text, expected) in [
            (None, Some(ABSENT)),
            (Some("none"), Some(none)),
            (Some("none none"), Some(none)),
            (Some("login"), Some(login)),
            (Some("consent select_account login"), Some(all_but_none)),
            (Some("none login"), None),
            (Some("consent none"), None),
            (Some("select_account none"), None),
            (Some("create"), None),
            (Some("login create"), None),
            (Some("None"), None),
            (Some("login  consent"), None),
            (Some("login,consent"), None),
        ] {
            let read = Prompt::read(text);
            assert_eq!(read.clone().ok(), expected, "{text:?}");
            if let Err(error) = read {
                assert_eq!(error.error, ErrorCode::InvalidRequest);
            }
        }
    }

    #[test]
    fn the_refusal_names_what_is_read() {
        let refusal = Prompt::read(Some("create")).unwrap_err();
        for name in Prompt::NAMES {
            assert!(refusal.error_description.as_str().contains(name));
            assert!(Prompt::read(Some(name)).is_ok());
        }
    }
}
