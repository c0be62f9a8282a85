//! OpenID Connect Core §5.1 to §5.4: userinfo, and which claims are in it.

use reqwest::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN, WWW_AUTHENTICATE,
};
use serde_json::{Map, Value};

use crate::check::checks;
use crate::checks::oidc::flow::{self, Session, Tokens, userinfo};
use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::http::{Answer, Call};
use crate::judge::{Endpoint, Issued, Judge, bearer};
use crate::jwt::{self, Jwt, with_broken_signature};
use crate::role::Role;

checks! {
    "OIDC-Core-30" "5.1" Must [OidcBasic]
        "The claims are of their types: email_verified a boolean, address an object, updated_at a number"
        => types;
    "OIDC-Core-31" "5.3" Must [OidcBasic]
        "Userinfo answers GET and POST, and a token in the body of a POST if it takes it there" => get_and_post;
    "OIDC-Core-32" "5.3" Should [OidcBasic]
        "Scripts of any origin may ask for userinfo" => open_to_scripts;
    "OIDC-Core-33" "5.3.2" Must [OidcBasic]
        "Userinfo always holds the sub of the ID token" => same_subject;
    "OIDC-Core-34" "5.3.2" Should [OidcBasic]
        "Claims that are not known are left out of userinfo, not null or empty" => nothing_empty;
    "OIDC-Core-35" "5.3.2" Must [OidcBasic]
        "Userinfo for a client that registered an algorithm is a signed JWT with iss and aud" => signed;
    "OIDC-Core-36" "5.3.3" Must [OidcBasic]
        "Userinfo refuses a bad token with 401 and invalid_token" => bad_token;
    "OIDC-Core-37" "5.4" Must [OidcBasic]
        "Each of the scopes profile, email, address and phone brings its claims and no others, and all of them together \
         in any order" => scopes;
}

/// The claims that the scopes stand for (OpenID Connect Core §5.4).
const SCOPES: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// `openid` and those of the four scopes that the client may ask for.
fn all_scopes(client: &Client) -> String {
    let mut all = vec!["openid"];
    let may_ask = |scope: &&str| client.scopes.iter().any(|one| one == scope);
    all.extend(SCOPES.iter().map(|(scope, _)| *scope).filter(may_ask));
    all.join(" ")
}

/// Userinfo as JSON, which has to come with 200.
async fn told(judge: &Judge, tokens: &Tokens) -> Result<(Answer, Map<String, Value>), Finding> {
    let answer = userinfo(judge, &tokens.access_token).await?;
    answer.demand(
        answer.status == 200 && answer.is_json(),
        "HTTP 200 with JSON",
    )?;
    let members = answer.json()?;
    Ok((answer, members))
}

/// All that userinfo tells of the first user.
async fn all_told(judge: &Judge) -> Result<(Answer, Map<String, Value>), Finding> {
    let client = flow::openid_client(judge, Role::Web)?;
    let scope = all_scopes(client);
    let tokens = flow::sign_in(judge, Role::Web, &[("scope", &scope)]).await?;
    told(judge, &tokens).await
}

fn is_of_its_type(claim: &str, value: &Value) -> bool {
    match claim {
        "email_verified" | "phone_number_verified" => value.is_boolean(),
        "updated_at" => value.is_number(),
        "address" => value
            .as_object()
            .is_some_and(|address| address.values().all(Value::is_string)),
        _ => value.is_string(),
    }
}

async fn types(judge: &Judge) -> Verdict {
    let (answer, members) = all_told(judge).await?;
    let known = SCOPES
        .iter()
        .flat_map(|(_, claims)| claims.iter())
        .chain(&["sub"]);
    for claim in known {
        let Some(value) = members.get(*claim) else {
            continue;
        };
        let expected = format!("{claim} of its type");
        answer.demand_or(is_of_its_type(claim, value), expected, value.to_string())?;
    }
    if members.len() > 1 {
        return Ok(());
    }
    Err(Finding::skipped("userinfo tells nothing but sub"))
}

async fn get_and_post(judge: &Judge) -> Verdict {
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let sub = tokens.id_token.claim("sub");
    told(judge, &tokens).await?;
    let url = judge.url(Endpoint::Userinfo)?;
    let by_header = judge
        .send(&bearer(Call::post(&url), &tokens.access_token))
        .await?;
    let holds = by_header.status == 200 && by_header.text("sub").as_deref() == sub;
    by_header.demand(
        holds,
        "POST with the token in the header: HTTP 200 with the user's sub",
    )?;
    let form = [("access_token", tokens.access_token.as_str())];
    let by_body = judge.send(&Call::post(&url).form(&form)).await?;
    // RFC 6750 §2.2: a resource need not take it there.
    let holds = by_body.is_client_error()
        || (by_body.status == 200 && by_body.text("sub").as_deref() == sub);
    by_body.demand(
        holds,
        "POST with the token in the body: HTTP 200 with the user's sub, or 4xx",
    )
}

async fn open_to_scripts(judge: &Judge) -> Verdict {
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let url = judge.url(Endpoint::Userinfo)?;
    let preflight = Call::options(&url)
        .header(ORIGIN, flow::ORIGIN)
        .header(ACCESS_CONTROL_REQUEST_METHOD, "GET")
        .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization");
    let preflight = judge.send(&preflight).await?;
    let allowed = preflight.header(&ACCESS_CONTROL_ALLOW_HEADERS);
    let holds = preflight.is_success()
        && preflight.header_has(&ACCESS_CONTROL_ALLOW_HEADERS, "authorization");
    let expected = "OPTIONS: authorization in Access-Control-Allow-Headers";
    preflight.demand_or(holds, expected, format!("'{allowed}'"))?;
    let call = Call::get(&url).header(ORIGIN, flow::ORIGIN);
    let answer = judge.send(&bearer(call, &tokens.access_token)).await?;
    for answer in [preflight, answer] {
        let allowed = answer.header(&ACCESS_CONTROL_ALLOW_ORIGIN);
        let holds = allowed == "*" || allowed == flow::ORIGIN;
        let expected = "Access-Control-Allow-Origin for any origin";
        answer.demand_or(holds, expected, format!("'{allowed}'"))?;
    }
    Ok(())
}

