//! Who is let in to the administration, and which routes there are.

use serde_json::{Value, json};

use super::{NOBODY, Scene, api_refusal};

/// Every route with the access that it needs.
pub(super) const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/users", "auth.users.read"),
    ("POST", "/users", "auth.users.create"),
    ("GET", "/users/U", "auth.users.U.read"),
    ("HEAD", "/users/U", "auth.users.U.read"),
    ("PUT", "/users/U", "auth.users.U.update"),
    ("DELETE", "/users/U", "auth.users.U.delete"),
    ("GET", "/users/me", "auth.users.me.read"),
    ("PUT", "/users/me", "auth.users.me.update"),
    ("DELETE", "/users/me", "auth.users.me.delete"),
    ("PUT", "/users/U/password", "auth.users.U.password.update"),
    ("PUT", "/users/me/password", "auth.users.me.password.update"),
    ("GET", "/users/U/tokens", "auth.users.U.tokens.read"),
    ("GET", "/users/me/tokens", "auth.users.me.tokens.read"),
    (
        "DELETE",
        "/users/U/tokens/a.b.c",
        "auth.users.U.tokens.a_b_c.delete",
    ),
    (
        "DELETE",
        "/users/me/tokens/app",
        "auth.users.me.tokens.app.delete",
    ),
    ("GET", "/tokens", "auth.tokens.read"),
    ("GET", "/sessions", "auth.sessions.read"),
    ("DELETE", "/sessions/S", "auth.sessions.S.delete"),
    ("GET", "/users/U/sessions", "auth.users.U.sessions.read"),
    ("GET", "/users/me/sessions", "auth.users.me.sessions.read"),
    (
        "DELETE",
        "/users/U/sessions/S",
        "auth.users.U.sessions.S.delete",
    ),
    (
        "DELETE",
        "/users/me/sessions/S",
        "auth.users.me.sessions.S.delete",
    ),
    ("GET", "/users/U/policies", "auth.users.U.policies.read"),
    (
        "PUT",
        "/users/U/policies/p",
        "auth.users.U.policies.p.create",
    ),
    (
        "DELETE",
        "/users/U/policies/p",
        "auth.users.U.policies.p.delete",
    ),
    (
        "PUT",
        "/users/me/policies/p",
        "auth.users.me.policies.p.create",
    ),
    ("GET", "/policies", "auth.policies.read"),
    ("POST", "/policies", "auth.policies.create"),
    ("GET", "/policies/p", "auth.policies.p.read"),
    ("PUT", "/policies/p", "auth.policies.p.update"),
    ("DELETE", "/policies/p", "auth.policies.p.delete"),
    ("PUT", "/policies/p/acl/a.b", "auth.policies.p.update"),
    ("DELETE", "/policies/p/acl/a.b", "auth.policies.p.update"),
];

#[test]
fn row_4_3_whoever_is_not_let_in_is_told_the_access_that_is_needed() {
    let scene = Scene::new();
    // Whose token has all but what it would need.
    let acl: Vec<String> = ROUTES
        .iter()
        .map(|(_, _, access)| {
            format!("!{access}")
                .replace(".U.", ".*.")
                .replace(".S.", ".*.")
        })
        .collect();
    let mut acl: Vec<&str> = acl.iter().map(String::as_str).collect();
    acl.push("#");
    let kept_out = scene.add_with("eve", &acl);
    let (_, refresh) = scene.sign_in_offline("root", "app");
    let ended = scene.sign_in("root");
    let _ = scene
        .server
        .call("DELETE", &format!("/0.1/token/{}", ended.text))
        .send();
    let not_found = ["", "nothing", NOBODY, &*refresh, &ended.text];
    for (method, path, access) in ROUTES {
        let filled = |text: &str| {
            text.replace('U', &scene.root.user)
                .replace('S', &scene.root.session)
        };
        let (path, access) = (format!("/0.1{}", filled(path)), filled(access));
        let calls = not_found
            .iter()
            .map(|token| (*token, "not_found_or_expired"));
        for (token, reason) in
            calls.chain([(&*kept_out.text, "missing_permission_or_invalid_tenant")])
        {
            let call = scene.server.call(method, &path);
            let call = if token.is_empty() {
                call
            } else {
                call.header("x-auth-token", token)
            };
            // Nothing of the request is looked at before that.
            let answer = call.body("not JSON").send();
            let shown = format!("{method} {path} {reason}");
            assert_eq!(answer.status, 401, "{shown}: {}", answer.text());
            if *method == "HEAD" {
                continue;
            }
            let (_, error_id, details) = api_refusal(&answer);
            assert_eq!(error_id, "unauthorized", "{shown}");
            assert_eq!(answer.json()["message"], "Unauthorized", "{shown}");
            assert_eq!(details["reason"], reason, "{shown}");
            assert_eq!(details["required_access"], access, "{shown}");
            assert!(
                token.is_empty() || !answer.text().contains(token),
                "{shown}"
            );
        }
    }
    assert!(scene.is_live(&scene.root), "nothing happened");
}

