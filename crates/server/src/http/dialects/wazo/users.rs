//! Users: made, told about, replaced and removed, and their passwords.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, put};
use countersign_core::{EntityId, ProfileError, Secret, User, UserProfile, Username};
use countersign_protocol::{JsonObject, WrongType};
use countersign_provider::wazo::{Absent, Caller, NewPerson, Person, Purpose, Refusal, Wazo};
use serde_json::{Value, json};

use super::door::{PathParts, access, admit, admit_with_body, dialect};
use super::list::{self, Column, Listing, Table};
use super::refusal::{Fault, Shape};
use super::{no_content, only};
use crate::http::{Service, origin, respond};

/// The word that stands for the user who asks.
const ME: &str = "me";

/// The one way of signing in that there is (`authentication_method`).
const AUTHENTICATION_METHOD: &str = "default";

static TABLE: Table = Table {
    columns: &[
        Column::text("username", "/username").ordered().searched(),
        Column::text("firstname", "/firstname").ordered().searched(),
        Column::text("lastname", "/lastname").ordered().searched(),
        Column::text("email_address", "/emails/0/address").searched(),
        Column::text("uuid", "/uuid"),
        Column::text("purpose", "/purpose"),
    ],
    order: Some("username"),
};

/// The routes. Each needs the access that its handler names.
pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route(
            "/users",
            only("GET, HEAD, POST", get(tell_all).post(create)),
        )
        .route(
            "/users/{user}",
            only(
                "GET, HEAD, PUT, DELETE",
                get(tell).put(replace).delete(remove),
            ),
        )
        .route("/users/{user}/password", only("PUT", put(change_password)))
}

/// The user that a path names.
pub(super) fn named(caller: &Caller, text: &str) -> Result<EntityId, Fault> {
    let own = caller.user().filter(|_| text == ME).map(|user| user.id);
    let id = own.or_else(|| text.parse().ok());
    id.ok_or_else(|| refused(Refusal::Absent(Absent::User), text))
}

/// The user that a path names, if there is one.
pub(super) async fn find(wazo: Wazo<'_>, caller: &Caller, text: &str) -> Result<User, Fault> {
    let found = wazo.find_user(caller, named(caller, text)?).await;
    found.map_err(|refusal| refused(refusal, text))
}

/// What a refusal at a path that names the user `text` becomes: who is not there is told in one body everywhere.
pub(super) fn refused(refusal: Refusal, text: &str) -> Fault {
    match refusal {
        Refusal::Absent(Absent::User) => Fault::from(refusal)
            .detail("uuid", text)
            .in_shape(Shape::Api),
        refusal => refusal.into(),
    }
}

/// A member that is a string if it is there; `null` counts as absent.
pub(super) fn optional<'body>(
    body: &'body JsonObject,
    name: &'static str,
) -> Result<Option<&'body str>, WrongType> {
    if body.is_null(name) {
        Ok(None)
    } else {
        body.text(name)
    }
}

async fn tell_all(State(service): State<Service>, headers: HeaderMap, uri: Uri) -> Response {
    let decided = async {
        let caller = admit(&service, &headers, "auth.users.read").await?;
        let listing = Listing::read(&uri, &TABLE)?;
        let wazo = dialect(&service)?;
        let caller = &caller;
        let users = list::all(
            |user: &User| user.username.key(),
            |after, limit| async move { wazo.list_users(caller, after.as_ref(), limit).await },
        );
        let items = users.await?.iter().map(|user| item(user, wazo)).collect();
        Ok(respond::json(StatusCode::OK, &listing.of(items).body()))
    };
    Shape::Api.answer(decided.await)
}

async fn create(State(service): State<Service>, request: Request) -> Response {
    let decided = async {
        let (caller, body) = admit_with_body(&service, request, "auth.users.create").await?;
        let new = read_new(&body)?;
        let wazo = dialect(&service)?;
        let added = wazo.add_user(&caller, new).await.map_err(not_stored)?;
        Ok(respond::json(StatusCode::OK, &item(&added, wazo)))
    };
    Shape::Api.answer(decided.await)
}

