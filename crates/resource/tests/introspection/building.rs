//! What no introspector is made of.

use countersign_core::{IssuerError, Secret};
use countersign_resource::{
    BuildError, EndpointError, IntrospectionCredentials, Introspector, MAX_CACHE_AGE,
    MAX_CLOCK_SKEW,
};

use crate::server::{AUDIENCE, ISSUER, refused, secret_basic};

fn at(url: &str) -> countersign_resource::IntrospectorBuilder {
    Introspector::from_endpoint(ISSUER, url, secret_basic(), AUDIENCE)
}

#[tokio::test]
async fn e56_no_introspector_without_issuer_audience_and_credentials() {
    const URL: &str = "https://as.example/introspect";
    let nobody = IntrospectionCredentials::secret_basic("", Secret::new("x".into()));
    let open = IntrospectionCredentials::secret_basic("api", Secret::new(String::new()));
    let cases = [
        (at(URL), None),
        (
            Introspector::from_endpoint(ISSUER, URL, open, AUDIENCE),
            Some(BuildError::EmptySecret),
        ),
        (at(URL).max_in_flight(1), None),
        (at(URL).max_in_flight(u16::MAX), None),
        (at(URL).max_in_flight(0), Some(BuildError::NoneInFlight)),
        (
            Introspector::from_issuer(ISSUER, secret_basic(), AUDIENCE),
            None,
        ),
        (
            Introspector::from_endpoint("", URL, secret_basic(), AUDIENCE),
            Some(BuildError::EmptyIssuer),
        ),
        (
            Introspector::from_endpoint(ISSUER, URL, secret_basic(), ""),
            Some(BuildError::EmptyAudience),
        ),
        (at(URL).audience(""), Some(BuildError::EmptyAudience)),
        (
            Introspector::from_endpoint(ISSUER, URL, nobody, AUDIENCE),
            Some(BuildError::EmptyClientId),
        ),
        (
            at("http://as.example/introspect"),
            Some(BuildError::Url(EndpointError::NotHttps)),
        ),
        (
            at("https://u:p@as.example/"),
            Some(BuildError::Url(EndpointError::Excess)),
        ),
        (
            at("/introspect"),
            Some(BuildError::Url(EndpointError::NotAUrl)),
        ),
        (
            Introspector::from_issuer("http://as.example", secret_basic(), AUDIENCE),
            Some(BuildError::Issuer(IssuerError::NotHttps)),
        ),
        (at(URL).clock_skew(MAX_CLOCK_SKEW), None),
        (
            at(URL).clock_skew(MAX_CLOCK_SKEW + 1),
            Some(BuildError::ClockSkew(MAX_CLOCK_SKEW + 1)),
        ),
        (at(URL).cache(10, MAX_CACHE_AGE), None),
        (
            at(URL).cache(10, MAX_CACHE_AGE + 1),
            Some(BuildError::CacheAge(MAX_CACHE_AGE + 1)),
        ),
        (at(URL).cache(10, 0), Some(BuildError::CacheAge(0))),
    ];
    for (index, (builder, expected)) in cases.into_iter().enumerate() {
        assert_eq!(refused(builder), expected, "case {index}");
    }
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let builder = at("https://as.example/introspect");
    let shown = format!(
        "{builder:?} {:?}",
        at("https://as.example/").build().unwrap()
    );
    assert!(
        shown.contains(ISSUER) && !shown.contains("s3cret"),
        "{shown}"
    );
}
