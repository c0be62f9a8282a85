//! What comes back to a client from the authorization endpoint, or after a logout.

use url::Url;

use crate::finding::{Finding, Verdict};
use crate::http::Answer;
use crate::target::is_at;

/// How the parameters came (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// An answer that leaves the server for a client: by redirect, or by a page with a form.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) mode: Mode,
    /// Where it leads: the `Location`, or the `action` of the form.
    pub(crate) url: Url,
    /// The parameters, in the mode's own place. Those of the redirect URI itself are among them.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) answer: Answer,
}

fn parse(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

impl Response {
    /// A redirect to `url`.
    pub(crate) fn by_redirect(url: Url, answer: Answer) -> Self {
        let (mode, parameters) = match url.fragment() {
            Some(fragment) if !fragment.is_empty() => (Mode::Fragment, parse(fragment)),
            _ => (Mode::Query, parse(url.query().unwrap_or_default())),
        };
        Self {
            mode,
            url,
            parameters,
            answer,
        }
    }

    /// A page whose form leads to `url` with these fields.
    pub(crate) fn by_form(url: Url, parameters: Vec<(String, String)>, answer: Answer) -> Self {
        Self {
            mode: Mode::FormPost,
            url,
            parameters,
            answer,
        }
    }

    /// Whether it came to this redirect URI.
    pub(crate) fn is_at(&self, redirect_uri: &str) -> bool {
        is_at(&self.url, redirect_uri)
    }

    /// The first parameter of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.parameters.iter().filter(|(one, _)| one == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// How often a parameter is there.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.parameters
            .iter()
            .filter(|(one, _)| one == name)
            .count()
    }

    pub(crate) fn error(&self) -> Option<&str> {
        self.get("error")
    }

    /// What it holds, in few words and without values that are secret.
    pub(crate) fn summary(&self) -> String {
        if let Some(error) = self.error() {
            return format!("the error {error}");
        }
        let names: Vec<_> = self
            .parameters
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        format!("an answer with the parameters {}", names.join(", "))
    }

    /// A failure that this response shows.
    pub(crate) fn fails(&self, expected: impl Into<String>) -> Finding {
        self.answer.fails(expected, self.summary())
    }

    /// Fails unless `holds`.
    pub(crate) fn demand(&self, holds: bool, expected: impl Into<String>) -> Verdict {
        if holds {
            Ok(())
        } else {
            Err(self.fails(expected))
        }
    }

    /// Fails unless it says one of these errors, and gives neither code nor token.
    pub(crate) fn refused(&self, errors: &[&str], when: &str) -> Verdict {
        let holds =
            self.error().is_some_and(|error| errors.contains(&error)) && !self.gives_anything();
        self.demand(holds, format!("{when}: the error {}", errors.join(" or ")))
    }

    /// Whether there is a code or a token in it.
    pub(crate) fn gives_anything(&self) -> bool {
        let given = ["code", "access_token", "id_token", "refresh_token"];
        given.iter().any(|name| self.get(name).is_some())
    }

    /// The code, without which a check cannot go on.
    pub(crate) fn code(&self) -> Result<&str, Finding> {
        let code = self.get("code").filter(|code| !code.is_empty());
        code.ok_or_else(|| self.fails("a code (needed to begin this check)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::answer;

    #[test]
    fn parameters_are_read_from_where_they_stand() {
        let table = [
            (
                "https://c.example/cb?code=1&state=a+b%26",
                Mode::Query,
                Some("a b&"),
            ),
            (
                "https://c.example/cb?x=1#code=1&state=s",
                Mode::Fragment,
                Some("s"),
            ),
            ("https://c.example/cb?code=1#", Mode::Query, None),
        ];
        for (url, mode, state) in table {
            let url = Url::parse(url).unwrap();
            let response = Response::by_redirect(url, answer(303));
            assert_eq!((response.mode, response.get("state")), (mode, state));
            assert_eq!(
                (response.get("code"), response.count("code")),
                (Some("1"), 1)
            );
            assert!(response.is_at("https://c.example/cb"));
            assert!(!response.is_at("https://c.example/c"));
        }
    }
}