async fn tell(
    State(service): State<Service>,
    PathParts(user): PathParts<String>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.read", &[&user]);
        let caller = admit(&service, &headers, &required).await?;
        let wazo = dialect(&service)?;
        let found = find(wazo, &caller, &user).await?;
        Ok(respond::json(StatusCode::OK, &item(&found, wazo)))
    };
    Shape::Api.answer(decided.await)
}

async fn replace(
    State(service): State<Service>,
    PathParts(user): PathParts<String>,
    request: Request,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.update", &[&user]);
        let (caller, body) = admit_with_body(&service, request, &required).await?;
        let wazo = dialect(&service)?;
        let found = find(wazo, &caller, &user).await?;
        // A password that was only passed over would be believed to be the new one.
        if body.has("password") {
            let message = "'password' is changed at /users/{uuid}/password";
            return Err(Fault::field("password", message));
        }
        // Everybody here has a name to sign in with, and is for something.
        let before = Person::of(&found);
        let username = username(&body)?.unwrap_or(before.username);
        let person = read_person(&body, username, before.purpose)?;
        let replaced = wazo.replace_user(&caller, found.id, &person).await;
        let replaced = replaced.map_err(|refusal| match refusal {
            Refusal::Absent(_) => refused(refusal, &user),
            refusal => not_stored(refusal),
        })?;
        Ok(respond::json(StatusCode::OK, &item(&replaced, wazo)))
    };
    Shape::Api.answer(decided.await)
}

async fn remove(
    State(service): State<Service>,
    PathParts(user): PathParts<String>,
    headers: HeaderMap,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.delete", &[&user]);
        let caller = admit(&service, &headers, &required).await?;
        let id = named(&caller, &user)?;
        let removed = dialect(&service)?.remove_user(&caller, id).await;
        removed.map_err(|refusal| refused(refusal, &user))?;
        Ok(no_content())
    };
    Shape::Api.answer(decided.await)
}

async fn change_password(
    State(service): State<Service>,
    PathParts(user): PathParts<String>,
    request: Request,
) -> Response {
    let decided = async {
        let required = access("auth.users.{}.password.update", &[&user]);
        let (extensions, headers) = (request.extensions(), request.headers());
        let origin = origin::origin(extensions, headers, &service.trusted_proxies);
        let (caller, body) = admit_with_body(&service, request, &required).await?;
        let id = named(&caller, &user)?;
        let old = password(&body, "old_password")?;
        let new = password(&body, "new_password")?;
        let wazo = dialect(&service)?;
        let changed = wazo.change_password(&caller, id, &old, &new, origin).await;
        changed.map_err(|refusal| match refusal {
            Refusal::Password(error) => Fault::field("new_password", error.to_string()),
            refusal => refused(refusal, &user),
        })?;
        Ok(no_content())
    };
    Shape::Api.answer(decided.await)
}

/// A password that has to be there.
fn password(body: &JsonObject, name: &'static str) -> Result<Secret<String>, Fault> {
    let text = body.text(name)?.filter(|text| !text.is_empty());
    text.map(|text| Secret::new(text.to_owned()))
        .ok_or_else(|| Fault::field(name, format!("'{name}' is missing")))
}

/// Reads a user that is to be added. Who has no username signs in with the e-mail address.
fn read_new(body: &JsonObject) -> Result<NewPerson, Fault> {
    // Who names a uuid would look for the user under it.
    if optional(body, "uuid")?.is_some() {
        return Err(Fault::field("uuid", "'uuid' is drawn by this service"));
    }
    let email = email(body)?;
    let username = match (username(body)?, &email) {
        (Some(username), _) => username,
        (None, Some(email)) => {
            let username = email.parse::<Username>();
            username.map_err(|error| Fault::field("email_address", error.to_string()))?
        }
        (None, None) => {
            let message = "'username' is missing, and so is 'email_address'";
            return Err(Fault::field("username", message));
        }
    };
    let password = optional(body, "password")?;
    Ok(NewPerson {
        person: read_person(body, username, Purpose::default())?,
        email,
        password: password.map(|text| Secret::new(text.to_owned())),
    })
}

