//! Which values make sense.

use std::ops::RangeInclusive;

use countersign_core::wazo::AccessList;
use countersign_core::{AuthMethod, ClientSettings};
use countersign_provider::wazo::Expiration;

use super::dialects::Dialect;
use super::{Config, invalid};
use crate::output::Failure;

/// The longest life of an authorization code, in seconds: RFC 6749 §4.1.2, "A maximum authorization code lifetime of 10
/// minutes is RECOMMENDED."
const LONGEST_CODE: u32 = 600;

/// The longest life of an access token, in seconds: one day, for which keys are kept.
const LONGEST_ACCESS_TOKEN: u32 = ClientSettings::MAX_ACCESS_TOKEN_LIFETIME;

/// The longest life of an ID token, in seconds: one day, for which keys are kept.
const LONGEST_ID_TOKEN: u32 = ClientSettings::MAX_ACCESS_TOKEN_LIFETIME;

/// The longest life of a grant, in seconds.
const LONGEST_REFRESH: u32 = ClientSettings::MAX_REFRESH_TOKEN_LIFETIME;

/// The longest life of a session, in seconds: 400 days, for which browsers keep a cookie at most.
const LONGEST_SESSION: u32 = 400 * 86_400;

/// A key, its value, and what that may be.
type Number = (&'static str, u32, RangeInclusive<u32>);

impl Config {
    /// Checks that each value makes sense.
    pub(super) fn check(&self) -> Result<(), Failure> {
        for number in self.seconds() {
            within(&number, " seconds")?;
        }
        for number in self.counts() {
            within(&number, "")?;
        }
        let (idle, whole) = (self.lifetimes.session_idle, self.lifetimes.session);
        if idle > whole {
            return Err(invalid(format!(
                "lifetimes.session_idle is {idle}, which is longer than lifetimes.session, {whole}; make one of them fit"
            )));
        }
        if !(1..=64).contains(&self.hashing.workers) {
            return Err(invalid("hashing.workers must be between 1 and 64"));
        }
        self.check_auth_methods()?;
        let acl: AccessList = self.wazo.default_acl.iter().cloned().collect();
        if let Err(error) = acl.check() {
            return Err(invalid(format!("wazo.default_acl: {error}")));
        }
        // RFC 9700 §2.4: whoever wants no password grant wants none at another door.
        if self.strict && self.dialects.contains(&Dialect::Wazo) {
            return Err(invalid(
                "strict = true takes no passwords from programs, and the dialect wazo does; leave out one of them",
            ));
        }
        Ok(())
    }

    /// There is a way to authenticate, and each is named once.
    fn check_auth_methods(&self) -> Result<(), Failure> {
        let methods = &self.client_auth_methods;
        if methods.is_empty() {
            let known = AuthMethod::ALL.map(AuthMethod::name).join(", ");
            return Err(invalid(format!(
                "client_auth_methods names no way to authenticate; known are: {known}"
            )));
        }
        for method in methods {
            if methods.iter().filter(|it| *it == method).count() > 1 {
                return Err(invalid(format!(
                    "client_auth_methods names {method} twice; name each method once"
                )));
            }
        }
        Ok(())
    }

    #[rustfmt::skip]
    fn seconds(&self) -> [Number; 13] {
        let Self { lifetimes, refresh, throttle, cache, classic, wazo, .. } = self;
        [
            ("lifetimes.access_token", lifetimes.access_token, 1..=LONGEST_ACCESS_TOKEN),
            ("lifetimes.refresh_token", lifetimes.refresh_token, 1..=LONGEST_REFRESH),
            ("lifetimes.refresh_token_idle", lifetimes.refresh_token_idle, 1..=LONGEST_REFRESH),
            ("lifetimes.authorization_code", lifetimes.authorization_code, 1..=LONGEST_CODE),
            ("lifetimes.id_token", lifetimes.id_token, 1..=LONGEST_ID_TOKEN),
            ("lifetimes.session", lifetimes.session, 1..=LONGEST_SESSION),
            ("lifetimes.session_idle", lifetimes.session_idle, 1..=LONGEST_SESSION),
            ("refresh.retry_window", refresh.retry_window, 0..=ClientSettings::MAX_RETRY_WINDOW),
            ("throttle.window", throttle.window, 1..=3_600),
            ("throttle.max_delay", throttle.max_delay, 1..=3_600),
            ("cache.max_stale", cache.max_stale, 1..=3_600),
            ("classic.access_token_lifetime", classic.access_token_lifetime, 1..=LONGEST_ACCESS_TOKEN),
            ("wazo.access_token_lifetime", wazo.access_token_lifetime, 1..=Expiration::MAX),
        ]
    }

    #[rustfmt::skip]
    fn counts(&self) -> [Number; 4] {
        [
            ("keys.rotation_days", self.keys.rotation_days, 0..=3_650),
            ("refresh.max_grants", self.refresh.max_grants, 1..=10_000),
            ("sessions.max_per_user", self.sessions.max_per_user, 1..=10_000),
            ("wazo.max_sessions", self.wazo.max_sessions, 1..=10_000),
        ]
    }
}

fn within((key, value, range): &Number, unit: &str) -> Result<(), Failure> {
    if range.contains(value) {
        return Ok(());
    }
    let (low, high) = (range.start(), range.end());
    Err(invalid(format!(
        "{key} is {value}; it must be between {low} and {high}{unit}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_methods_of_clients_are_some_and_each_is_named_once() {
        use AuthMethod::{ClientSecretBasic, ClientSecretJwt, None};
        let all = AuthMethod::ALL;
        let cases: [(&[AuthMethod], &str); 5] = [
            (&all, ""),
            (&[ClientSecretJwt], ""),
            (
                &[],
                "known are: client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, none",
            ),
            (&[None, ClientSecretBasic, None], "none twice"),
            (
                &[ClientSecretBasic, ClientSecretBasic],
                "client_secret_basic twice",
            ),
        ];
        for (methods, expected) in cases {
            let config = Config {
                client_auth_methods: methods.to_vec(),
                ..Config::default()
            };
            let told = config
                .check()
                .err()
                .map_or_else(String::new, |it| format!("{it:?}"));
            assert!(told.contains(expected), "{methods:?}: {told}");
            assert_eq!(told.is_empty(), expected.is_empty(), "{methods:?}: {told}");
        }
    }

    #[test]
    fn what_is_offered_without_being_asked_is_what_the_provider_offers() {
        let issuer = "https://login.example.com".parse().unwrap();
        let settings = countersign_provider::Settings::new(issuer);
        assert_eq!(Config::default().client_auth_methods, settings.auth_methods);
    }
}
