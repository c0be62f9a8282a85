//! An API of axum, as its clients see it.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use axum::routing::{get as on_get, post};
use countersign_resource::{
    AccessToken, Claims, ProtectLayer, Refusal, ResourceMetadata, Scope, routes,
};
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt as _;

use crate::fixtures::{AUDIENCE, ISSUER, Issuer, get, header, text};

const METADATA: &str = "https://api.example/.well-known/oauth-protected-resource";

#[derive(Deserialize)]
struct Member {
    sub: String,
    scope: String,
    exp: i64,
    #[serde(default)]
    groups: Vec<String>,
}

async fn whoami(token: AccessToken) -> String {
    format!("{:?}", token.subject())
}

async fn member(Claims(member): Claims<Member>) -> String {
    let Member {
        sub,
        scope,
        exp,
        groups,
    } = member;
    format!("{sub} {scope} {exp} {groups:?}")
}

async fn delete_all(token: AccessToken) -> Result<StatusCode, Refusal> {
    token.require_scope(&scope("admin"))?;
    Ok(StatusCode::NO_CONTENT)
}

fn scope(text: &str) -> Scope {
    text.parse().expect("a scope")
}

fn metadata() -> ResourceMetadata {
    ResourceMetadata::new(AUDIENCE)
        .expect("a resource")
        .authorization_server(ISSUER)
        .scopes(scope("read write admin"))
}

fn api(issuer: &Issuer) -> Router {
    let protect = ProtectLayer::new(issuer.validator())
        .realm("accounts")
        .resource_metadata(metadata().well_known_url());
    let reading = protect.clone().require_scope(scope("read"));
    let writing = reading.clone().require_scope(scope("write"));
    Router::new()
        .route("/whoami", on_get(whoami).layer(protect.clone()))
        .route("/member", on_get(member).layer(reading))
        .route("/write", post(whoami).layer(writing))
        .route("/all", on_get(delete_all).layer(protect))
        .route("/open", on_get(whoami))
        .route("/open/member", on_get(member))
        .merge(routes(&metadata()))
}

async fn send(issuer: &Issuer, request: Request<Body>) -> Response<Body> {
    let response = api(issuer).oneshot(request).await;
    response.expect("axum always answers")
}

