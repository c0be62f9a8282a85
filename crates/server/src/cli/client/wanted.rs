//! Clients as a file describes them: the shape in which `client show --json` tells them.

use std::collections::BTreeSet;

use countersign_core::{ClientId, ClientSettings, Secret};
use countersign_provider::wazo;
use serde_json::{Map, Value, json};

use super::settings::{GRANT_TYPES, member_names};
use super::sign_in::default_grant_types;
use crate::output::Failure;

/// What is said about a client besides its settings.
const CLIENT_ID: &str = "client_id";
/// For us to tell; what a file says about it means nothing.
const ONLY_TOLD: [&str; 3] = [
    "client_id_issued_at",
    "outcome",
    "previous_secret_expires_at",
];
const CLIENT_SECRET: &str = "client_secret";

/// A client as it is to be.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) client_id: ClientId,
    pub(super) settings: ClientSettings,
    /// The secret of the client if it is new.
    pub(super) secret: Option<Secret<String>>,
}

impl Wanted {
    /// Reads one client, or an array of them, each of another name. The client that stands for a dialect is passed over: it
    /// is listed among the others, and the server's own.
    pub(super) fn read_all(text: &str) -> Result<Vec<Self>, Failure> {
        let document: Value = serde_json::from_str(text)
            .map_err(|error| Failure::new("malformed_json", format!("this is no JSON: {error}")))?;
        let described = match document {
            Value::Array(list) => list,
            one => vec![one],
        };
        let mut names = BTreeSet::new();
        let mut wanted = Vec::new();
        let described = described.into_iter().enumerate();
        for (index, one) in described.filter(|(_, one)| one[CLIENT_ID] != wazo::CLIENT_ID) {
            let one = Self::read(index, one)?;
            if !names.insert(one.client_id.clone()) {
                return Err(invalid(&one.client_id, "is described twice"));
            }
            wanted.push(one);
        }
        Ok(wanted)
    }

    fn read(index: usize, described: Value) -> Result<Self, Failure> {
        let nameless = |what: &str| {
            let number = index + 1;
            Failure::new(
                "invalid_client_metadata",
                format!("client number {number}: {what}"),
            )
        };
        let Value::Object(mut members) = described else {
            return Err(nameless(
                "a client is a JSON object, as client show --json prints it",
            ));
        };
        let client_id = match members.remove(CLIENT_ID) {
            Some(Value::String(text)) => text
                .parse::<ClientId>()
                .map_err(|error| nameless(&error.to_string()))?,
            _ => return Err(nameless("client_id is missing, or is no text")),
        };
        for name in ONLY_TOLD {
            members.remove(name);
        }
        let secret = match members.remove(CLIENT_SECRET) {
            None => None,
            Some(Value::String(text)) => Some(Secret::new(text)),
            Some(_) => return Err(invalid(&client_id, "client_secret is no text")),
        };
        let settings = read_settings(members).map_err(|what| invalid(&client_id, &what))?;
        settings
            .check()
            .map_err(|error| invalid(&client_id, &error.to_string()))?;
        Ok(Self {
            client_id,
            settings,
            secret,
        })
    }
}

/// What is wrong with the description of a client.
pub(super) fn invalid(client_id: &ClientId, what: &str) -> Failure {
    Failure::new(
        "invalid_client_metadata",
        format!("client '{client_id}': {what}"),
    )
}

/// Reads the settings; what is not said is as it is for a new client.
fn read_settings(mut members: Map<String, Value>) -> Result<ClientSettings, String> {
    for (name, value) in &members {
        if !member_names().any(|known| known == name) {
            return Err(format!(
                "{name} is not a known member; did you mean {}?",
                nearest(name)
            ));
        }
        // Alone, so that the error is known to be about this member.
        let mut alone = json!({ GRANT_TYPES: [] });
        alone[name] = value.clone();
        serde_json::from_value::<ClientSettings>(alone)
            .map_err(|error| format!("{name}: {error}"))?;
    }
    let defaulted = !members.contains_key(GRANT_TYPES);
    if defaulted {
        members.insert(GRANT_TYPES.into(), json!([]));
    }
    let mut settings: ClientSettings =
        serde_json::from_value(members.into()).map_err(|error| error.to_string())?;
    if defaulted {
        settings.grant_types =
            default_grant_types(&settings.redirect_uris, &settings.response_types);
    }
    Ok(settings)
}

/// The known member that was probably meant.
fn nearest(name: &str) -> &'static str {
    let known = member_names().chain([CLIENT_ID, CLIENT_SECRET]);
    known
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)))
        .unwrap_or(CLIENT_ID)
}

#[cfg(test)]
mod tests {
    use countersign_core::GrantType;

    use super::*;

    #[test]
    fn one_client_or_many_are_read() {
        let read = |text| Wanted::read_all(text).map(|all| all.len()).ok();
        for (text, expected) in [
            (r#"{"client_id":"a"}"#, Some(1)),
            (r#"[{"client_id":"a"},{"client_id":"b"}]"#, Some(2)),
            ("[]", Some(0)),
            (
                r#"[{"client_id":"countersign:wazo","grant_types":[]},{"client_id":"b"}]"#,
                Some(1),
            ),
            (r#"[{"client_id":"a"},{"client_id":"a"}]"#, None),
            (r#"[["a"]]"#, None),
            (r#""a""#, None),
            ("{}", None),
            ("", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_said_is_as_for_a_new_client() {
        for (text, grant_types) in [
            (r#"{"client_id":"a"}"#, vec![GrantType::ClientCredentials]),
            (
                r#"{"client_id":"a","redirect_uris":["https://app.example/cb"]}"#,
                vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            ),
            (
                r#"{"client_id":"a","redirect_uris":["https://app.example/cb"],"response_types":["id_token"]}"#,
                vec![GrantType::Implicit],
            ),
            (
                r#"{"client_id":"a","client_id_issued_at":7,"grant_types":["password"]}"#,
                vec![GrantType::Password],
            ),
        ] {
            let wanted = Wanted::read_all(text).unwrap().remove(0);
            let expected = ClientSettings {
                redirect_uris: wanted.settings.redirect_uris.clone(),
                response_types: wanted.settings.response_types.clone(),
                ..ClientSettings::new(grant_types)
            };
            assert_eq!(wanted.settings, expected, "{text}");
            assert!(wanted.secret.is_none());
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_the_client_and_the_member() {
        for (members, expected) in [
            (
                r#""redirect_uri":"x""#,
                "redirect_uri is not a known member; did you mean redirect_uris?",
            ),
            (r#""scopes":"x""#, "did you mean scope?"),
            (r#""client_secrets":"x""#, "did you mean client_secret?"),
            (
                r#""access_token_lifetime":"1h""#,
                "access_token_lifetime: invalid type",
            ),
            (r#""grant_types":["magic"]"#, "grant_types: unknown variant"),
            (
                r#""response_types":["none"]"#,
                "response_types: unknown response type 'none'",
            ),
            (
                r#""response_types":["id_token"]"#,
                "at least one redirect URI",
            ),
            (r#""grant_types":[]"#, "at least one grant type"),
            (r#""default_scope":"write""#, "default scope 'write'"),
            (r#""client_secret":7"#, "client_secret is no text"),
        ] {
            let text = format!(r#"{{"client_id":"billing",{members}}}"#);
            let told = format!("{:?}", Wanted::read_all(&text).unwrap_err());
            assert!(told.contains("client 'billing': "), "{told}");
            assert!(told.contains(expected), "{told}");
        }
    }
}
