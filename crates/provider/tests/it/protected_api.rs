//! An API that checks tokens by `countersign-resource`, while the service under it changes its keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use countersign_core::{ClientSettings, KeyPurpose, SigningAlgorithm};
use countersign_provider::{JWKS_MAX_AGE, Provider};
use countersign_resource::{AccessToken, ProtectLayer, Validator};
use tokio::net::TcpListener;

use crate::assertions::ISSUER;
use crate::common::{Service, TestClient, settings};

const API: &str = "https://api.example";
const ES256: KeyPurpose = KeyPurpose::Signing(SigningAlgorithm::Es256);

/// The service as an API sees it: its keys, and how often it was asked for them.
struct Published {
    node: Arc<Provider>,
    fetched: AtomicU64,
}

async fn jwks(State(published): State<Arc<Published>>) -> impl IntoResponse {
    published.fetched.fetch_add(1, Ordering::SeqCst);
    let json = serde_json::to_string(&published.node.jwks()).unwrap();
    let max_age = format!("max-age={JWKS_MAX_AGE}");
    ([(header::CACHE_CONTROL, max_age)], json)
}

async fn who(token: AccessToken) -> String {
    token.client_id().unwrap_or_default().to_owned()
}

/// Serves `router` on a free port.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_t6_keys_rotate_under_load_and_no_request_fails() {
    const CALLERS: usize = 8;
    /// Seconds between two looks at the clock.
    const STEP: i64 = 15;
    let service = Service::new();
    let node = Arc::new(service.node().await);
    let api_client = ClientSettings {
        resources: vec![API.parse().unwrap()],
        ..settings()
    };
    let client = Arc::new(TestClient::add(&node, "worker", api_client).await);
    let published = Arc::new(Published {
        node: Arc::clone(&node),
        fetched: AtomicU64::new(0),
    });
    let keys = Router::new().route("/jwks", get(jwks));
    let issuer = serve(keys.with_state(Arc::clone(&published))).await;
    let validator = Validator::from_jwks_url(ISSUER, format!("{issuer}/jwks"), API)
        .clock(Arc::clone(&service.clock) as _)
        .build()
        .unwrap();
    let api = Router::new().route("/", get(who));
    let api = serve(api.layer(ProtectLayer::new(validator))).await;

    let (http, done) = (reqwest::Client::new(), Arc::new(AtomicBool::new(false)));
    let calling: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (node, client, http) = (Arc::clone(&node), Arc::clone(&client), http.clone());
            let (api, done) = (api.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut answered = 0_u64;
                while !done.load(Ordering::SeqCst) {
                    let token = client.token(&node).await.unwrap().access_token;
                    let answer = http.get(&api).bearer_auth(token).send().await.unwrap();
                    assert_eq!(answer.status(), 200, "{:?}", answer.headers());
                    assert_eq!(answer.text().await.unwrap(), "worker");
                    answered += 1;
                }
                answered
            })
        })
        .collect();

    let mut seconds = 0;
    let rotations = 3;
    for _ in 0..rotations {
        node.rotate_key(ES256).await.unwrap();
        // Announced, active, and its predecessor no longer used: two rounds of what others may keep the keys for.
        for _ in 0..(2 * (JWKS_MAX_AGE + 5) / STEP) {
            service.pass(&node, STEP).await;
            seconds += STEP;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    done.store(true, Ordering::SeqCst);
    let mut answered = 0;
    for calls in calling {
        answered += calls.await.unwrap();
    }
    let signing = node.jwks().keys.len();
    assert!(signing > rotations, "{signing} keys are published");
    // Once at the start, and once for each time that the keys were as old as they may get; and the API may have been told of
    // a key that was used before its keys had got that old.
    let expected = 2 + seconds / JWKS_MAX_AGE;
    let fetched = published.fetched.load(Ordering::SeqCst);
    assert!(
        i64::try_from(fetched).unwrap() <= expected,
        "{fetched} fetches in {seconds} seconds for {answered} requests"
    );
    assert!(answered >= 100, "{answered} requests are no load");
}