/// Reads what POST and PUT have in common. What is not there is as in a new user; only what the user is for stays.
fn read_person(body: &JsonObject, username: Username, before: Purpose) -> Result<Person, Fault> {
    let method = body.text("authentication_method")?;
    if method.is_some_and(|method| method != AUTHENTICATION_METHOD) {
        let message = format!("'authentication_method' must be '{AUTHENTICATION_METHOD}'");
        return Err(Fault::field("authentication_method", message));
    }
    Ok(Person {
        username,
        firstname: name(body, "firstname")?,
        lastname: name(body, "lastname")?,
        purpose: purpose(body)?.unwrap_or(before),
        enabled: body.boolean("enabled")?.unwrap_or(true),
    })
}

/// A part of a name; an empty one is none.
fn name(body: &JsonObject, member: &'static str) -> Result<Option<String>, Fault> {
    let text = optional(body, member)?.filter(|text| !text.is_empty());
    let fits =
        |text: &str| text.len() <= UserProfile::MAX_TEXT_LEN && !text.chars().any(char::is_control);
    match text {
        Some(text) if !fits(text) => {
            let most = UserProfile::MAX_TEXT_LEN;
            let message =
                format!("'{member}' must have at most {most} bytes, and no control characters");
            Err(Fault::field(member, message))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

fn username(body: &JsonObject) -> Result<Option<Username>, Fault> {
    let name = optional(body, "username")?.map(str::parse).transpose();
    name.map_err(|error| Refusal::Username(error).into())
}

fn purpose(body: &JsonObject) -> Result<Option<Purpose>, Fault> {
    let Some(name) = body.text("purpose")? else {
        return Ok(None);
    };
    let mut known = Purpose::ALL.into_iter();
    let found = known.find(|purpose| purpose.name() == name);
    found.map(Some).ok_or_else(|| {
        let names = Purpose::ALL.map(Purpose::name).join(", ");
        Fault::field("purpose", format!("'purpose' must be one of: {names}"))
    })
}

/// The one e-mail address: as `email_address`, or as in the answer.
fn email(body: &JsonObject) -> Result<Option<String>, Fault> {
    let mut addresses = Vec::new();
    addresses.extend(optional(body, "email_address")?);
    let emails = body.objects("emails")?.unwrap_or_default();
    for email in &emails {
        let address = email.text("address")?;
        let missing = || Fault::field("emails", "'emails' has one without an 'address'");
        addresses.push(address.ok_or_else(missing)?);
    }
    match addresses[..] {
        [] => Ok(None),
        [address] => Ok(Some(address.to_owned())),
        _ => Err(Fault::field("emails", "a user has one e-mail address here")),
    }
}

/// What a refusal about the members of a user becomes.
fn not_stored(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Profile(ProfileError::Email | ProfileError::Text("email")) => {
            Fault::field("email_address", refusal.to_string())
        }
        refusal => refusal.into(),
    }
}

fn item(user: &User, wazo: Wazo<'_>) -> Value {
    let person = Person::of(user);
    let id = user.id.to_string();
    let emails = user.profile.email.iter().map(|address| {
        json!({
            "uuid": wazo.derived(&format!("email\n{id}\n{address}")).to_string(),
            "address": address,
            "main": true,
            "confirmed": user.profile.email_verified,
        })
    });
    let emails: Vec<Value> = emails.collect();
    json!({
        "uuid": id,
        "username": person.username.as_str(),
        "firstname": person.firstname,
        "lastname": person.lastname,
        "purpose": person.purpose.name(),
        "emails": emails,
        "enabled": person.enabled,
        "tenant_uuid": wazo.tenant().to_string(),
        "authentication_method": AUTHENTICATION_METHOD,
    })
}
