//! The description of the fake server that the judge is given.

use super::clients::{CLIENTS, Client, Method, ONE, SCOPES};
use super::password::{USERS, User};
use super::{Fake, Setting, Sin};

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
        let clients: String = CLIENTS.iter().map(describe).collect();
        let users: String = USERS.iter().map(describe_user).collect();
        let deviations = if setting.users {
            "[deviations]\nRFC9700-14 = 'the checks of the password grant need it'\n"
        } else {
            ""
        };
        format!(
            "issuer = '{issuer}'\nthrottled = true\nintrospection_throttled = true\n{trust}\n{endpoints}\
             [bearer_endpoint]\nurl = '{base}/resource'\nscope = 'read'\ninsufficient_scope = 'write'\n\
             resource = '{ONE}'\n{form}\n{clients}{users}{deviations}"
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
        lifetime,
        idle,
        ..
    } = client;
    let method = match client.method {
        Method::None => "none",
        Method::Any => "any",
        Method::Basic => "client_secret_basic",
        Method::Post => "client_secret_post",
    };
    let secret = if secret.is_empty() {
        String::new()
    } else {
        format!("client_secret = '{secret}'")
    };
    let lifetime = if *lifetime < 600 {
        format!("lifetime_seconds = {lifetime}")
    } else {
        String::new()
    };
    let idle = if *idle < 600 {
        format!("idle_seconds = {idle}")
    } else {
        String::new()
    };
    format!(
        "[clients.{role}]\nclient_id = '{id}'\n{secret}\nauth_method = '{method}'\ngrant_types = {grants:?}\n\
         scopes = {SCOPES:?}\nresources = {resources:?}\n{lifetime}\n{idle}\n"
    )
}

fn describe_user(user: &User) -> String {
    let User {
        role,
        username,
        password,
        ..
    } = user;
    format!("[users.{role}]\nusername = '{username}'\npassword = '{password}'\n")
}
