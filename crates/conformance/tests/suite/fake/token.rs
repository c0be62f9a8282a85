//! The token endpoint of the fake server.

use std::collections::BTreeSet;

use jsonwebtoken::get_current_timestamp;
use serde_json::{Map, Value, json};

use super::clients::{self, Client, Kind, SCOPES};
use super::wire::{Form, Reply, Request};
use super::{Fake, Make, Sin, code, keys, password, refresh};

pub(crate) fn handle(fake: &Fake, request: &Request) -> Reply {
    let reply = respond(fake, request).unwrap_or_else(|reply| reply);
    let success = reply.status < 300;
    let cached = fake.is(if success {
        Sin::CachesSuccess
    } else {
        Sin::CachesErrors
    });
    let said = reply
        .headers
        .iter()
        .any(|(name, _)| *name == "cache-control");
    if cached || said {
        reply
    } else {
        reply
            .with("cache-control", "no-store")
            .with("pragma", "no-cache")
    }
}

fn respond(fake: &Fake, request: &Request) -> Result<Reply, Reply> {
    let form = parameters(fake, request)?;
    if fake.is(Sin::JudgesGrantFirst) && form.get("grant_type") != Some("client_credentials") {
        return Err(Reply::error(400, "invalid_grant"));
    }
    let client = authenticated(fake, request, &form)?;
    match form.get("grant_type") {
        None if fake.is(Sin::MisnamesMissingGrant) => Err(Reply::error(200, "invalid_request")),
        None if fake.is(Sin::ErrorsInHtml) => {
            Err(Reply::text(400, r#"{"error":"invalid_request"}"#))
        }
        None => Err(Reply::error(400, "invalid_request")),
        Some("client_credentials") => issue(fake, client, &form),
        Some("refresh_token") => refresh::handle(fake, client, &form),
        Some("authorization_code") => code::redeem(fake, client, &form),
        Some("password") if fake.is_of(Make::Legacy) => password::handle(fake, client, &form),
        Some("password") if fake.is(Sin::KnowsPasswordGrant) => {
            Err(Reply::error(400, "invalid_grant"))
        }
        Some(grant) if fake.is(Sin::EchoesIntoErrors) => Err(Reply::json(
            400,
            &json!({ "error": "unsupported_grant_type", "error_description": format!("no {grant}") }),
        )),
        Some(_) if fake.is(Sin::MisnamesUnknownGrant) => Err(Reply::error(400, "invalid_grant")),
        Some(_) => Err(Reply::error(400, "unsupported_grant_type")),
    }
}

/// RFC 6749 §3.2: a form by POST, without repetitions.
fn parameters(fake: &Fake, request: &Request) -> Result<Form, Reply> {
    if request.method == "GET" && fake.is(Sin::IssuesOnGet) {
        return Ok(request.query_form());
    }
    if request.method != "POST" {
        return Err(Reply::text(405, "POST it").with("allow", "POST"));
    }
    let Some(body) = &request.body else {
        return Err(Reply::text(413, "too much"));
    };
    let mut form = request.form();
    if request.content_type() == "application/json" && fake.is(Sin::TakesJson) {
        let members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        form = Form(
            members
                .into_iter()
                .map(|(name, value)| (name, text(value)))
                .collect(),
        );
    } else if request.content_type() != "application/x-www-form-urlencoded"
        && !fake.is(Sin::TakesAnyContentType)
    {
        return Err(Reply::error(400, "invalid_request"));
    }
    if form.repeats() && !fake.is(Sin::TakesRepeated) {
        return Err(Reply::error(400, "invalid_request"));
    }
    if fake.is(Sin::RefusesUnknownParameters)
        && form.0.iter().any(|(name, _)| name.starts_with("no_such"))
    {
        return Err(Reply::error(400, "invalid_request"));
    }
    if fake.is(Sin::MindsEmptyScope) && form.0.contains(&("scope".to_owned(), String::new())) {
        return Err(Reply::error(400, "invalid_scope"));
    }
    if fake.is(Sin::TakesSecretFromUri) {
        form.0.extend(request.query_form().0);
    }
    Ok(form)
}

fn authenticated(fake: &Fake, request: &Request, form: &Form) -> Result<&'static Client, Reply> {
    let anonymous = request.authorizations().is_empty() && form.get("client_id").is_none();
    if anonymous && fake.is(Sin::TakesAnonymous) {
        return Ok(clients::of_role("primary"));
    }
    if anonymous
        && fake.is(Sin::FindsClientByCode)
        && let Some(client) = code::client_of(fake, form)
    {
        return Ok(client);
    }
    // The throttle counts the failures in a row of one client.
    let name = request
        .authorizations()
        .first()
        .map_or_else(String::new, |_| "basic".to_owned());
    match fake.authenticate(request, form) {
        Ok(client) => {
            fake.memory.lock().unwrap().failures.remove(&name);
            Ok(client)
        }
        Err(reply) => {
            let mut memory = fake.memory.lock().unwrap();
            let failures = memory.failures.entry(name).or_default();
            *failures += 1;
            let throttled = *failures > 20 && !fake.is(Sin::ThrottlesNobody);
            Err(if throttled {
                Reply::error(429, "invalid_client").with("retry-after", "9")
            } else {
                reply
            })
        }
    }
}

fn issue(fake: &Fake, client: &'static Client, form: &Form) -> Result<Reply, Reply> {
    if client.is_public() && !fake.is(Sin::ServesPublicClient) {
        return Err(Reply::error(400, "unauthorized_client"));
    }
    if !client.grants.contains(&"client_credentials") && !client.is_public() {
        let misnamed = fake.is(Sin::MisnamesForbiddenGrant);
        return Err(Reply::error(
            400,
            if misnamed {
                "invalid_grant"
            } else {
                "unauthorized_client"
            },
        ));
    }
    let scope = scope(fake, form)?;
    let audience = audience(fake, client, form)?;
    let subject = match fake.sin {
        Sin::RandomSubject => keys::random(8),
        Sin::SharedSubject => "everybody".to_owned(),
        _ => client.id.to_owned(),
    };
    let about_client = Map::from_iter([("sub".to_owned(), subject.into())]);
    let token = mint(fake, client, &scope, &audience, about_client);
    let lifetime = lifetime(fake, client);
    fake.memory.lock().unwrap().issued.push(token.clone());
    let mut body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": lifetime });
    if !fake.is(Sin::NarrowsSilently) {
        body["scope"] = scope.into();
    }
    let members = body.as_object_mut().unwrap();
    match fake.sin {
        Sin::GivesRefreshToken => {
            drop(members.insert("refresh_token".to_owned(), "made-up".into()));
        }
        Sin::RefreshesClientCredentials if client.grants.contains(&"refresh_token") => {
            drop(members.insert("refresh_token".to_owned(), "made-up".into()));
        }
        Sin::LeavesOutTokenType => drop(members.remove("token_type")),
        Sin::LeavesOutExpiresIn => drop(members.remove("expires_in")),
        _ => {}
    }
    Ok(Reply::json(
        if fake.is(Sin::Answers201) { 201 } else { 200 },
        &body,
    ))
}

fn lifetime(fake: &Fake, client: &Client) -> u64 {
    if fake.is(Sin::LongLived) {
        86_400
    } else {
        client.lifetime
    }
}

pub(crate) fn scope(fake: &Fake, form: &Form) -> Result<String, Reply> {
    let mut memory = fake.memory.lock().unwrap();
    memory.requests += 1;
    let Some(asked) = form
        .get("scope")
        .filter(|_| !fake.is(Sin::GrantsEverything))
    else {
        let odd = memory.requests % 2 == 1;
        let changes = fake.is(Sin::ChangesDefaultScope) && odd;
        return Ok(if changes {
            "read".to_owned()
        } else {
            SCOPES.join(" ")
        });
    };
    let lower = asked.to_lowercase();
    let asked = if fake.is(Sin::IgnoresCaseOfScope) {
        lower.as_str()
    } else {
        asked
    };
    let invalid = |_: &str| Err(Reply::error(400, "invalid_scope"));
    if fake.is(Sin::EchoesIntoErrors) && asked.contains('"') {
        return Err(Reply::json(
            400,
            &json!({ "error": "invalid_scope", "error_description": asked }),
        ));
    }
    if fake.is(Sin::MindsOrderOfScope) && asked == "write read" {
        return Ok("write".to_owned());
    }
    let mut granted = BTreeSet::new();
    for one in asked.split(' ') {
        match SCOPES.contains(&one) {
            true => drop(granted.insert(one)),
            false if fake.is(Sin::NarrowsSilently) => {}
            false => return invalid(one),
        }
    }
    Ok(granted.into_iter().collect::<Vec<_>>().join(" "))
}

pub(crate) fn audience(fake: &Fake, client: &Client, form: &Form) -> Result<Vec<String>, Reply> {
    let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let mut asked = form.all("resource");
    if fake.is(Sin::TakesLastResource) {
        asked = asked.last().copied().into_iter().collect();
    }
    for resource in &asked {
        let well_formed = resource.starts_with("https://") && !resource.contains('#');
        if !well_formed && fake.is(Sin::MisnamesMalformedResource) {
            return Err(Reply::error(400, "invalid_request"));
        }
        let allowed = client.resources.contains(resource)
            || (well_formed && fake.is(Sin::TakesUnknownResource));
        if !allowed {
            return Err(Reply::error(400, "invalid_target"));
        }
    }
    Ok(match fake.sin {
        Sin::AudienceIsIssuer => vec![fake.issuer.clone()],
        Sin::IgnoresResource => owned(client.resources),
        Sin::LeavesOutDefaultAudience if asked.is_empty() => Vec::new(),
        _ if asked.is_empty() => owned(&client.resources[..1]),
        _ => owned(&asked),
    })
}

/// An access token; `claims` says of whom it is.
pub(crate) fn mint(
    fake: &Fake,
    client: &Client,
    scope: &str,
    audience: &[String],
    mut claims: Map<String, Value>,
) -> String {
    let now = get_current_timestamp();
    let repeated = fake.is(Sin::RepeatsJti);
    let jti = if repeated {
        "always-the-same".to_owned()
    } else {
        keys::random(22)
    };
    let issuer = &fake.issuer;
    let misspelt = format!("{issuer}/");
    claims.insert(
        "iss".into(),
        json!(if fake.is(Sin::MisspellsIssuer) {
            &misspelt
        } else {
            issuer
        }),
    );
    claims.insert("client_id".into(), client.id.into());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), (now + lifetime(fake, client)).into());
    claims.insert("scope".into(), scope.into());
    claims.insert("jti".into(), jti.into());
    match audience {
        [] => {}
        [one] => drop(claims.insert("aud".into(), one.as_str().into())),
        many => drop(claims.insert("aud".into(), json!(many))),
    }
    match fake.sin {
        Sin::LeavesOutJti => drop(claims.remove("jti")),
        Sin::LeavesOutScopeClaim => drop(claims.remove("scope")),
        _ => {}
    }
    match client.kind {
        Kind::Opaque => opaque(fake, claims),
        Kind::Rs256 if !fake.is(Sin::LacksRs256) => {
            keys::sign(&keys::RS256, "at+jwt", keys::RS256.kid, &claims)
        }
        _ => signed(fake, &claims),
    }
}

