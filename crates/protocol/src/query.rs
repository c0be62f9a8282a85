//! How parameters are put into the URI to which a browser is sent.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::form::decode;

/// Everything but the unreserved characters of RFC 3986 §2.3. A space becomes `%20`, which every reader of forms and of
/// URIs takes for one, while `+` is a space to the former only.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The parameters as `application/x-www-form-urlencoded` (RFC 6749 appendix B).
pub(crate) fn encode(parameters: &[(&'static str, String)]) -> String {
    parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ESCAPED)))
        .collect::<Vec<_>>()
        .join("&")
}

/// `uri` with the parameters added to its query.
///
/// RFC 6749 §3.1.2: the query "MUST be retained when adding additional query parameters". Of it goes only what has the
/// name of an added parameter: "response parameters MUST NOT be included more than once" (§3.1).
pub(crate) fn append(uri: &str, parameters: &[(&'static str, String)]) -> String {
    let (base, query) = uri.split_once('?').unwrap_or((uri, ""));
    let is_added = |pair: &str| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        decode(name).is_ok_and(|name| parameters.iter().any(|(added, _)| *added == name))
    };
    let mut kept = query
        .split('&')
        .filter(|pair| !is_added(pair))
        .collect::<Vec<_>>()
        .join("&");
    if !kept.is_empty() && !kept.ends_with('&') {
        kept.push('&');
    }
    format!("{base}?{kept}{}", encode(parameters))
}
