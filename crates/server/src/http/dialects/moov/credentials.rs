//! Who says to send a request: its `Authorization` header, its members, or both where they say the same.

use countersign_core::Secret;
use countersign_protocol::{AuthorizationHeader, BasicCredentials, Form, PresentedClient};

use super::refusal::Refusal;
use super::request::Asked;
use crate::http::endpoints::borrow;

/// Reads the client from the header and the body.
pub(super) fn read(asked: &Asked) -> Result<PresentedClient, Refusal> {
    let members = members(asked)?;
    let header = AuthorizationHeader::read(&borrow(&asked.head.authorization))?;
    let header = match header {
        // What is sent by a client that was given neither a user nor a password.
        AuthorizationHeader::Basic(basic) if says_nothing(&basic) => AuthorizationHeader::Absent,
        AuthorizationHeader::Basic(basic) => return agreed(basic, &members),
        header => header,
    };
    Ok(PresentedClient::read(header, &members)?)
}

/// The credentials among the members, which are read as those of a form.
fn members(asked: &Asked) -> Result<Form, Refusal> {
    let mut members = Vec::new();
    for name in ["client_id", "client_secret"] {
        if let Some(text) = asked.plain(name)? {
            members.push((name.to_owned(), Secret::new(text.to_owned())));
        }
    }
    Form::from_parameters(members).map_err(|error| Refusal::malformed(&error.to_string()))
}

/// Unlike at the standards' door the header and the body may both hold the secret, if the same client says the same: the
/// published libraries send both when they are given both.
fn agreed(mut basic: BasicCredentials, members: &Form) -> Result<PresentedClient, Refusal> {
    let (id, secret) = (members.get("client_id"), members.secret("client_secret"));
    // The body tells which reading of the header was meant.
    basic.readings.retain(|reading| {
        id.is_none_or(|id| reading.user == id)
            && secret.as_ref().is_none_or(|it| reading.password == *it)
    });
    if basic.readings.is_empty() {
        return Err(Refusal::malformed(
            "the credentials in the body are not those in the Authorization header",
        ));
    }
    Ok(PresentedClient::Basic(basic))
}

fn says_nothing(basic: &BasicCredentials) -> bool {
    basic
        .readings
        .iter()
        .all(|reading| reading.user.is_empty() && reading.password.expose().is_empty())
}

#[cfg(test)]
mod tests {
    use countersign_protocol::{ErrorCode, JsonObject};
    use countersign_provider::Origin;

    use super::*;
    use crate::http::endpoints::Head;

    /// `id:s` and `c+d:s%3A`, of which the latter can be read in two ways in each half; nothing at all; a user without a
    /// password.
    const BASIC: &str = "Basic aWQ6cw==";
    const ESCAPED: &str = "Basic YytkOnMlM0E=";
    const EMPTY: &str = "Basic Og==";
    const USER_ONLY: &str = "Basic eDo=";

    /// How the client is read: each reading with its secret; else the code.
    fn readings(header: &[&str], body: &str) -> Result<Vec<(String, String)>, Option<ErrorCode>> {
        let asked = Asked {
            head: Head {
                origin: Origin::default(),
                authorization: header.iter().map(ToString::to_string).collect(),
            },
            body: JsonObject::parse(body.as_bytes()).unwrap(),
        };
        let pair = |id: &str, secret: &Secret<String>| (id.to_owned(), secret.expose().clone());
        match read(&asked) {
            Ok(PresentedClient::Basic(basic)) => Ok(basic
                .readings
                .iter()
                .map(|reading| pair(&reading.user, &reading.password))
                .collect()),
            Ok(PresentedClient::Post {
                client_id,
                client_secret,
            }) => Ok(vec![pair(&client_id, &client_secret)]),
            Ok(PresentedClient::Named { client_id }) => Ok(vec![(client_id, String::new())]),
            Ok(_) => Ok(Vec::new()),
            Err(Refusal::Error(error)) => Err(Some(error.error)),
            Err(_) => Err(None),
        }
    }

    #[test]
    fn row_2_2_basic_the_body_or_both_when_they_say_the_same() {
        const BODY: &str = r#"{"client_id": "id", "client_secret": "s"}"#;
        type Pairs<'all> = &'all [(&'all str, &'all str)];
        type Case<'all> = (
            &'all [&'all str],
            &'all str,
            Result<Pairs<'all>, Option<ErrorCode>>,
        );
        let invalid = Err(Some(ErrorCode::InvalidRequest));
        let once: Pairs<'_> = &[("id", "s")];
        let cases: [Case<'_>; 17] = [
            (&[BASIC], "{}", Ok(once)),
            (&[], BODY, Ok(once)),
            (&[BASIC], BODY, Ok(once)),
            (&[EMPTY], BODY, Ok(once)),
            (&[EMPTY], "{}", Ok(&[])),
            (&[BASIC], r#"{"client_id": "id"}"#, Ok(once)),
            (
                &[BASIC],
                r#"{"client_id": "", "client_secret": ""}"#,
                Ok(once),
            ),
            (&[BASIC], r#"{"client_id": "other"}"#, invalid),
            (&[BASIC], r#"{"client_secret": "other"}"#, invalid),
            (
                &[BASIC],
                r#"{"client_id": "id", "client_secret": "other"}"#,
                invalid,
            ),
            (&[USER_ONLY], BODY, invalid),
            (&[], r#"{"client_secret": "s"}"#, invalid),
            (&[], r#"{"client_id": 5}"#, invalid),
            (&["Bearer x"], BODY, invalid),
            (&["Basic !"], BODY, Err(Some(ErrorCode::InvalidClient))),
            // The body tells which reading of the header is meant.
            (
                &[ESCAPED],
                r#"{"client_id": "c d", "client_secret": "s:"}"#,
                Ok(&[("c d", "s:")]),
            ),
            (
                &[ESCAPED],
                r#"{"client_id": "c+d"}"#,
                Ok(&[("c+d", "s%3A"), ("c+d", "s:")]),
            ),
        ];
        for (header, body, expected) in cases {
            let expected = expected.map(|pairs| {
                let owned = pairs
                    .iter()
                    .map(|(id, secret)| ((*id).to_owned(), (*secret).to_owned()));
                owned.collect()
            });
            assert_eq!(readings(header, body), expected, "{header:?} {body}");
        }
    }
}