fn opaque(fake: &Fake, mut claims: Map<String, Value>) -> String {
    let token = match fake.sin {
        Sin::RepeatsTokens => "always-the-same".to_owned(),
        Sin::ShortTokens => format!(
            "a-constant-prefix-of-forty-characters---{}",
            keys::random(12)
        ),
        Sin::MiddlingTokens => keys::random(24),
        _ => keys::random(43),
    };
    claims.remove("jti");
    fake.memory
        .lock()
        .unwrap()
        .opaque
        .insert(token.clone(), claims);
    token
}

fn signed(fake: &Fake, claims: &Map<String, Value>) -> String {
    let key = if fake.is(Sin::SignsWithAnotherKey) {
        &*keys::ANOTHER
    } else {
        &*keys::ES256
    };
    let typ = if fake.is(Sin::TypIsJwt) {
        "JWT"
    } else {
        "at+jwt"
    };
    let kid = if fake.is(Sin::UnknownKid) {
        "unknown"
    } else {
        key.kid
    };
    let token = keys::sign(key, typ, kid, claims);
    if fake.is(Sin::SignsWithNone) {
        let payload = token.split('.').nth(1).unwrap();
        // {"alg":"none","typ":"at+jwt","kid":"es256-1"}
        let header = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0Iiwia2lkIjoiZXMyNTYtMSJ9";
        return format!("{header}.{payload}.");
    }
    token
}