/// The challenge of the API with these attributes in the middle.
fn challenge(attributes: &str) -> String {
    format!(r#"Bearer realm="accounts"{attributes}, resource_metadata="{METADATA}""#)
}

#[tokio::test]
async fn rfc6750_05_to_10_what_is_answered_to_whom() {
    const INVALID: &str =
        r#", error="invalid_token", error_description="the access token is not valid here""#;
    const LACKS: &str = r#", error="insufficient_scope", error_description="the access token lacks a scope that is needed here""#;
    let issuer = Issuer::new();
    let bearer = |scope: &str| format!("Bearer {}", issuer.token(scope, &json!({})));
    let (read, nothing) = (bearer("read"), bearer(""));
    let forged = format!("Bearer {}", Issuer::new().token("read", &json!({})));
    let lacks = |scope: &str| Some(challenge(&format!(r#"{LACKS}, scope="{scope}""#)));
    let cases: [(&str, &[&str], u16, Option<String>); 12] = [
        ("/whoami", &[&nothing], 200, None),
        ("/whoami", &[], 401, Some(challenge(""))),
        ("/whoami", &["Basic YTpi"], 401, Some(challenge(""))),
        ("/whoami", &["Bearer x.y.z"], 401, Some(challenge(INVALID))),
        ("/whoami", &[&forged], 401, Some(challenge(INVALID))),
        (
            "/whoami",
            &[&read, &read],
            400,
            Some(challenge(
                r#", error="invalid_request", error_description="there is more than one Authorization header""#,
            )),
        ),
        ("/member", &[], 401, Some(challenge(r#", scope="read""#))),
        ("/member", &[&nothing], 403, lacks("read")),
        ("/member", &[&read], 200, None),
        // What the handler asks for, with the challenge of the API.
        ("/all", &[&read], 403, lacks("admin")),
        ("/all", &[&bearer("admin")], 204, None),
        // What has no layer is the fault of the API.
        ("/open", &[&read], 500, None),
    ];
    for (path, authorization, status, expected) in cases {
        let response = send(&issuer, get(path, authorization)).await;
        assert_eq!(response.status(), status, "{path} {authorization:?}");
        assert_eq!(header(&response, "www-authenticate"), expected, "{path}");
    }
}

#[tokio::test]
async fn scopes_of_a_route_add_up() {
    let issuer = Issuer::new();
    for (scope, status) in [
        ("read", 403),
        ("write", 403),
        ("write read", 200),
        ("admin", 403),
    ] {
        let mut request = get(
            "/write",
            &[&format!("Bearer {}", issuer.token(scope, &json!({})))],
        );
        *request.method_mut() = Method::POST;
        let response = send(&issuer, request).await;
        assert_eq!(response.status(), status, "{scope}");
    }
}

#[tokio::test]
async fn rfc6750_03_04_tokens_in_query_and_body_are_not_taken() {
    let issuer = Issuer::new();
    let token = issuer.token("read write", &json!({}));
    let query = get(&format!("/whoami?access_token={token}"), &[]);
    let body = Request::post("/write")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("access_token={token}")))
        .unwrap();
    for request in [query, body] {
        let response = send(&issuer, request).await;
        assert_eq!(response.status(), 401);
        let challenge = header(&response, "www-authenticate").unwrap();
        assert!(!challenge.contains("error"), "{challenge}");
    }
}

#[tokio::test]
async fn whoever_lacks_a_scope_is_told_of_all_of_them() {
    const LACKS: &str = r#", error="insufficient_scope", error_description="the access token lacks a scope that is needed here""#;
    let issuer = Issuer::new();
    // One scope is required by the judge, one by each of two layers, one by the handler.
    let judge = issuer.validator_builder().require_scope(scope("a"));
    let inner = ProtectLayer::new(judge.build().unwrap())
        .realm("inner")
        .require_scope(scope("b"));
    let outer = ProtectLayer::new(issuer.validator())
        .realm("accounts")
        .resource_metadata(metadata().well_known_url())
        .require_scope(scope("c"));
    let alone: Router = Router::new()
        .route("/", on_get(delete_all))
        .layer(inner.clone());
    let around = alone.clone().layer(outer);
    let judge = issuer.validator_builder().require_scope(scope("a"));
    let plain: Router = Router::new()
        .route("/", on_get(whoami))
        .layer(ProtectLayer::new(judge.build().unwrap()).realm("inner"));
    let alone_says = |attributes: &str| Some(format!(r#"Bearer realm="inner"{attributes}"#));
    let says = |attributes: &str| Some(challenge(attributes));
    let (a_b, with_admin) = (r#", scope="a b""#, r#", scope="admin a b""#);
    let rows = [
        (&plain, None, 401, alone_says(r#", scope="a""#)),
        (&alone, None, 401, alone_says(a_b)),
        (&alone, Some("x"), 403, alone_says(&format!("{LACKS}{a_b}"))),
        (&alone, Some("a"), 403, alone_says(&format!("{LACKS}{a_b}"))),
        (&alone, Some("b"), 403, alone_says(&format!("{LACKS}{a_b}"))),
        (
            &alone,
            Some("a b"),
            403,
            alone_says(&format!("{LACKS}{with_admin}")),
        ),
        (&alone, Some("a b admin"), 204, None),
        // The outermost speaks, with all that is known by then.
        (&around, None, 401, says(r#", scope="c""#)),
        (
            &around,
            Some("a b"),
            403,
            says(&format!(r#"{LACKS}, scope="c""#)),
        ),
        (
            &around,
            Some("c"),
            403,
            says(&format!(r#"{LACKS}, scope="a b c""#)),
        ),
        (
            &around,
            Some("a b c"),
            403,
            says(&format!(r#"{LACKS}, scope="admin a b c""#)),
        ),
        (&around, Some("a b c admin"), 204, None),
    ];
    for (app, has, status, expected) in rows {
        let bearer = has.map(|has| format!("Bearer {}", issuer.token(has, &json!({}))));
        let authorization: Vec<&str> = bearer.as_deref().into_iter().collect();
        let response = app.clone().oneshot(get("/", &authorization)).await.unwrap();
        assert_eq!(response.status(), status, "{has:?}");
        assert_eq!(header(&response, "www-authenticate"), expected, "{has:?}");
    }
}

#[tokio::test]
async fn rfc6750_08_a_token_ends() {
    let issuer = Issuer::new();
    let bearer = format!("Bearer {}", issuer.token("read", &json!({})));
    for (seconds, status) in [(0, 200), (609, 200), (1, 401)] {
        issuer.clock.advance(seconds);
        let response = send(&issuer, get("/whoami", &[&bearer])).await;
        assert_eq!(response.status(), status, "{seconds}");
    }
}

#[tokio::test]
async fn handlers_get_typed_claims() {
    let issuer = Issuer::new();
    let cases = [
        (
            json!({"groups": ["finance"]}),
            200,
            r#"alice read 1800000600 ["finance"]"#,
        ),
        (json!({}), 200, "alice read 1800000600 []"),
        (
            json!({"groups": "finance"}),
            401,
            r#"{"error":"invalid_token","error_description":"the access token is not valid here"}"#,
        ),
    ];
    for (claims, status, expected) in cases {
        let bearer = format!("Bearer {}", issuer.token("read", &claims));
        let response = send(&issuer, get("/member", &[&bearer])).await;
        assert_eq!(response.status(), status, "{expected}");
        let challenged = header(&response, "www-authenticate");
        assert_eq!(challenged.is_some(), status == 401);
        assert!(challenged.is_none_or(|text| text.contains("resource_metadata")));
        assert_eq!(text(response).await, expected);
    }
}

#[tokio::test]
async fn a_handler_without_a_layer_lets_nobody_in() {
    let issuer = Issuer::new();
    for path in ["/open", "/open/member"] {
        let response = send(&issuer, get(path, &[])).await;
        assert_eq!(response.status(), 500, "{path}");
        assert_eq!(text(response).await, "internal server error");
    }
}

#[tokio::test]
async fn nobody_is_let_in_while_nobody_can_judge() {
    let issuer = Issuer::new();
    let app = Router::new()
        .route("/", on_get(whoami))
        .layer(ProtectLayer::new(issuer.introspector()));
    let ask = async || {
        app.clone()
            .oneshot(get("/", &["Bearer opaque"]))
            .await
            .unwrap()
    };
    let response = ask().await;
    assert_eq!(response.status(), 503);
    assert_eq!(header(&response, "retry-after").as_deref(), Some("1"));
    assert_eq!(header(&response, "www-authenticate"), None);
    issuer.say_active();
    let response = ask().await;
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, r#"Some("bob")"#);
}

#[tokio::test]
async fn rfc9728_3_the_metadata_are_public() {
    let issuer = Issuer::new();
    let path = METADATA.strip_prefix(AUDIENCE).unwrap();
    let response = send(&issuer, get(path, &[])).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "content-type").as_deref(),
        Some("application/json")
    );
    let document: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(
        document,
        json!({
            "resource": AUDIENCE,
            "authorization_servers": [ISSUER],
            "scopes_supported": ["read", "write", "admin"],
            "bearer_methods_supported": ["header"],
        })
    );
}

#[tokio::test]
async fn metadata_have_a_route_whatever_the_path_of_the_resource() {
    for resource in [
        "https://api.example/v1",
        "https://api.example/:v/*x",
        "https://api.example/a%7Bb%7D/?c=d",
    ] {
        let metadata = ResourceMetadata::new(resource).unwrap();
        let url: http::Uri = metadata.well_known_url().parse().unwrap();
        let request = get(url.path_and_query().unwrap().as_str(), &[]);
        let app: Router = routes(&metadata);
        let response = app.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200, "{resource}");
    }
}