async fn same_subject(judge: &Judge) -> Verdict {
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let (answer, members) = told(judge, &tokens).await?;
    let told = members.get("sub");
    let saw = told.map_or_else(|| "none".to_owned(), Value::to_string);
    let same = told.is_some() && told == tokens.id_token.value("sub");
    let expected = format!("sub, as in the ID token: {}", tokens.id_token.shown("sub"));
    answer.demand_or(same, expected, saw)
}

async fn nothing_empty(judge: &Judge) -> Verdict {
    let (answer, members) = all_told(judge).await?;
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let empty = members.iter().find(|(_, value)| is_empty(value));
    let saw = empty.map_or("", |(claim, _)| claim);
    answer.demand_or(empty.is_none(), "no claim that is null or empty", saw)
}

async fn signed(judge: &Judge) -> Verdict {
    let client = flow::openid_client(judge, Role::SignedUserinfo)?;
    let tokens = flow::sign_in(judge, Role::SignedUserinfo, &[]).await?;
    let answer = userinfo(judge, &tokens.access_token).await?;
    let media_type = answer.header(&CONTENT_TYPE).to_ascii_lowercase();
    let holds = answer.status == 200 && media_type.starts_with("application/jwt");
    answer.demand_or(holds, "HTTP 200 with application/jwt", media_type)?;
    let text = String::from_utf8_lossy(&answer.body).trim().to_owned();
    let read = Jwt::read(&text).ok_or_else(|| answer.fails("a JWT", answer.summary()))?;
    let issued = Issued {
        token: text,
        answer,
    };
    jwt::verify(judge, &issued, &read).await?;
    let answer = &issued.answer;
    let registered = client.userinfo_signed_response_alg.as_deref();
    let right = registered.is_none_or(|registered| registered == read.alg());
    answer.demand_or(
        right,
        "the algorithm that the client registered",
        read.alg(),
    )?;
    let iss = read.claim("iss").unwrap_or_default();
    answer.demand_or(iss == judge.target.issuer(), "iss, the issuer", iss)?;
    let audience = read.audience();
    let holds = audience.contains(&client.client_id());
    answer.demand_or(holds, "aud, the client", format!("{audience:?}"))?;
    let same = read.claim("sub") == tokens.id_token.claim("sub");
    answer.demand(same, "sub, as in the ID token")
}

async fn bad_token(judge: &Judge) -> Verdict {
    let tokens = flow::sign_in(judge, Role::Web, &[]).await?;
    let altered = with_broken_signature(&tokens.access_token);
    judge.redactor.learn(&altered);
    for token in ["no-such-token-4711", &altered] {
        let answer = userinfo(judge, token).await?;
        let challenge = answer.header(&WWW_AUTHENTICATE);
        let holds = answer.status == 401
            && answer.challenges("Bearer")
            && challenge.contains("invalid_token");
        let expected = "HTTP 401 with a Bearer challenge that says invalid_token";
        answer.demand(holds, expected)?;
    }
    Ok(())
}

async fn scopes(judge: &Judge) -> Verdict {
    let mut session = Session::open(judge, Role::Web, &[]).await?;
    brings(judge, &session.tokens, &[]).await?;
    for claim in SCOPES.iter().flat_map(|(_, claims)| claims.iter()) {
        let none = session.tokens.id_token.value(claim).is_none();
        session
            .tokens
            .demand(none, claim, "not in the ID token, for the scope openid")?;
    }
    for (scope, _) in SCOPES {
        if flow::may_ask(session.client, scope).is_ok() {
            let tokens = session
                .allow(&[("scope", &format!("openid {scope}"))])
                .await?;
            brings(judge, &tokens, &[scope]).await?;
        }
    }
    let all = all_scopes(session.client);
    // RFC 6749 §3.3: in any order, so that openid may come last.
    let all: Vec<_> = all.split(' ').rev().collect();
    let tokens = session.allow(&[("scope", &all.join(" "))]).await?;
    brings(judge, &tokens, &all).await
}

/// Fails unless userinfo tells what is known of the user and belongs to these scopes, and nothing that belongs to others.
async fn brings(judge: &Judge, tokens: &Tokens, scopes: &[&str]) -> Verdict {
    let (answer, members) = told(judge, tokens).await?;
    let known = &judge.user()?.claims;
    for (scope, claims) in SCOPES {
        let granted = scopes.contains(&scope);
        for claim in claims {
            let (told, known) = (members.get(*claim), known.get(*claim));
            let holds = if granted {
                known.is_none() || told == known
            } else {
                told.is_none()
            };
            let asked = scopes.join(" ");
            let expected = match known.filter(|_| granted) {
                Some(known) => format!("scope '{asked}': {claim}, which is {known}"),
                None => format!("scope '{asked}': no {claim}"),
            };
            let saw = told.map_or_else(|| "none".to_owned(), Value::to_string);
            answer.demand_or(holds, expected, saw)?;
        }
    }
    Ok(())
}
