//! The dialect without a socket: what needs a clock that can be moved, and the door alone.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use axum::response::Response;
use countersign_core::{FixedClock, Secret, Timestamp, User, UserProfile};
use countersign_provider::wazo::{Expiration, Proof, SignIn};
use countersign_provider::{Host, MasterKey, Origin, Provider, Settings, WazoSettings};
use countersign_storage::MemoryStore;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::door::admit;
use super::refusal::Shape;
use crate::host::SystemRandom;
use crate::http::dialects::Dialects;
use crate::http::{Service, router};

const NOW: Timestamp = Timestamp::from_seconds(1_640_995_200);

const PASSWORD: &str = "correct horse battery staple";

/// A UUID that is nobody's.
const NOBODYS: &str = "2f3d8d3e-7a0b-4d6c-9d3e-2b1f6a5c4d3e";

type Header<'all> = (&'all str, &'all str);

const fn x_auth_token(token: &str) -> Header<'_> {
    ("x-auth-token", token)
}

const fn wazo_tenant(tenant: &str) -> Header<'_> {
    ("wazo-tenant", tenant)
}

/// The dialect, at a time that stands still.
struct Scene {
    clock: Arc<FixedClock>,
    service: Service,
    user: User,
}

/// Two tokens that go together.
struct Signed {
    token: String,
    refresh_token: String,
}

impl Scene {
    async fn new(issuer: &str) -> Self {
        let clock = Arc::new(FixedClock::at(NOW));
        let host = Host {
            clock: Arc::clone(&clock) as Arc<_>,
            random: Arc::new(SystemRandom),
            master_key: MasterKey::new(Secret::new([7; 32])),
            key_sets: None,
        };
        let mut settings = Settings::new(issuer.parse().unwrap());
        settings.wazo = Some(WazoSettings::default());
        let provider = Provider::start(Arc::new(MemoryStore::new()), settings, host).await;
        let provider = Arc::new(provider.unwrap());
        let password = Secret::new(PASSWORD.to_owned());
        let name = "alice".parse().unwrap();
        let added = provider.add_user(name, Some(password), UserProfile::default());
        let user = added.await.unwrap();
        let service = Service {
            provider,
            trusted_proxies: Arc::new([]),
            dialects: Arc::new(Dialects {
                wazo: true,
                ..Dialects::default()
            }),
        };
        Self {
            clock,
            service,
            user,
        }
    }

    async fn sign_in(&self, seconds: i64) -> Signed {
        let wazo = self.service.provider.wazo().unwrap();
        let request = SignIn {
            proof: Proof::Password {
                username: "alice".to_owned(),
                password: Secret::new(PASSWORD.to_owned()),
                offline: Some("example".parse().unwrap()),
            },
            expiration: Expiration::new(seconds),
            mobile: false,
            user_agent: String::new(),
        };
        let told = wazo.sign_in(request, Origin::default()).await.unwrap();
        Signed {
            token: told.token.expose().clone(),
            refresh_token: told.refresh_token.unwrap().expose().clone(),
        }
    }

    async fn send(&self, method: &str, path: &str) -> Response {
        let routes = router(self.service.clone(), axum::Router::new());
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).unwrap();
        routes.oneshot(request).await.unwrap()
    }

    /// Why the door does not let these headers in; none if it does.
    async fn refused(&self, headers: &[Header<'_>], required: &str) -> Option<(u16, Value)> {
        let named = headers.iter().map(|(name, value)| {
            (
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::try_from(*value).unwrap(),
            )
        });
        let mut all = HeaderMap::new();
        for (name, value) in named {
            all.append(name, value);
        }
        match admit(&self.service, &all, required).await {
            Ok(_) => None,
            Err(fault) => {
                // What the door refuses has its own body, also where a route speaks the other.
                let response = Shape::Legacy.answer(Err(fault));
                Some((response.status().as_u16(), body(response).await))
            }
        }
    }
}

async fn body(response: Response) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn row_4_3_the_door_refuses_with_401_and_says_which_access_it_wants() {
    let scene = Scene::new("https://as.example").await;
    let Signed {
        token,
        refresh_token,
    } = scene.sign_in(60).await;
    let (own, other) = ("auth.users.me.read", "auth.users.read");
    let (unknown, missing) = (
        "not_found_or_expired",
        "missing_permission_or_invalid_tenant",
    );
    let upper = token.to_uppercase();
    for (headers, required, expected) in [
        (&[x_auth_token(&token)][..], own, None),
        (&[("X-AUTH-TOKEN", &*token)], own, None),
        (&[x_auth_token(&token)], other, Some(missing)),
        (&[], own, Some(unknown)),
        (&[x_auth_token("")], own, Some(unknown)),
        (&[x_auth_token(NOBODYS)], own, Some(unknown)),
        (&[x_auth_token(&refresh_token)], own, Some(unknown)),
        (&[x_auth_token(&upper)], own, Some(unknown)),
        (
            &[x_auth_token(&token), x_auth_token(&token)],
            own,
            Some(unknown),
        ),
        (&[("authorization", &token)], own, Some(unknown)),
    ] {
        let refused = scene.refused(headers, required).await;
        let Some(reason) = expected else {
            assert_eq!(refused, None, "{headers:?}");
            continue;
        };
        let (status, told) = refused.unwrap();
        assert_eq!(status, 401, "{told}");
        assert!(told["timestamp"].is_f64(), "{told}");
        let expected = json!({
            "message": "Unauthorized",
            "error_id": "unauthorized",
            "details": { "invalid_token": null, "reason": reason, "required_access": required },
            "timestamp": told["timestamp"],
        });
        assert_eq!(told, expected, "{headers:?}");
    }
}