#[test]
fn row_4_4_exactly_the_access_of_the_table_opens_each_route() {
    let scene = Scene::new();
    let user = scene.ok("POST", "/users", &json!({ "username": "target" }));
    let user = super::uuid(&user);
    let passwords = json!({ "old_password": "x", "new_password": "y" });
    for (index, (method, path, access)) in ROUTES.iter().enumerate() {
        // `me` is what everybody has.
        if path.contains("/me") {
            continue;
        }
        let filled = |text: &str| text.replace('U', user).replace('S', NOBODY);
        let (path, access) = (filled(path), filled(access));
        let keeper = scene.add_with(&format!("keeper{index}"), &[&access]);
        let body = match *method {
            "GET" | "HEAD" | "DELETE" => Value::Null,
            _ if path.ends_with("/password") => passwords.clone(),
            _ => json!({}),
        };
        let answer = scene.send_as(&keeper, method, &path, &body);
        let is_kept_out =
            answer.status == 401 && answer.text().contains(r#""required_access":"auth."#);
        assert!(!is_kept_out, "{method} {path} {access}: {}", answer.text());
    }
}

#[test]
fn row_4_3_there_is_one_tenant() {
    let scene = Scene::new();
    let tenant = scene.get("/users/me")["tenant_uuid"].clone();
    let tenant = tenant.as_str().expect("a text");
    for path in ["/users", "/policies", "/tokens", "/sessions"] {
        for (named, status) in [
            (tenant, 200),
            (&*tenant.to_uppercase(), 200),
            (NOBODY, 401),
            ("x", 401),
        ] {
            let call = scene.server.call("GET", &format!("/0.1{path}"));
            let call = call.header("x-auth-token", &scene.root.text);
            let answer = call.header("wazo-tenant", named).send();
            assert_eq!(answer.status, status, "{path} {named}");
            if status == 401 {
                assert_eq!(api_refusal(&answer).1, "unauthorized-tenant");
            }
        }
    }
}

#[test]
fn rfc9110_each_route_has_its_methods_and_says_which() {
    let scene = Scene::new();
    for (path, methods) in [
        ("/users", "GET, HEAD, POST"),
        ("/users/me", "GET, HEAD, PUT, DELETE"),
        ("/users/me/password", "PUT"),
        ("/users/me/tokens", "GET, HEAD"),
        ("/users/me/tokens/app", "DELETE"),
        ("/users/me/sessions", "GET, HEAD"),
        ("/users/me/sessions/s", "DELETE"),
        ("/users/me/policies", "GET, HEAD"),
        ("/users/me/policies/p", "PUT, DELETE"),
        ("/tokens", "GET, HEAD"),
        ("/sessions", "GET, HEAD"),
        ("/sessions/s", "DELETE"),
        ("/policies", "GET, HEAD, POST"),
        ("/policies/p", "GET, HEAD, PUT, DELETE"),
        ("/policies/p/acl/a", "PUT, DELETE"),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            // Without a token: who is let in is another question.
            let answer = scene.server.call(method, &format!("/0.1{path}")).send();
            let is_there = methods.split(", ").any(|one| one == method);
            assert_eq!(
                answer.status,
                if is_there { 401 } else { 405 },
                "{method} {path}"
            );
            if !is_there {
                assert_eq!(answer.header("allow"), methods, "{method} {path}");
            }
        }
    }
}

/// There are none, and the page of the dialect says so.
#[test]
fn row_4_4_groups_and_tenants_are_not_there() {
    let scene = Scene::new();
    for path in [
        "/groups",
        "/tenants",
        "/users/me/groups",
        "/users/me/emails",
        "/users/register",
        "/users/password/reset",
        "/external",
        "/idp",
    ] {
        let answer = scene.send("POST", path, &json!({}));
        assert!(
            [404, 405].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
    assert_eq!(scene.send("GET", "/groups", &Value::Null).status, 404);
    assert_eq!(scene.send("GET", "/tenants", &Value::Null).status, 404);
}
