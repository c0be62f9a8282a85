//! What a browser may do with a page: Content Security Policy Level 3.

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use countersign_jose::{base64url, digest};

use super::{SCRIPT, STYLE};

static STYLE_SOURCE: LazyLock<String> = LazyLock::new(|| hash_source(STYLE));
static SCRIPT_SOURCE: LazyLock<String> = LazyLock::new(|| hash_source(SCRIPT));

/// Where the form of a page may lead.
pub(super) enum Leads<'page> {
    /// Nowhere: it has none.
    Nowhere,
    /// To this service, which may send the browser on to a client.
    Here {
        /// The client, as a source expression. Chromium applies `form-action` to redirects as well.
        then: Option<&'page str>,
    },
    /// To a client, as a source expression: by the script, if one runs.
    ToClient(&'page str),
}

impl Leads<'_> {
    /// The policy of the page: its own style, its own form, and nothing else.
    pub(super) fn policy(&self) -> String {
        let style = &*STYLE_SOURCE;
        let (script, form_action) = match self {
            Self::Nowhere => (None, "'none'".to_owned()),
            Self::Here { then } => {
                let client = then.and_then(client_source);
                let both = ["'self'".to_owned()].into_iter().chain(client);
                (None, both.collect::<Vec<_>>().join(" "))
            }
            Self::ToClient(client) => {
                let client = client_source(client).unwrap_or_else(|| "'none'".to_owned());
                (Some(&*SCRIPT_SOURCE), client)
            }
        };
        let script = script.map_or_else(String::new, |it| format!("script-src {it}; "));
        format!(
            "default-src 'none'; style-src {style}; {script}form-action {form_action}; \
             frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

/// CSP §2.3.1: `hash-source`, with the base64 of RFC 4648 §4.
fn hash_source(text: &str) -> String {
    let hash = base64url::encode(&digest::sha256(text.as_bytes()));
    format!("'sha256-{}='", hash.replace('-', "+").replace('_', "/"))
}

/// The source expression of a client: `scheme:`, or an origin. No address but 127.0.0.1 can be named (CSP
/// §6.7.2, "host-part matches"), so the scheme stands for it. So it does for a host with characters that would end the
/// directive.
fn client_source(origin: &str) -> Option<String> {
    let (scheme, rest) = origin.split_once(':')?;
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if scheme.is_empty() || !scheme.bytes().all(is_scheme) {
        return None;
    }
    let authority = rest.strip_prefix("//").unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "0"));
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let can_be_named = match host.parse::<Ipv4Addr>() {
        Ok(address) => address == Ipv4Addr::LOCALHOST,
        Err(_) => !host.is_empty() && host.bytes().all(is_host),
    };
    if can_be_named && port.parse::<u16>().is_ok() {
        Some(origin.to_owned())
    } else {
        Some(format!("{scheme}:"))
    }
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
    fn a_client_is_named_so_that_browsers_understand_it_and_can_add_nothing() {
        for (origin, expected) in [
            ("https://app.example", Some("https://app.example")),
            (
                "https://app_1.example:8443",
                Some("https://app_1.example:8443"),
            ),
            ("http://127.0.0.1:5000", Some("http://127.0.0.1:5000")),
            ("http://localhost:5000", Some("http://localhost:5000")),
            ("http://[::1]:5000", Some("http:")),
            ("https://192.0.2.1", Some("https:")),
            ("com.example.app:", Some("com.example.app:")),
            ("https://a;script-src*", Some("https:")),
            ("https://a,b.example", Some("https:")),
            ("https://a 'unsafe-inline'", Some("https:")),
            ("https://*", Some("https:")),
            ("https://a:b", Some("https:")),
            ("https://", Some("https:")),
            ("ht;tps://a.example", None),
            ("*", None),
            ("", None),
        ] {
            assert_eq!(client_source(origin).as_deref(), expected, "{origin}");
        }
    }

    #[test]
    fn rfc9700_30_a_policy_allows_what_its_page_needs_and_nothing_else() {
        let style = hash_source(STYLE);
        let script = hash_source(SCRIPT);
        let end = "frame-ancestors 'none'; base-uri 'none'";
        let client = "https://app.example";
        for (leads, middle) in [
            (Leads::Nowhere, "form-action 'none'".to_owned()),
            (Leads::Here { then: None }, "form-action 'self'".to_owned()),
            (
                Leads::Here { then: Some(client) },
                format!("form-action 'self' {client}"),
            ),
            (
                Leads::Here { then: Some("x") },
                "form-action 'self'".to_owned(),
            ),
            (
                Leads::ToClient(client),
                format!("script-src {script}; form-action {client}"),
            ),
        ] {
            assert_eq!(
                leads.policy(),
                format!("default-src 'none'; style-src {style}; {middle}; {end}")
            );
        }
    }
}
