//! What `user add` and `user update` may say about a user.

use clap::Args;
use countersign_core::UserProfile;
use serde_json::Value;
use thiserror::Error;

/// What is set or added.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(super) struct ProfileArgs {
    /// The full name
    #[arg(long, value_name = "N")]
    pub(super) name: Option<String>,
    /// The e-mail address; a new one counts as unverified unless something else is said
    #[arg(long, value_name = "E")]
    pub(super) email: Option<String>,
    /// A group to which the user belongs; may be given several times
    #[arg(long = "group", value_name = "G")]
    pub(super) groups: Vec<String>,
    /// A role that the user has; may be given several times
    #[arg(long = "role", value_name = "R")]
    pub(super) roles: Vec<String>,
    /// A further claim with its value in JSON, where a text stands in double quotes: --claim 'plan="gold"'. So are those of
    /// OpenID Connect that have no option here, such as nickname, birthdate or picture, and address, which is an object:
    /// --claim 'address={"locality":"Bern","country":"CH"}'; may be given several times
    #[arg(long = "claim", value_name = "KEY=JSON", value_parser = Claim::parse)]
    pub(super) claims: Vec<Claim>,
}

impl ProfileArgs {
    /// Sets and adds in `profile` what is named; all else stays as it is.
    pub(super) fn apply_to(self, profile: &mut UserProfile) {
        profile.name = self.name.or(profile.name.take());
        if let Some(email) = self.email {
            // Whoever has verified an address has not verified another one.
            profile.email_verified &= profile.email.as_ref() == Some(&email);
            profile.email = Some(email);
        }
        add_missing(&mut profile.groups, self.groups);
        add_missing(&mut profile.roles, self.roles);
        for Claim { name, value } in self.claims {
            profile.claims.insert(name, value);
        }
    }
}

fn add_missing(entries: &mut Vec<String>, new: Vec<String>) {
    for entry in new {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
}

/// A claim of `--claim`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claim {
    pub(super) name: String,
    value: Value,
}

/// Why a text is no claim.
#[derive(Debug, Error, PartialEq)]
enum ClaimError {
    #[error(
        "a claim is a name, an equals sign and JSON: --claim 'plan=\"gold\"' or --claim level=3"
    )]
    Form,
    #[error(
        "the value of '{name}' is not JSON; a text needs double quotes inside of single ones: --claim '{name}=\"{value}\"'"
    )]
    NotJson { name: String, value: String },
}

impl Claim {
    fn parse(text: &str) -> Result<Self, ClaimError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => (name, value),
            _ => return Err(ClaimError::Form),
        };
        let value = serde_json::from_str(value).map_err(|_| ClaimError::NotJson {
            name: name.to_owned(),
            value: value.to_owned(),
        })?;
        Ok(Self {
            name: name.to_owned(),
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_have_a_name_and_json() {
        for (text, name, value) in [
            ("plan=\"gold\"", "plan", json!("gold")),
            ("level=3", "level", json!(3)),
            (
                "flags={\"a\":[true,null]}",
                "flags",
                json!({"a": [true, null]}),
            ),
            ("formula=\"a=b\"", "formula", json!("a=b")),
            ("urn:x= 1 ", "urn:x", json!(1)),
        ] {
            let name = name.to_owned();
            assert_eq!(Claim::parse(text), Ok(Claim { name, value }), "{text}");
        }
        for text in ["", "plan", "=1"] {
            assert_eq!(Claim::parse(text), Err(ClaimError::Form), "{text}");
        }
        for text in ["plan=gold", "plan=", "plan='gold'", "plan=1 2"] {
            let error = Claim::parse(text);
            assert!(matches!(error, Err(ClaimError::NotJson { .. })), "{text}");
        }
        let told = Claim::parse("plan=gold").unwrap_err().to_string();
        assert!(told.ends_with(r#"--claim 'plan="gold"'"#), "{told}");
    }

    #[test]
    fn a_new_address_is_unverified() {
        let profile = UserProfile {
            email: Some("a@example.com".into()),
            email_verified: true,
            ..UserProfile::default()
        };
        for (email, expected) in [("a@example.com", true), ("b@example.com", false)] {
            let mut profile = profile.clone();
            let args = ProfileArgs {
                email: Some(email.into()),
                ..ProfileArgs::default()
            };
            args.apply_to(&mut profile);
            assert_eq!(profile.email_verified, expected, "{email}");
        }
    }
}
