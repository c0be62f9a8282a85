//! What a browser may do with a page: Content Security Policy Level 3.

use std::sync::LazyLock;

use countersign_jose::{base64url, digest};

use super::{SCRIPT, STYLE};

static STYLE_SOURCE: LazyLock<String> = LazyLock::new(|| hash_source(STYLE));
static SCRIPT_SOURCE: LazyLock<String> = LazyLock::new(|| hash_source(SCRIPT));

/// Where the form of a page may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// Nowhere: it has none.
    Nowhere,
    /// To this service.
    Here,
    /// To this service, which may send the browser on to a client.
    Away,
    /// To a client, by the script, if one runs.
    AwayByScript,
}

impl Leads {
    /// The policy of the page: its own style, its own script, and nothing else.
    ///
    /// A page whose form leads away has no `form-action`: Chromium applies it to every redirect that follows, those of the
    /// client included, and where a client sends its users on to, nobody here can know. The forms of our pages are our own,
    /// since nothing in them is written unescaped.
    pub(super) fn policy(self) -> String {
        let style = &*STYLE_SOURCE;
        let more = match self {
            Self::Nowhere => "form-action 'none'; ".to_owned(),
            Self::Here => "form-action 'self'; ".to_owned(),
            Self::Away => String::new(),
            Self::AwayByScript => format!("script-src {}; ", &*SCRIPT_SOURCE),
        };
        format!(
            "default-src 'none'; style-src {style}; {more}frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

/// CSP §2.3.1: `hash-source`, with the base64 of RFC 4648 §4.
fn hash_source(text: &str) -> String {
    let hash = base64url::encode(&digest::sha256(text.as_bytes()));
    format!("'sha256-{}='", hash.replace('-', "+").replace('_', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_as_browsers_write_it() {
        // The SHA-256 of nothing (FIPS 180-4), and the example of the standard.
        for (text, expected) in [
            ("", "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"),
            (
                "alert('Hello, world.');",
                "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='",
            ),
        ] {
            assert_eq!(hash_source(text), expected);
        }
    }

    #[test]
    fn rfc9700_30_a_policy_allows_what_its_page_needs_and_nothing_else() {
        let (style, script) = (hash_source(STYLE), hash_source(SCRIPT));
        for (leads, more) in [
            (Leads::Nowhere, "form-action 'none'; ".to_owned()),
            (Leads::Here, "form-action 'self'; ".to_owned()),
            (Leads::Away, String::new()),
            (Leads::AwayByScript, format!("script-src {script}; ")),
        ] {
            assert_eq!(
                leads.policy(),
                format!(
                    "default-src 'none'; style-src {style}; {more}frame-ancestors 'none'; base-uri 'none'"
                )
            );
        }
    }
}
