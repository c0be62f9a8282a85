//! The description of the fake server that the judge is given.

use super::clients::{self, Client, Method, OF_USERS, ONE, SCOPES, Signing};
use super::pages::Names;
use super::people::{USERS, User, profile};
use super::{Fake, Make, Setting, Sin, keys};

impl Fake {
    /// The description. `certificate` is where the certificate was written to.
    pub(crate) fn target(&self, setting: Setting, certificate: Option<&str>) -> String {
        let form = if setting.form {
            "form = { token = 'a-token-that-is-none' }"
        } else {
            ""
        };
        let Self { base, issuer, .. } = self;
        let trust = certificate
            .map(|path| format!("ca_file = '{path}'"))
            .unwrap_or_default();
        let unpublished = matches!(
            self.sin,
            Sin::PublishesNothing | Sin::AppendsWellKnown | Sin::LeavesOutTokenEndpoint
        );
        let endpoints = if unpublished {
            format!(
                "[endpoints]\ntoken = '{base}/token'\nintrospection = '{base}/introspect'\n\
                 revocation = '{base}/revoke'\njwks = '{base}/jwks'\n"
            )
        } else {
            String::new()
        };
        let clients: String = clients::all()
            .filter(|client| setting.make == Make::Legacy || !client.grants.contains(&"implicit"))
            .map(describe)
            .collect();
        let users: String = USERS.iter().map(describe_user).collect();
        let deviations = if setting.make == Make::Legacy {
            "[deviations]\nRFC9700-10 = 'the checks of the implicit flow need it'\n\
             RFC9700-14 = 'the checks of the password grant need it'\n"
        } else {
            ""
        };
        let code_lifetime = if setting.make == Make::Brief {
            format!("code_lifetime_seconds = {}", self.code_lifetime.as_secs())
        } else {
            String::new()
        };
        let pages = if setting.make == Make::Foreign {
            describe_pages(&self.names)
        } else {
            String::new()
        };
        format!(
            "issuer = '{issuer}'\n{code_lifetime}\nthrottled = true\nintrospection_throttled = true\n{trust}\n{endpoints}\
             [bearer_endpoint]\nurl = '{base}/resource'\nscope = 'read'\ninsufficient_scope = 'write'\n\
             resource = '{ONE}'\n{form}\n{clients}{users}{pages}{deviations}"
        )
    }
}

fn describe(client: &Client) -> String {
    let Client {
        role,
        id,
        secret,
        grants,
        resources,
        ..
    } = client;
    let method = match client.method {
        Method::None => "none",
        Method::Any => "any",
        Method::Basic => "client_secret_basic",
        Method::Post => "client_secret_post",
        Method::PrivateKey => "private_key_jwt",
    };
    let of_users = OF_USERS.iter().filter(|_| !client.redirect_uris.is_empty());
    let scopes: Vec<_> = SCOPES.iter().chain(of_users).collect();
    let mut lines = vec![
        format!("[clients.{role}]\nclient_id = '{id}'\nauth_method = '{method}'"),
        format!("grant_types = {grants:?}\nscopes = {scopes:?}\nresources = {resources:?}"),
    ];
    if !secret.is_empty() {
        lines.push(format!("client_secret = '{secret}'"));
    }
    if client.method == Method::PrivateKey {
        let (file, kid) = (keys::CLIENT_FILE, keys::CLIENT.kid);
        lines.push(format!("key = {{ file = '{file}', kid = '{kid}' }}"));
    }
    let times = [
        ("lifetime_seconds", client.lifetime),
        ("idle_seconds", client.idle),
    ];
    for (key, seconds) in times.into_iter().filter(|(_, seconds)| *seconds < 600) {
        lines.push(format!("{key} = {seconds}"));
    }
    lines.extend(describe_web(client));
    lines.join("\n") + "\n"
}

/// What concerns the authorization endpoint, line by line.
fn describe_web(client: &Client) -> Vec<String> {
    let lists = [
        ("redirect_uris", client.redirect_uris),
        ("response_types", client.response_types),
        (
            "post_logout_redirect_uris",
            client.post_logout_redirect_uris,
        ),
    ];
    let filled = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let mut lines: Vec<_> = filled
        .map(|(key, list)| format!("{key} = {list:?}"))
        .collect();
    let id_tokens = Some(client.id_tokens).filter(|signing| *signing != Signing::Rs256);
    for (what, signing) in [("id_token", id_tokens), ("userinfo", client.userinfo)] {
        let algorithm = match signing {
            None => continue,
            Some(Signing::Rs256) => "RS256",
            Some(Signing::Es256) => "ES256",
            Some(Signing::Hs256) => "HS256",
        };
        lines.push(format!("{what}_signed_response_alg = '{algorithm}'"));
    }
    lines
}

/// The names of the fields, if they are not the usual ones.
fn describe_pages(names: &Names) -> String {
    let Names {
        username,
        password,
        consent,
        allow,
        deny,
        account,
        current,
        other,
        leave,
        sign_out,
        stay,
    } = names;
    format!(
        "[pages]\nusername_field = '{username}'\npassword_field = '{password}'\nconsent_field = '{consent}'\n\
         allow = '{allow}'\ndeny = '{deny}'\naccount_field = '{account}'\ncurrent_account = '{current}'\n\
         other_account = '{other}'\nsign_out_field = '{leave}'\nsign_out = '{sign_out}'\nstay = '{stay}'\n"
    )
}

fn describe_user(user: &User) -> String {
    let User {
        role,
        username,
        password,
        ..
    } = user;
    let claims = toml::Value::try_from(profile(user)).unwrap();
    format!("[users.{role}]\nusername = '{username}'\npassword = '{password}'\nclaims = {claims}\n")
}
