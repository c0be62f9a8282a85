//! The registry: every check, once, in the order in which a run makes them.
//!
//! One file per specification, with a table at its top. To add a check: one line in the table, one function below
//! it, and one sin in `tests/` that turns it red. To add a specification: one file and one line here.

use crate::check::Check;

mod meta;
mod oidc;
mod plus;
mod rfc6749;
mod rfc6750;
mod rfc7009;
mod rfc7636;
mod rfc7662;
mod rfc8414;
mod rfc8707;
mod rfc9068;
mod rfc9207;
mod rfc9700;
mod throttles;

const SUITES: [&[Check]; 27] = [
    rfc6749::CHECKS,
    rfc6750::CHECKS,
    rfc7009::CHECKS,
    rfc7636::CHECKS,
    rfc7662::CHECKS,
    rfc8414::CHECKS,
    rfc8707::CHECKS,
    rfc9068::CHECKS,
    rfc9207::CHECKS,
    rfc9700::CHECKS,
    oidc::id_token::CHECKS,
    oidc::request::CHECKS,
    oidc::prompt::CHECKS,
    oidc::accounts::CHECKS,
    oidc::consent::CHECKS,
    oidc::token::CHECKS,
    oidc::client_assertion::CHECKS,
    oidc::front_channel::CHECKS,
    oidc::userinfo::CHECKS,
    oidc::claims::CHECKS,
    oidc::discovery::CHECKS,
    oidc::form_post::CHECKS,
    oidc::rp_logout::CHECKS,
    oidc::certification::CHECKS,
    meta::CHECKS,
    plus::CHECKS,
    // These come last: a throttle that has been aroused would colour what follows.
    throttles::CHECKS,
];

/// Every check, in the order in which a run makes them.
pub fn all() -> impl Iterator<Item = &'static Check> {
    SUITES.into_iter().flatten()
}

/// The check of that id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id() == id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::check::Profile;

    #[test]
    fn an_id_stands_once_and_names_a_spec_and_a_number() {
        let mut seen = HashSet::new();
        for check in all() {
            assert!(seen.insert(check.id()), "{} stands twice", check.id());
            let (spec, number) = check.id().rsplit_once('-').expect("an id has a dash");
            let known = ["META", "PLUS"].contains(&spec) || check.reference().is_some();
            assert!(known, "{spec}");
            assert!(
                number.len() == 2 && number.parse::<u8>().is_ok(),
                "{}",
                check.id()
            );
        }
    }

    #[test]
    fn every_check_says_what_it_demands_and_where_it_belongs() {
        for check in all() {
            assert!(!check.profiles().is_empty(), "{}", check.id());
            assert!(check.requirement().len() > 20, "{}", check.id());
            assert!(!check.requirement().ends_with('.'), "{}", check.id());
        }
        for profile in Profile::ALL {
            assert!(
                all().any(|check| check.profiles().contains(&profile)),
                "{profile} is empty"
            );
        }
    }
}
