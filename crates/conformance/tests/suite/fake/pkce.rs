//! Proof key for code exchange at the fake server (RFC 7636).

use super::wire::Form;
use super::{Fake, Sin, keys};

/// A code challenge.
#[derive(Clone)]
pub(crate) enum Challenge {
    /// By the only method that there is.
    S256(String),
    /// The verifier itself, for the sins of taking it.
    Plain(String),
}

impl Challenge {
    /// The challenge of an authorization request, if it has one.
    pub(crate) fn read(fake: &Fake, form: &Form) -> Result<Option<Self>, &'static str> {
        let Some(challenge) = form.get("code_challenge") else {
            let bare = form.get("code_challenge_method").is_some();
            return if bare {
                Err("invalid_request")
            } else {
                Ok(None)
            };
        };
        let challenge = challenge.to_owned();
        let method = form.get("code_challenge_method");
        Ok(Some(match (method, fake.sin) {
            (Some("S256"), Sin::KnowsPlainOnly) => return Err("invalid_request"),
            (Some("S256"), _) if challenge.len() == 43 => Self::S256(challenge),
            (None, Sin::TakesMissingMethodForS256) => Self::S256(challenge),
            (Some(method), Sin::TakesUnknownMethods) if method != "plain" => Self::S256(challenge),
            (Some("plain"), Sin::TakesPlainChallenges) => Self::Plain(challenge),
            _ => return Err("invalid_request"),
        }))
    }

    fn is_met_by(&self, fake: &Fake, verifier: &str) -> bool {
        match self {
            Self::S256(_) if fake.is(Sin::TakesAnyVerifier) => true,
            Self::S256(challenge) if fake.is(Sin::HashesWithPadding) => {
                format!("{}=", keys::sha256(verifier)) == *challenge
            }
            Self::S256(challenge) => keys::sha256(verifier) == *challenge,
            Self::Plain(challenge) => verifier == challenge,
        }
    }
}

/// RFC 7636 §4.6, and RFC 9700 §2.1.1: a verifier without a challenge is as bad as the reverse.
pub(crate) fn is_proven(
    fake: &Fake,
    challenge: Option<&Challenge>,
    verifier: Option<&str>,
) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (None, Some(_)) => fake.is(Sin::TakesVerifierWithoutChallenge),
        (Some(_), None) => fake.is(Sin::VerifierIsOptional),
        (Some(challenge), Some(verifier)) => {
            let well_formed = is_well_formed(verifier) || fake.is(Sin::TakesMalformedVerifiers);
            well_formed && challenge.is_met_by(fake, verifier)
        }
    }
}

/// RFC 7636 §4.1.
fn is_well_formed(verifier: &str) -> bool {
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    (43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved)
}