#[tokio::test]
async fn row_4_3_another_tenant_is_not_visible() {
    let scene = Scene::new("https://as.example").await;
    let token = scene.sign_in(60).await.token;
    let tenant = scene.service.provider.wazo().unwrap().tenant().to_string();
    let token = x_auth_token(&token);
    for headers in [
        &[token, wazo_tenant(&tenant)][..],
        &[token, wazo_tenant(&tenant.to_uppercase())],
        &[token, wazo_tenant("")],
    ] {
        assert_eq!(scene.refused(headers, "auth.users.me.read").await, None);
    }
    for headers in [
        &[token, wazo_tenant(NOBODYS)][..],
        &[token, wazo_tenant("x")],
        &[token, wazo_tenant(&tenant), wazo_tenant(NOBODYS)],
    ] {
        let (status, told) = scene.refused(headers, "auth.users.me.read").await.unwrap();
        assert_eq!(
            (status, &told["error_id"]),
            (401, &json!("unauthorized-tenant"))
        );
    }
    // Who is not let in at all does not learn which tenant there is.
    let told = scene.refused(&[wazo_tenant(NOBODYS)], "x").await.unwrap().1;
    assert_eq!(told["error_id"], "unauthorized");
}

#[tokio::test]
async fn a_path_that_is_too_long_to_be_meant_is_refused() {
    let scene = Scene::new("https://as.example").await;
    let token = scene.sign_in(60).await.token;
    let long = "x".repeat(5_000);
    let refused = scene.refused(&[("x-auth-token", &token)], &long).await;
    assert_eq!(refused.unwrap().0, 414);
}

#[tokio::test]
async fn row_4_1_the_last_second_is_part_of_the_life_of_a_token() {
    let scene = Scene::new("https://as.example").await;
    let token = scene.sign_in(60).await.token;
    let path = format!("/0.1/token/{token}");
    for (seconds, expected) in [(0, 204), (59, 204), (1, 204), (1, 404), (1_000, 404)] {
        scene.clock.advance(seconds);
        assert_eq!(
            scene.send("HEAD", &path).await.status(),
            expected,
            "{seconds}"
        );
        let headers = [x_auth_token(&token)];
        let refused = scene.refused(&headers, "auth.users.me.read").await;
        assert_eq!(refused.is_some(), expected == 404, "{seconds}");
    }
}

#[tokio::test]
async fn row_4_1_what_has_expired_is_swept_and_refresh_tokens_stay() {
    let scene = Scene::new("https://as.example").await;
    let signed = scene.sign_in(60).await;
    let wazo = || scene.service.provider.wazo().unwrap();
    scene.clock.advance(119);
    assert_eq!(scene.service.provider.sweep(100).await.unwrap(), 0);
    scene.clock.advance(2);
    assert!(scene.service.provider.sweep(100).await.unwrap() > 0);
    // Ten years later.
    scene.clock.advance(315_360_000);
    let request = SignIn {
        proof: Proof::RefreshToken {
            token: Secret::new(signed.refresh_token),
            app: "example".parse().unwrap(),
        },
        expiration: None,
        mobile: false,
        user_agent: String::new(),
    };
    let told = wazo().sign_in(request, Origin::default()).await.unwrap();
    assert_eq!(told.user.id, scene.user.id);
}

#[tokio::test]
async fn row_4_4_status_is_503_when_the_service_cannot_work() {
    let scene = Scene::new("https://as.example").await;
    for (seconds, expected) in [
        (0, StatusCode::OK),
        (-10_000, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        scene.clock.advance(seconds);
        for method in ["HEAD", "GET"] {
            let response = scene.send(method, "/0.1/status").await;
            assert_eq!(response.status(), expected, "{method}");
        }
    }
}

#[tokio::test]
async fn each_route_has_its_methods_below_both_mounts_and_the_issuer() {
    let scene = Scene::new("https://as.example/t").await;
    for mount in ["/t/0.1", "/t/api/auth/0.1"] {
        for (path, methods) in [
            ("/token", "POST"),
            ("/token/x", "GET, HEAD, DELETE"),
            ("/token/x/scopes/check", "POST"),
            ("/backends", "GET, HEAD"),
            ("/status", "GET, HEAD"),
        ] {
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
                let path = format!("{mount}{path}");
                let response = scene.send(method, &path).await;
                let refused = response.status() == StatusCode::METHOD_NOT_ALLOWED;
                let is_there = methods.split(", ").any(|one| one == method);
                assert_eq!(refused, !is_there, "{method} {path}");
                if refused {
                    assert_eq!(response.headers()["allow"], methods, "{method} {path}");
                }
            }
        }
    }
    for path in [
        "/0.1/status",
        "/t/0.1",
        "/t/0.2/status",
        "/t/auth/0.1/status",
    ] {
        assert_eq!(
            scene.send("GET", path).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}
